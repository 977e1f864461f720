import { z } from "zod";
import { appendText, replaceAll } from "../../umi/core/block-edit.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";

const label = { type: "string", description: "Label of the memory block to change." };

/** `core_memory_append`: a line at the end of a block. */
export const coreMemoryAppend: BuiltinTool = defineTool({
  name: "core_memory_append",
  toolType: "letta_memory_core",
  description: "Add a line at the end of one of your memory blocks.",
  parameters: objectSchema(
    { label, content: { type: "string", description: "The text to add. It goes on a line of its own." } },
    ["label", "content"],
  ),
  arguments: z.object({ label: z.string(), content: z.string() }),
  changesPrompt: true,
  async run(args, { core }) {
    return (await core.edit(args.label, (block, at) => appendText(block, args.content, at))).value;
  },
});

/** `core_memory_replace`: every occurrence of a text in a block. */
export const coreMemoryReplace: BuiltinTool = defineTool({
  name: "core_memory_replace",
  toolType: "letta_memory_core",
  description:
    "Replace a text in one of your memory blocks, everywhere it occurs. An empty replacement removes the text.",
  parameters: objectSchema(
    {
      label,
      old_content: { type: "string", description: "The text to replace, exactly as it stands in the block." },
      new_content: { type: "string", description: "What to put in its place." },
    },
    ["label", "old_content", "new_content"],
  ),
  arguments: z.object({ label: z.string(), old_content: z.string(), new_content: z.string() }),
  changesPrompt: true,
  async run(args, { core }) {
    const replacement = { from: args.old_content, to: args.new_content };
    return (await core.edit(args.label, (block, at) => replaceAll(block, replacement, at))).value;
  },
});

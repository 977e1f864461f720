import { z } from "zod";
import { insertText, replaceOnce, rewriteValue } from "../../umi/core/block-edit.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";
import { wholeNumber } from "./arguments.ts";

const label = { type: "string", description: "Label of the memory block to change." };

const replaceDescription = `Replace one passage of a memory block. The tool for small, exact corrections.

\`old_string\` must occur exactly once: copy it as it stands, spaces and line breaks included, with as much around it as makes it unique. Keep it short; to reorganise a whole block, rewrite it instead. Line numbers that are shown beside a block are no part of it, so leave them out.

Examples:
    memory_replace(label="human", old_string="Lives in Lyon", new_string="Lives in Porto")
    memory_replace(label="todo", old_string="- [ ] Book the hall", new_string="- [x] Book the hall")
    memory_replace(label="human", old_string="Allergic to nuts\\n", new_string="")
        Removes the line.

Returns the new value of the block.`;

const insertDescription = `Insert text into a memory block without touching what is there.

Examples:
    memory_insert(label="human", new_string="Plays the cello")
        Adds a line at the end.
    memory_insert(label="human", new_string="Prefers to be called Sam", insert_line=0)
        Adds a line at the top.

Returns the new value of the block.`;

/** `memory_replace`: a text that occurs exactly once. */
export const memoryReplace: BuiltinTool = defineTool({
  name: "memory_replace",
  toolType: "letta_sleeptime_core",
  description: replaceDescription,
  parameters: objectSchema(
    {
      label,
      old_string: { type: "string", description: "The text to replace, exactly as it stands in the block." },
      new_string: { type: "string", description: "What to put in its place, without line numbers. May be empty." },
    },
    ["label", "old_string", "new_string"],
  ),
  arguments: z.object({ label: z.string(), old_string: z.string(), new_string: z.string() }),
  changesPrompt: true,
  async run(args, { core }) {
    const replacement = { from: args.old_string, to: args.new_string };
    return (await core.edit(args.label, (block, at) => replaceOnce(block, replacement, at))).value;
  },
});

/** `memory_insert`: text after a line. */
export const memoryInsert: BuiltinTool = defineTool({
  name: "memory_insert",
  toolType: "letta_sleeptime_core",
  description: insertDescription,
  parameters: objectSchema(
    {
      label,
      new_string: { type: "string", description: "The text to insert, without line numbers." },
      insert_line: {
        type: "integer",
        description: "The line after which to insert; 0 is the top. Default: -1, the end.",
      },
    },
    ["label", "new_string"],
  ),
  arguments: z.object({ label: z.string(), new_string: z.string(), insert_line: wholeNumber.nullish() }),
  changesPrompt: true,
  async run(args, { core }) {
    const insertion = { text: args.new_string, line: args.insert_line ?? -1 };
    return (await core.edit(args.label, (block, at) => insertText(block, insertion, at))).value;
  },
});

/** `memory_rethink`: a whole block written anew. */
export const memoryRethink: BuiltinTool = defineTool({
  name: "memory_rethink",
  toolType: "letta_sleeptime_core",
  description:
    "Write a memory block anew from beginning to end. Use it to condense, reorder or merge what the block says; for one line, replace or insert is safer, since everything you do not repeat here is gone.",
  parameters: objectSchema(
    {
      label,
      new_memory: {
        type: "string",
        description: "The complete new text: all that still holds of the old one, and what you have learned since.",
      },
    },
    ["label", "new_memory"],
  ),
  arguments: z.object({ label: z.string(), new_memory: z.string() }),
  changesPrompt: true,
  async run(args, { core }) {
    return (await core.edit(args.label, (block, at) => rewriteValue(block, args.new_memory, at))).value;
  },
});

/** `memory_finish_edits`: how an agent that only tends memory says that it is done. */
export const memoryFinishEdits: BuiltinTool = defineTool({
  name: "memory_finish_edits",
  toolType: "letta_sleeptime_core",
  description: "Say that you are done: call it once, when everything new has found its place in the memory blocks.",
  parameters: objectSchema({}, []),
  arguments: z.object({}),
  run: () => Promise.resolve("None"),
});

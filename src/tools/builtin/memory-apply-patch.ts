import { z } from "zod";
import { unreachable } from "../../core/assert.ts";
import type { Instant } from "../../core/clock.ts";
import type { Block } from "../../umi/core/block.ts";
import { editValue, refuseReadOnly } from "../../umi/core/block-edit.ts";
import { labelTaken, noSuchBlock } from "../../umi/core/core-blocks.ts";
import { type BuiltinTool, defineTool, objectSchema, type ToolContext } from "../builtin.ts";
import { relabelled } from "./agent-block.ts";
import { applyHunks, isMultiBlock, type PatchAction, parseActions, parseHunks } from "./memory-patch.ts";

const description = `Change one or several memory blocks with a patch, all of it or nothing.

One block: give its \`label\` and a diff. Lines begin with a space (kept, used to find the place), \`-\` (removed) or \`+\` (added); \`@@\` parts the places. The kept and removed lines of a place must match the block exactly and occur once. Lines that are only added go to the end.

Several blocks: leave \`label\` empty and head each part:
    *** Add Block: travel
    Description: Where the person goes
    +Rome in May
    *** Update Block: human
    -Lives in Lyon
    +Lives in Porto
    *** Move to: person
        Renames the block that was named last.
    *** Delete Block: scratch

Never repeat line numbers that are shown beside a block.`;

/** `memory_apply_patch`: a diff of one block, or a patch over several. */
export const memoryApplyPatch: BuiltinTool = defineTool({
  name: "memory_apply_patch",
  toolType: "letta_memory_core",
  description,
  parameters: objectSchema(
    {
      label: {
        type: "string",
        description: "Label of the block that the diff is for; empty when the patch has headers.",
      },
      patch: { type: "string", description: "The diff, or the patch with its `***` headers." },
    },
    ["label", "patch"],
  ),
  arguments: z.object({ label: z.string(), patch: z.string() }),
  changesPrompt: true,
  async run({ label, patch }, context) {
    if (isMultiBlock(patch)) return applyActions(context, parseActions(patch));
    const edited = (block: Block, at: Instant) => editValue(block, applyHunks(block.value, parseHunks(patch)), at);
    return (await context.core.edit(label, edited)).value;
  },
});

/** One change, thought through and ready to be stored. */
type Change =
  | { readonly type: "add"; readonly block: Block; readonly line: string }
  | { readonly type: "save"; readonly block: Block; readonly line: string }
  | { readonly type: "detach"; readonly block: Block; readonly line: string };

/** Plans everything before it stores anything: a patch that fails half-way must leave no trace. */
async function applyActions(context: ToolContext, actions: readonly PatchAction[]): Promise<string> {
  const { core } = context;
  const attached = await core.list();
  const blocks = new Map(attached.map((block) => [block.label, block]));
  const changes: Change[] = [];
  for (const action of actions) changes.push(await plan(context, blocks, action));
  for (const { type, block } of changes) {
    if (type === "add") await core.add(block);
    else if (type === "save") await core.save(block);
    else await core.remove(block.label);
  }
  return changes.map(({ line }) => line).join("\n");
}

async function plan(context: ToolContext, blocks: Map<string, Block>, action: PatchAction): Promise<Change> {
  if (action.type === "add") {
    if (blocks.has(action.label)) throw labelTaken(action.label);
    const block = context.core.draft(action);
    blocks.set(block.label, block);
    return { type: "add", block, line: `Added block \`${block.label}\`` };
  }
  const block = blocks.get(action.label);
  if (block === undefined) throw noSuchBlock(action.label, [...blocks.values()]);
  switch (action.type) {
    case "delete":
      refuseReadOnly(block);
      blocks.delete(block.label);
      return { type: "detach", block, line: `Deleted block \`${block.label}\`` };
    case "update": {
      const updated = editValue(block, applyHunks(block.value, action.hunks), context.clock.now());
      blocks.set(block.label, updated);
      return { type: "save", block: updated, line: `Updated block \`${block.label}\`` };
    }
    case "move": {
      if (blocks.has(action.newLabel)) throw labelTaken(action.newLabel);
      const renamed = await relabelled(context, block, action.newLabel);
      blocks.delete(block.label);
      blocks.set(renamed.label, renamed);
      return { type: "save", block: renamed, line: `Renamed block \`${block.label}\` to \`${renamed.label}\`` };
    }
    default:
      return unreachable(action);
  }
}

import { Failure } from "../../core/failure.ts";
import { charCount, cut, wellFormed } from "../../core/text.ts";
import type { Block } from "../../umi/core/block.ts";
import { editValue, refuseShownLineNumbers, relabel } from "../../umi/core/block-edit.ts";
import { newBlock } from "../../umi/core/new-block.ts";
import type { ToolContext } from "../builtin.ts";

/** The longest label an agent may give to a block. */
export const LABEL_CHARS_MAX = 100;
/** Labels that an error lists. */
const LABELS_LISTED_MAX = 50;

/** What an agent says of a block that it wants. */
export interface BlockDraft {
  readonly label: string;
  readonly description: string | null;
  readonly value: string;
}

/** The agent's block with this label; the Failure otherwise names those it has. */
export async function requireBlock({ agentId, blocks }: ToolContext, label: string): Promise<Block> {
  const block = await blocks.findForAgent(agentId, label);
  if (block === undefined) throw noSuchBlock(label, await blocks.listForAgent(agentId));
  return block;
}

/** The Failure that tells a model which labels it may use. */
export function noSuchBlock(label: string, blocks: readonly Block[]): Failure {
  const labels = blocks.slice(0, LABELS_LISTED_MAX).map((block) => `\`${block.label}\``);
  const known = labels.length === 0 ? "You have no memory blocks" : `Your blocks: ${labels.join(", ")}`;
  return new Failure("not_found", `No memory block is labelled \`${cut(label, LABEL_CHARS_MAX)}\`. ${known}`);
}

/** Stores an edited block in the name of the agent's user and returns its value. */
export async function saveBlock({ blocks, userId }: ToolContext, block: Block): Promise<string> {
  await blocks.save({ ...block, lastUpdatedById: userId });
  return block.value;
}

/** A new block of that label, not stored yet, within the default limit. */
export function draftBlock({ random, clock, userId }: ToolContext, draft: BlockDraft): Block {
  refuseShownLineNumbers(draft.value);
  const description = draft.description === null ? null : wellFormed(draft.description);
  const empty: Block = {
    ...newBlock({ random, clock }, { userId }, { label: checkedLabel(draft.label) }),
    description,
  };
  return { ...editValue(empty, draft.value, empty.createdAt), version: 1 };
}

/** Stores a new block and attaches it to the agent. */
export async function addBlock({ agentId, blocks }: ToolContext, block: Block): Promise<void> {
  await blocks.insert(block);
  await blocks.attach(agentId, block);
}

/**
 * The block under a new label; refused when another agent that shares it has another block of that label. Whether
 * the label is free for the agent itself is for the caller to know.
 */
export async function relabelled(context: ToolContext, block: Block, label: string): Promise<Block> {
  const renamed = relabel(block, { label: checkedLabel(label) }, context.clock.now());
  for (const agentId of await context.blocks.agentsOf(block.id)) {
    if (agentId === context.agentId) continue;
    const holder = await context.blocks.findForAgent(agentId, label);
    if (holder !== undefined && holder.id !== block.id)
      throw new Failure("conflict", `An agent that shares this block has another one labelled \`${label}\``);
  }
  return renamed;
}

/** The Failure for a label that is in use. */
export function labelTaken(label: string): Failure {
  return new Failure("conflict", `There is a memory block labelled \`${label}\` already; choose another label`);
}

/** The label, if it can stand as the name of a tag in the prompt. */
function checkedLabel(label: string): string {
  if (label.trim() === "" || charCount(label) > LABEL_CHARS_MAX || /[<>\p{C}\p{Zl}\p{Zp}]/u.test(label))
    throw new Failure(
      "refused",
      `A label has 1 to ${LABEL_CHARS_MAX} characters, on one line, without \`<\` and \`>\`; got \`${cut(label, LABEL_CHARS_MAX)}\``,
    );
  return label;
}

import { Failure } from "../../core/failure.ts";
import type { Block } from "../../umi/core/block.ts";
import { relabel } from "../../umi/core/block-edit.ts";
import { checkedLabel } from "../../umi/core/core-blocks.ts";
import type { ToolContext } from "../builtin.ts";

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

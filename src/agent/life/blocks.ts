import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import type { AgentId, BlockId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import { type BlockChange, type BlockDraft, changedBlock, looksDifferent, newBlock } from "../../umi/core/new-block.ts";
import type { Agent } from "../agent.ts";
import { mustFind, mustSee, required } from "../find.ts";
import { companionsOf } from "../group.ts";
import type { Readers } from "../ports/ports.ts";
import { agentsShowing, recompileAgents } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { type LinkAction, saveEdited } from "./edited-agent.ts";

/** A block by its label in an agent. */
export interface LabelledBlock {
  readonly agentId: AgentId;
  readonly label: string;
}

/** Makes a block that no agent has yet. */
export async function createBlock(workshop: AgentWorkshop, caller: Caller, draft: BlockDraft): Promise<Block> {
  const actor = mayEverywhere(caller, "memory:write");
  const block = newBlock(workshop, actor, draft);
  await workshop.store.write(actor, ({ blocks }) => blocks.insert(block));
  return block;
}

/** Changes a block; when models see the difference, the prompts of all agents that share it are compiled again. */
export async function changeBlock(
  workshop: AgentWorkshop,
  caller: Caller,
  { which, change }: { readonly which: BlockId | LabelledBlock; readonly change: BlockChange },
): Promise<Block> {
  const actor = may(caller, "memory:write", typeof which === "string" ? {} : which);
  if (typeof which === "string") await mustSee(workshop.store, actor, ({ blocks }) => mustFind(blocks, which));
  return workshop.store.write(actor, async (repositories) => {
    const { blocks } = repositories;
    const block = typeof which === "string" ? await mustFind(blocks, which) : await labelledBlock(repositories, which);
    const changed = changedBlock(block, change, { actor, clock: workshop.clock });
    await blocks.save(changed);
    if (looksDifferent(block, changed)) {
      const agentIds = await agentsShowing(repositories, { blockIds: [block.id] });
      await recompileAgents(repositories, agentIds, workshop);
    }
    return changed;
  });
}

/** Removes a block from every agent and from the store. */
export async function deleteBlock(workshop: AgentWorkshop, caller: Caller, id: BlockId): Promise<void> {
  const actor = may(caller, "memory:forget");
  await mustSee(workshop.store, actor, ({ blocks }) => mustFind(blocks, id));
  await workshop.store.write(actor, async (repositories) => {
    await mustFind(repositories.blocks, id);
    const agentIds = await agentsShowing(repositories, { blockIds: [id] });
    await repositories.blocks.remove(id);
    await recompileAgents(repositories, agentIds, workshop);
  });
}

/** Gives a block to an agent and those that look after its memory, or takes it away from them. */
export async function linkBlock(
  workshop: AgentWorkshop,
  caller: Caller,
  { action, agentId, blockId }: { readonly action: LinkAction; readonly agentId: AgentId; readonly blockId: BlockId },
): Promise<Agent> {
  const actor = may(caller, "agents:write", { agentId });
  await mustSee(workshop.store, actor, ({ blocks }) => mustFind(blocks, blockId));
  return workshop.store.write(actor, async (repositories) => {
    const { agents, blocks } = repositories;
    const agent = await mustFind(agents, agentId);
    const block = await mustFind(blocks, blockId);
    const affected = [agentId, ...(await companionsOf(repositories, agentId))];
    for (const id of affected) {
      if (action === "detach") await blocks.detach(id, blockId);
      // A companion may have a block of that label for itself.
      else if (id === agentId || (await blocks.findForAgent(id, block.label)) === undefined)
        await blocks.attach(id, block);
    }
    const edited = await saveEdited(repositories, agent, { actor, clock: workshop.clock });
    await recompileAgents(repositories, affected, workshop);
    return edited;
  });
}

/** The block of that label, or a `not_found` Failure. */
export async function labelledBlock(
  { agents, blocks }: Pick<Readers, "agents" | "blocks">,
  { agentId, label }: LabelledBlock,
): Promise<Block> {
  await mustFind(agents, agentId);
  const block = await blocks.findForAgent(agentId, label);
  return required(block, `No block with label '${label}' found for agent '${agentId}'`);
}

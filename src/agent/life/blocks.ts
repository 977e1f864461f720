import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, BlockId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockCause, BlockVersion, VersionPage } from "../../umi/core/block-version.ts";
import { type BlockChange, type BlockDraft, changedBlock, looksDifferent, newBlock } from "../../umi/core/new-block.ts";
import type { Agent } from "../agent.ts";
import { mustFind, mustSee, required } from "../find.ts";
import { companionsOf } from "../group.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
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
    await saveChanged(workshop, repositories, { block, changed });
    return changed;
  });
}

/** A page of what the block held, the present included. Throws a `not_found` Failure when there is no such block. */
export async function listBlockVersions(
  { store }: Pick<AgentWorkshop, "store">,
  caller: Caller,
  { id, page }: { readonly id: BlockId; readonly page: VersionPage },
): Promise<readonly BlockVersion[]> {
  const { blocks } = store.reader(may(caller, "agents:read"));
  await mustFind(blocks, id);
  return blocks.versions(id, page);
}

/** Which version of a block somebody wants back. */
export interface BlockUndo {
  readonly id: BlockId;
  /** The version whose content is wanted; when absent, what the block held before its last change that was no undo. */
  readonly version?: number;
  /** The version that the block must have for that, as its caller saw it. */
  readonly expectedVersion?: number;
}

/**
 * Gives a block the content of an earlier version, as a new version: nothing is rewritten, and an undo can be undone.
 * Undone several times in a row, it goes back step by step. Throws a `conflict` Failure when the block has another version
 * than expected by now, and when there is nothing to go back to; `not_found` when the named version is not kept.
 */
export async function undoBlock(workshop: AgentWorkshop, caller: Caller, undo: BlockUndo): Promise<Block> {
  const actor = may(caller, "memory:write");
  await mustSee(workshop.store, actor, ({ blocks }) => mustFind(blocks, undo.id));
  return workshop.store.write(actor, async (repositories) => {
    const block = await mustFind(repositories.blocks, undo.id);
    const { expectedVersion = block.version } = undo;
    if (expectedVersion !== block.version)
      throw new Failure("conflict", `Block ${block.id} has version ${block.version} by now, not ${expectedVersion}`);
    const { label, value, limit, description, ...wanted } = await wantedVersion(repositories, block, undo);
    const changed = changedBlock(block, { label, value, limit, description }, { actor, clock: workshop.clock });
    // Where that was an undo itself, the way back goes on from what it brought back.
    const cause = { restoredVersion: wanted.restoredVersion ?? wanted.version };
    await saveChanged(workshop, repositories, { block, changed, cause });
    return changed;
  });
}

async function wantedVersion(
  { blocks }: Pick<Readers, "blocks">,
  { id, version: current }: Block,
  { version }: BlockUndo,
): Promise<BlockVersion> {
  const oldest = (await blocks.versions(id, { limit: 1, order: "asc" }))[0]?.version ?? current;
  if (version !== undefined) {
    const [found] = await blocks.findVersions([[id, version]]);
    return required(found, `Block ${id} has no version ${version}; those from ${oldest} to ${current} are kept`);
  }
  const [now] = await blocks.findVersions([[id, current]]);
  const from = now?.restoredVersion ?? current;
  const [before] = await blocks.versions(id, { limit: 1, order: "desc", after: from });
  if (before === undefined)
    throw new Failure("conflict", `Nothing is kept of what block ${id} held before version ${from}`);
  return before;
}

async function saveChanged(
  workshop: AgentWorkshop,
  repositories: Repositories,
  { block, changed, cause }: { readonly block: Block; readonly changed: Block; readonly cause?: BlockCause },
): Promise<void> {
  await repositories.blocks.save(changed, cause);
  if (!looksDifferent(block, changed)) return;
  const agentIds = await agentsShowing(repositories, { blockIds: [block.id] });
  await recompileAgents(repositories, agentIds, workshop);
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

import { type Caller, mayEverywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, type BlockId, type GroupId, newId } from "../../core/id.ts";
import { mustFind } from "../find.ts";
import { changedGroup, type Group, type GroupChange, type GroupDraft, newGroup } from "../group.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { recompileAgents } from "../prompt/recompile.ts";
import { TURNS_MAX } from "../round.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import type { LinkAction } from "./edited-agent.ts";

/** Makes a group of agents that exist, and gives them its blocks. */
export async function createGroup(workshop: AgentWorkshop, caller: Caller, draft: GroupDraft): Promise<Group> {
  const actor = mayEverywhere(caller, "agents:write");
  const group = newGroup(newId("group", workshop.random), workshop.clock.now(), draft);
  await workshop.store.write(actor, async (repositories) => {
    await checkMembers(repositories, group);
    await repositories.groups.insert(group);
    await shareBlocks(workshop, repositories, group);
  });
  return group;
}

/** Changes a group. Its agents get its blocks when those are named. */
export async function changeGroup(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, change }: { readonly id: GroupId; readonly change: GroupChange },
): Promise<Group> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const changed = changedGroup(await mustFind(repositories.groups, id), change);
    await checkMembers(repositories, changed);
    await repositories.groups.save(changed);
    if (change.sharedBlockIds !== undefined) await shareBlocks(workshop, repositories, changed);
    return changed;
  });
}

/** Removes a group; its agents stay. */
export async function deleteGroup({ store }: AgentWorkshop, caller: Caller, id: GroupId): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, ({ groups }) => groups.remove(id));
}

/** Empties what a group said to each other; its agents keep their messages. */
export async function emptyGroup({ store }: AgentWorkshop, caller: Caller, id: GroupId): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, async ({ groups }) => {
    await mustFind(groups, id);
    await groups.resetMessages(id);
  });
}

/** Makes a group call a block its own, or no longer. As in Letta, its agents get it only when the group is made or changed. */
export async function linkGroupBlock(
  { store }: AgentWorkshop,
  caller: Caller,
  { action, id, blockId }: { readonly action: LinkAction; readonly id: GroupId; readonly blockId: BlockId },
): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, async ({ groups, blocks }) => {
    const group = await mustFind(groups, id);
    await mustFind(blocks, blockId);
    const others = group.sharedBlockIds.filter((one) => one !== blockId);
    await groups.save({ ...group, sharedBlockIds: action === "attach" ? [...others, blockId] : others });
  });
}

/** Throws a `not_found` Failure when the group names an agent or a block that does not exist. */
async function checkMembers({ agents, blocks }: Readers, group: Group): Promise<void> {
  checkLead(group);
  for (const id of membersOf(group)) await mustFind(agents, id);
  for (const id of group.sharedBlockIds) await mustFind(blocks, id);
}

/** Throws a `refused` Failure where one agent would lead itself, or a round would have more turns than any may have. */
function checkLead({ managerType, managerAgentId, agentIds, maxTurns }: Group): void {
  const isLed = managerType === "supervisor" || managerType === "dynamic";
  if (isLed && managerAgentId !== null && agentIds.includes(managerAgentId))
    throw new Failure("refused", `Agent ${managerAgentId} manages the group and cannot be one of its agent_ids too`);
  if ((maxTurns ?? 0) > TURNS_MAX)
    throw new Failure("refused", `max_turns must be ${TURNS_MAX} at most, got ${maxTurns}`);
}

/** Attaches the group's blocks to its agents. */
async function shareBlocks(workshop: AgentWorkshop, repositories: Repositories, group: Group): Promise<void> {
  if (group.sharedBlockIds.length === 0) return;
  for (const blockId of group.sharedBlockIds) {
    const block = await mustFind(repositories.blocks, blockId);
    for (const agentId of membersOf(group)) await repositories.blocks.attach(agentId, block);
  }
  await recompileAgents(repositories, membersOf(group), workshop);
}

function membersOf({ managerAgentId, agentIds }: Group): readonly AgentId[] {
  return managerAgentId === null ? agentIds : [...agentIds, managerAgentId];
}

import { type Caller, may } from "../../access/may.ts";
import { mustFind } from "../../agent/find.ts";
import type { Group } from "../../agent/group.ts";
import type { Readers, Store } from "../../agent/ports/ports.ts";
import { PARTICIPANTS_MAX, type RoundPart, roundMetadata, turnsOf } from "../../agent/round.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, GroupId } from "../../core/id.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { TurnRequest } from "../step/run-setup.ts";
import { openingInput } from "./round-words.ts";

/** What is said to a group. */
export interface GroupMessage extends Pick<TurnRequest, "input" | "options" | "background" | "metadata"> {
  readonly groupId: GroupId;
}

/** Who acts first in a round, and as what; null where a message to the group is one to an agent. */
interface First {
  readonly agentId: AgentId;
  readonly part: RoundPart | null;
}

/**
 * The request that begins a round of a group with what a person says: that of the first run, of which the others come.
 * Throws a `refused` Failure where the group cannot be talked to, and what `may` throws where one of its agents is beyond
 * the caller.
 */
export async function roundRequest(
  { store }: { readonly store: Store },
  caller: Caller,
  { groupId, input, options, background, metadata }: GroupMessage,
): Promise<TurnRequest> {
  const repositories = store.reader(may(caller, "agents:talk"));
  const group = await mustFind(repositories.groups, groupId);
  if (input.approvals.length > 0)
    throw new Failure("refused", "A group takes messages; answers to a request go to the agent that asks");
  const { agentId, part } = firstOf(group);
  await checkReach(repositories, caller, group);
  const target = { agentId, conversationId: null, options, background };
  if (part === null) {
    const messages = input.messages.map((message) => ({ ...message, groupId }));
    return { ...target, metadata, input: { ...input, messages } };
  }
  return {
    ...target,
    metadata: roundMetadata({ groupId, part, turn: 0, turns: turnsOf(group) }),
    input: await openingInput({ repositories, group, agentId }, input.messages, part),
  };
}

function firstOf(group: Group): First {
  const { id, managerType, managerAgentId, agentIds } = group;
  const [first] = agentIds;
  if (managerType === "swarm") throw new Failure("refused", `Groups of the type 'swarm' do nothing, here as in Letta`);
  if (first === undefined) throw new Failure("refused", `The group ${id} has no agents; add some to its agent_ids`);
  if (agentIds.length > PARTICIPANTS_MAX)
    throw new Failure("refused", `The group ${id} has ${agentIds.length} agents, of ${PARTICIPANTS_MAX} at most`);
  if (managerType === "round_robin") return { agentId: first, part: "group_turn" };
  if (managerAgentId === null)
    throw new Failure("refused", `The group ${id} has nobody who manages it; name one in its manager_config`);
  if (managerType === "sleeptime" || managerType === "voice_sleeptime") return { agentId: managerAgentId, part: null };
  if (agentIds.includes(managerAgentId)) throw ledByItself(managerAgentId);
  return { agentId: managerAgentId, part: managerType === "supervisor" ? "group_lead" : "group_choice" };
}

function ledByItself(id: AgentId): Failure {
  return new Failure("refused", `Agent ${id} manages the group and cannot be one of its agent_ids too`);
}

/** A round reaches each of the group's agents, and so must whoever begins it. */
async function checkReach({ agents }: Pick<Readers, "agents">, caller: Caller, group: Group): Promise<void> {
  if (caller.agentIds === null && caller.models === null) return;
  for (const agentId of group.agentIds) {
    may(caller, "agents:talk", { agentId });
    const agent = await mustFind(agents, agentId);
    may(caller, "agents:talk", { agentId, model: askedHandle(agent.llmConfig) });
  }
}

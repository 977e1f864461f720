import type { Group } from "../../agent/group.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { type RoundEnd, type RoundPlace, roundMetadata, roundOf } from "../../agent/round.ts";
import type { Run } from "../../agent/run.ts";
import { spokenText } from "../../agent/spoken.ts";
import { type AgentId, newId, parseId } from "../../core/id.ts";
import { producedOf, RESUMED } from "../step/run-rows.ts";
import { optionsOf, queuedRun } from "../step/run-state.ts";
import type { Turn } from "../step/turn-state.ts";
import { RUNS_MAX } from "./chain.ts";
import { heardInput } from "./round-words.ts";

/** What the next run of a round is made with. */
export type RoundDesk = Pick<Turn, "clock" | "random">;

/** A run that has come to its end, and what of that nobody reads from its row. */
export interface EndedTurn {
  readonly run: Run;
  /** What its last tool answered. */
  readonly lastAnswer: string | null;
  /** Whether it was cancelled, though it may have been over by then. */
  readonly isCancelled: boolean;
}

/** Who acts next in a round, or why nobody does. */
type Next = (Omit<RoundPlace, "groupId"> & { readonly agentId: AgentId }) | { readonly end: RoundEnd };

/**
 * Goes on with the round of a run whose end is being stored: the run of whoever acts next is queued in the same
 * transaction, with what it is told, so that no crash lets a round end in silence or somebody speak twice. Gives why the
 * round is over; null where it is not, and of a run that is in none or failed, which tells why by itself.
 */
export async function goOn(desk: RoundDesk, ended: EndedTurn, repositories: Repositories): Promise<RoundEnd | null> {
  const { run } = ended;
  const place = roundOf(run);
  if (place === undefined || place.part === "group_answer" || run.status !== "completed") return null;
  if (run.stopReason === "requires_approval") return "requires_approval";
  if (ended.isCancelled) return "cancelled";
  const group = await repositories.groups.find(place.groupId);
  if (group === undefined) return "group_deleted";
  return queueNext(desk, { run, group, next: await nextOf(repositories, { ended, place, group }) }, repositories);
}

/**
 * Goes on with the round of a run that is about to go with its agent: whoever comes next has the turn. In the transaction
 * that deletes the agent, and before it is gone.
 */
export async function passTurn(desk: RoundDesk, run: Run, repositories: Repositories): Promise<void> {
  const place = roundOf(run);
  const group = place && (await repositories.groups.find(place.groupId));
  // A group goes with who leads it.
  if (place?.part !== "group_turn" || group === undefined || group.managerAgentId === run.agentId) return;
  const agentIds = group.agentIds.filter((id) => id !== run.agentId);
  const next = afterTurn({ ...group, agentIds }, place, speakerAfter(group, run.agentId));
  await queueNext(desk, { run, group: { ...group, agentIds }, next }, repositories);
}

/** Who acts next after a run that came to its own end. */
async function nextOf(
  repositories: Repositories,
  { ended, place, group }: { readonly ended: EndedTurn; readonly place: RoundPlace; readonly group: Group },
): Promise<Next> {
  const { run, lastAnswer } = ended;
  if (place.part === "group_lead") return { end: "answered" };
  if (place.part === "group_turn") {
    const isOver = group.terminationToken !== null && group.managerType === "dynamic";
    if (isOver && (await wordsOf(repositories, run)).includes(group.terminationToken))
      return { end: "termination_token" };
    return afterTurn(group, place, speakerAfter(group, run.agentId));
  }
  const chosen = parseId("agent", lastAnswer ?? "") ?? (await namedIn(repositories, run, group));
  if (chosen === undefined || !group.agentIds.includes(chosen)) return { end: "no_speaker" };
  return { ...place, agentId: chosen, part: "group_turn" };
}

/** Who acts after somebody has spoken, or would have: the one that comes behind, or who chooses. */
function afterTurn(group: Group, place: RoundPlace, speaker: AgentId | undefined): Next {
  const { turns } = place;
  const turn = place.turn + 1;
  if (group.agentIds.length === 0) return { end: "no_agents" };
  if (turn >= turns) return { end: "max_turns" };
  const isChosen = group.managerType === "dynamic";
  const agentId = isChosen ? group.managerAgentId : (speaker ?? group.agentIds[turn % group.agentIds.length] ?? null);
  return agentId === null
    ? { end: "no_agents" }
    : { agentId, part: isChosen ? "group_choice" : "group_turn", turn, turns };
}

/** The agent behind this one in the group; undefined where it is in it no more. */
function speakerAfter({ agentIds }: Group, agentId: AgentId): AgentId | undefined {
  const at = agentIds.indexOf(agentId);
  return at < 0 ? undefined : agentIds[(at + 1) % agentIds.length];
}

/** The only agent of the group that a manager names who was to choose by tool and spoke instead. */
async function namedIn(repositories: Repositories, run: Run, { agentIds }: Group): Promise<AgentId | undefined> {
  const words = (await wordsOf(repositories, run)).toLowerCase();
  const named: AgentId[] = [];
  for (const id of agentIds) {
    const agent = await repositories.agents.find(id);
    if (agent !== undefined && (words.includes(id) || words.includes(agent.name.toLowerCase()))) named.push(id);
  }
  return named.length === 1 ? named[0] : undefined;
}

async function wordsOf({ messages }: Repositories, { id, agentId }: Run): Promise<string> {
  const rows = await messages.list({ agentId, runId: id }, RESUMED);
  return producedOf(rows).map(spokenText).join("\n");
}

/** Stores the run of whoever acts next, to begin as soon as that agent is free. */
async function queueNext(
  { clock, random }: RoundDesk,
  { run, group, next }: { readonly run: Run; readonly group: Group; readonly next: Next },
  repositories: Repositories,
): Promise<RoundEnd | null> {
  if ("end" in next) return next.end;
  const { agentId, part, turn, turns } = next;
  const options = optionsOf(run);
  const within = options.reach?.agentIds ?? null;
  if (within !== null && !within.includes(agentId)) return "out_of_reach";
  const rootRunId = run.rootRunId ?? run.id;
  if ((await repositories.runs.countOfRoot(rootRunId, RUNS_MAX)) >= RUNS_MAX) return "too_many_runs";
  const speaker = part === "group_choice" ? { last_speaker_id: run.agentId } : {};
  const metadata = { ...roundMetadata({ groupId: group.id, part, turn, turns }), ...speaker };
  const id = newId("run", random);
  const queued = queuedRun(id, clock.now(), { agentId, options, background: run.background, metadata });
  // All of a round are as far from its beginning as one agent is from another.
  await repositories.runs.insert({ ...queued, parentRunId: run.id, rootRunId, depth: Math.max(1, run.depth) });
  const hearing = { repositories, group, agentId };
  await repositories.runs.setQueuedInput(id, await heardInput(hearing, part));
  return null;
}

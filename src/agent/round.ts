import { type GroupId, parseId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Group } from "./group.ts";
import type { Run } from "./run.ts";

/** Turns of one round. Those that a manager chooses for are two runs each, and this many of them are as many as may come of one. */
export const TURNS_MAX = 50;
/** Agents of one group that may take turns. */
export const PARTICIPANTS_MAX = 50;

/** What a run in a round of a group is for. */
export const ROUND_PARTS = ["group_choice", "group_turn", "group_lead", "group_answer"] as const;

/** One of {@link ROUND_PARTS}: the manager chooses who speaks, an agent speaks, the manager leads, or an agent answers it. */
export type RoundPart = (typeof ROUND_PARTS)[number];

/** Where in the round of a group a run stands. The run's own row holds it, so that it is there if, and only if, the run is. */
export interface RoundPlace {
  readonly groupId: GroupId;
  readonly part: RoundPart;
  /** How many agents have spoken before in this round. */
  readonly turn: number;
  /** How many may speak, as it was when the round began. */
  readonly turns: number;
}

/** Why a round went no further, as its last run tells. */
export type RoundEnd =
  | "max_turns"
  | "termination_token"
  | "answered"
  | "cancelled"
  | "no_speaker"
  | "group_deleted"
  | "no_agents"
  | "out_of_reach"
  | "too_many_runs"
  | "requires_approval";

/** A run's place in a round, from its metadata; undefined of a run that is in none. */
export function roundOf({ metadata }: Pick<Run, "metadata">): RoundPlace | undefined {
  const part = ROUND_PARTS.find((one) => one === metadata["run_type"]);
  const groupId = parseId("group", String(metadata["group_id"]));
  if (part === undefined || groupId === undefined) return undefined;
  return { groupId, part, turn: Number(metadata["group_turn"]), turns: Number(metadata["group_turns"]) };
}

/** The place as a run's metadata has it. */
export function roundMetadata({ groupId, part, turn, turns }: RoundPlace): JsonObject {
  return { run_type: part, group_id: groupId, group_turn: turn, group_turns: turns };
}

/** The order of the runs of a round: who chooses comes before who was chosen. */
export function stepOf({ turn, part }: RoundPlace): number {
  return 2 * turn + (part === "group_choice" ? 0 : 1);
}

/** How many turns a round has at most: as many as there are agents, unless the group says otherwise. */
export function turnsOf({ maxTurns, agentIds }: Pick<Group, "maxTurns" | "agentIds">): number {
  // As in Letta, none is as if nothing was said.
  return Math.min(maxTurns || agentIds.length, TURNS_MAX);
}

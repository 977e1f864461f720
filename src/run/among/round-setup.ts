import type { Group } from "../../agent/group.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { roundOf } from "../../agent/round.ts";
import type { Run } from "../../agent/run.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import type { AgentId } from "../../core/id.ts";
import { askGroup, type Candidate, chooseNext } from "../../tools/builtin/group-speech.ts";
import type { BuiltinTool, OutsideBuiltin } from "../../tools/builtin.ts";
import { builtinRow, type RowOptions } from "../../tools/catalog.ts";
import type { Tool } from "../../tools/tool.ts";
import type { RoundMeans } from "../step/turn-state.ts";

/** How often a manager may answer the question who speaks next with what is no answer. */
const CHOICE_STEPS_MAX = 3;

/** What the run has of the round that it is in; null where it is in none, or its group is gone. */
export async function roundMeans(
  reader: Pick<Readers, "groups" | "agents" | "runs">,
  sources: RowOptions,
  { agentId, metadata }: Pick<Run, "agentId" | "metadata">,
): Promise<RoundMeans | null> {
  const place = roundOf({ metadata });
  if (place === undefined) return null;
  if (place.part === "group_turn" || place.part === "group_answer") return { place, tool: null };
  const shipped =
    place.part === "group_lead"
      ? askGroup
      : chooseNext(await candidates(reader, await reader.groups.find(place.groupId), metadata["last_speaker_id"]));
  return { place, tool: { row: builtinRow(shipped, sources), shipped } };

  /** Those who may be chosen: everybody but who leads and, where there is somebody else, who has just spoken. */
  async function candidates(
    { agents }: Pick<Readers, "agents">,
    group: Group | undefined,
    lastSpeaker: unknown,
  ): Promise<readonly Candidate[]> {
    const ids = (group?.agentIds ?? []).filter((id) => id !== agentId);
    const others = ids.filter((id) => id !== lastSpeaker);
    return namesOf(agents, others.length === 0 ? ids : others);
  }
}

async function namesOf(agents: Readers["agents"], ids: readonly AgentId[]): Promise<readonly Candidate[]> {
  const found = await Promise.all(ids.map((id) => agents.find(id)));
  return found.flatMap((agent) => (agent === undefined ? [] : [{ id: agent.id, name: agent.name }]));
}

/** The agent's tools with the one that the round gives it, which hides one of its own of that name. */
export function withRoundTool(tools: readonly Tool[], round: RoundMeans | null): readonly Tool[] {
  const row = round?.tool?.row;
  return row === undefined ? tools : [...tools.filter(({ name }) => name !== row.name), row];
}

/** How tools are done, the round's own among them. */
export function withShipped(
  builtins: ReadonlyMap<string, BuiltinTool | OutsideBuiltin>,
  round: RoundMeans | null,
): ReadonlyMap<string, BuiltinTool | OutsideBuiltin> {
  const shipped = round?.tool?.shipped;
  return shipped === undefined ? builtins : new Map([...builtins, [shipped.name, shipped]]);
}

/** What the request asks, as far as it makes sense where an agent is only asked who speaks next. */
export function roundOptions(options: TurnOptions, round: RoundMeans | null): TurnOptions {
  if (round?.place.part !== "group_choice") return options;
  return { ...options, maxSteps: Math.min(options.maxSteps, CHOICE_STEPS_MAX), clientTools: [], clientSkills: [] };
}

import { mustFind } from "../../agent/find.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { roundOf, stepOf } from "../../agent/round.ts";
import type { Run } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { RUNS_MAX } from "./chain.ts";

/**
 * Throws a `conflict` Failure for the first run of a round while another is at work in its group. In the transaction that
 * stores the run: as each run of a round is stored with the end of the one before it, there is always one to be seen.
 */
export async function admitRound({ groups, runs }: Pick<Readers, "groups" | "runs">, run: Run): Promise<void> {
  const place = roundOf(run);
  if (place === undefined || run.parentRunId !== null) return;
  const { agentIds, managerAgentId } = await mustFind(groups, place.groupId);
  const members = managerAgentId === null ? agentIds : [managerAgentId, ...agentIds];
  const filter = { agentIds: members, statuses: ["created", "running"] } as const;
  const unfinished = await runs.list(filter, { limit: PAGE_ITEMS_MAX, order: "asc" });
  const busy = unfinished.find((other) => roundOf(other)?.groupId === place.groupId);
  if (busy !== undefined)
    throw new Failure(
      "conflict",
      `CONFLICT: The group ${place.groupId} is in a round already (run_id=${busy.id}). Wait for its end, or cancel it.`,
      { info: { run_id: busy.id } },
    );
}

/** The run that came after this one in its round; undefined where the round is over, or has been since. Its run may be gone. */
export async function nextInRound({ runs }: Pick<Readers, "runs">, run: Run): Promise<Run | undefined> {
  const place = roundOf(run);
  if (place === undefined) return undefined;
  const later = (await allOf({ runs }, run)).filter((other) => placeIn(other) > stepOf(place));
  return later[0];
}

/** The run that a round is at, or was at last, from any run of it; undefined of a run that is in none. */
export async function latestInRound({ runs }: Pick<Readers, "runs">, run: Run): Promise<Run | undefined> {
  if (roundOf(run) === undefined) return undefined;
  return (await allOf({ runs }, run)).at(-1) ?? run;
}

/** The runs of the round but its first, in their order. */
async function allOf({ runs }: Pick<Readers, "runs">, run: Run): Promise<readonly Run[]> {
  const groupId = roundOf(run)?.groupId;
  const filter = { rootRunId: run.rootRunId ?? run.id };
  const found = await runs.list(filter, { limit: RUNS_MAX, order: "asc" });
  return found
    .filter((other) => roundOf(other)?.groupId === groupId && roundOf(other)?.part !== "group_answer")
    .toSorted((a, b) => placeIn(a) - placeIn(b));
}

function placeIn(run: Run): number {
  const place = roundOf(run);
  return place === undefined ? -1 : stepOf(place);
}

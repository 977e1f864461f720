import type { RunReader } from "../../agent/ports/ports.ts";
import type { Run, RunLink } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, requireId } from "../../core/id.ts";
import { sha256 } from "../../core/sha256.ts";

/** How far a message may go on: from the first agent's own run to the run of the last that was written to. */
const DEPTH_MAX = 8;
/** Runs that may come of one, whichever agents asked for them. */
export const RUNS_MAX = 100;

/**
 * The link of the run that a call asks for at an agent. The same call gives the same id again, after a crash too, so that
 * the run is found and not begun twice. Like any id it begins with a time: that of its parent.
 */
export function linkOf(parent: Run, callId: string, agentId: AgentId): RunLink {
  const digest = sha256(JSON.stringify([parent.id, callId, agentId]));
  const time = parent.id.slice("run-".length, "run-".length + 13);
  const uuid = `${time}-4${digest.slice(0, 3)}-8${digest.slice(3, 6)}-${digest.slice(6, 18)}`;
  return {
    id: requireId("run", `run-${uuid}`),
    parentRunId: parent.id,
    rootRunId: parent.rootRunId ?? parent.id,
    depth: parent.depth + 1,
  };
}

/** Throws a `refused` Failure for a run that an agent asks for too far from the first one, or when too many came of that. */
export async function admitLink(runs: Pick<RunReader, "countOfRoot">, { rootRunId, depth }: RunLink): Promise<void> {
  if (rootRunId === null) return;
  if (depth > DEPTH_MAX)
    throw new Failure("refused", `This message has gone on over ${DEPTH_MAX} agents, and goes no further`);
  if ((await runs.countOfRoot(rootRunId, RUNS_MAX)) >= RUNS_MAX)
    throw new Failure("refused", `${RUNS_MAX} messages between agents have come of run ${rootRunId}, and no more may`);
}

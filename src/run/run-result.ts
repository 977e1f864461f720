import { mustFind } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { Run } from "../agent/run.ts";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, RunId } from "../core/id.ts";
import { isModelFailureType, ModelFailure } from "../llm/failure.ts";
import { errorOf } from "./step/run-rows.ts";
import type { TurnResult } from "./step/turn-state.ts";

/** How long the end of a run that is at work elsewhere is waited for. */
const WAIT_MS_MAX = 3_600_000;
/** How often its row is read meanwhile. */
const LOOK_EVERY_MS = 50;

/** Waits until the run has ended, wherever it is at work, and reads what failed from its row. */
export async function resultOf(
  {
    store,
    clock,
    atWork = () => undefined,
  }: {
    readonly store: Store;
    readonly clock: Clock;
    /** What comes of a run that is at work in this process. */
    readonly atWork?: (runId: RunId) => Promise<TurnResult> | undefined;
  },
  actor: Actor,
  runId: RunId,
): Promise<TurnResult> {
  const untilMs = clock.elapsedMs() + WAIT_MS_MAX;
  while (clock.elapsedMs() < untilMs) {
    const here = atWork(runId);
    if (here !== undefined) return here;
    const run = await mustFind(store.reader(actor).runs, runId);
    if (run.completedAt !== null) return { run, failure: failureOf(run) };
    await clock.sleep(LOOK_EVERY_MS);
  }
  throw new Failure("timeout", `Run ${runId} did not end within ${WAIT_MS_MAX / 60_000} minutes`);
}

/** What went wrong, from what the run's own row says of it. */
function failureOf(run: Run): unknown {
  const error = errorOf(run);
  if (error === null) return null;
  const { type, message, detail } = error;
  if (isModelFailureType(type)) return new ModelFailure(type, message, detail);
  // Whoever asks again is told why in the same words; anything else was logged when it happened.
  return new Failure("unavailable", message);
}

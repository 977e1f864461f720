import { Failure } from "../core/failure.ts";
import { type AbandonOptions, endFailed } from "./abandon.ts";

/** Runs that wait to begin and are ended one by one; more are ended without an account of it. */
const QUEUED_MAX = 10_000;

const REASON =
  "This run ended here because the data is a copy: the server that the data was copied from may go on with it";

/** Why a callback was not sent. */
export const UNSENT = "Not sent, because the data is a copy: the server that it was copied from sends it";

/** Why a schedule sends nothing. */
export const UNSCHEDULED =
  "Stopped, because the data is a copy: the server that it was copied from sends it. Where there is none any more, a start with SELKIE_CONTINUE_COPY=1 has it sent from here";

/**
 * Ends the runs that a copied store has of its original, before anything works on them: what they asked of models, tools
 * and callbacks would happen a second time. One that cannot be ended is left to whoever ends the rest. Returns how many
 * were found.
 */
export async function endCopiedRuns(options: AbandonOptions): Promise<number> {
  const { store, log } = options;
  const runs = [...(await store.unfinishedRuns()), ...(await store.queuedRuns(QUEUED_MAX))];
  const cause = new Failure("refused", REASON);
  for (const { actor, runId } of runs) {
    try {
      await endFailed(options, { actor, runId }, cause);
    } catch (error) {
      log(`Run ${runId} of the original could not be ended with its reason`, error);
    }
  }
  return runs.length;
}

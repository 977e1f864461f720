import type { Store } from "../agent/ports/ports.ts";
import type { QueuedRun } from "../agent/run.ts";
import { type Clock, instantOf } from "../core/clock.ts";
import { Failure, type FailureKind } from "../core/failure.ts";
import type { RunId } from "../core/id.ts";
import { createDueWork, type DueWork } from "./chores/due-work.ts";

/** How long to wait after a run that could not begin, before anything else of the queue is tried. */
const RETRY_MS = 1_000;
/** How long a run waits for a limit before it is tried again: the limit may have been raised. */
const POSTPONED_MS_MAX = 600_000;
/** How far apart those are tried that wait: however many they are, looking at them takes a small part of the time. */
const APART_MS = 20;
/** Runs that are known to wait; of more, each waits as if there were so many. */
const KNOWN_MAX = 3_000;
/** Kinds of failures after which a run may begin later. */
const PASSING: readonly FailureKind[] = ["unavailable", "full", "unreadable"];

/** What the queue of runs is made of. */
export interface RunQueueOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Begins the run; throws a Failure, the run still queued, when it cannot. */
  readonly begin: (queued: QueuedRun) => Promise<unknown>;
  /** Told when a run has to wait until a limit leaves something. */
  readonly postponed: () => void;
  /** Whether a run has ended since this was asked last, so that others need not wait any longer. */
  readonly takeFreed: () => boolean;
  /** Ends a run that can never begin; throws, the run still queued, when that cannot be stored. */
  readonly giveUp: (queued: QueuedRun, cause: unknown) => Promise<unknown>;
  readonly log: (message: string, error: unknown) => void;
}

/** Begins runs that were stored with their input to begin later, one after the other in each conversation. */
export function createRunQueue({ store, clock, begin, postponed, takeFreed, giveUp, log }: RunQueueOptions): DueWork {
  /** Runs that could not begin since one did. */
  const inVain = new Set<RunId>();

  async function postpone({ actor, runId }: QueuedRun, afterMs: number): Promise<void> {
    if (inVain.size < KNOWN_MAX) inVain.add(runId);
    const waitMs = Math.min(Math.max(afterMs, inVain.size * APART_MS), POSTPONED_MS_MAX);
    await store.write(actor, ({ runs }) => runs.postpone(runId, instantOf(clock.now() + waitMs)));
    postponed();
  }

  return createDueWork<QueuedRun>({
    clock,
    async waiting(limit) {
      const found = await store.queuedRuns(limit);
      if (!takeFreed()) return found;
      const now = clock.now();
      return found.map((run) => (run.dueAt <= now + RETRY_MS ? { ...run, dueAt: now } : run));
    },
    async work(queued) {
      try {
        await begin(queued);
        inVain.clear();
      } catch (error) {
        // Somebody else's run is at work in the conversation: the store says when to look again.
        if (error instanceof Failure && error.info?.["run_id"] !== undefined) return;
        if (error instanceof Failure && error.kind === "too_many") {
          return postpone(queued, error.retryAfterMs ?? RETRY_MS);
        }
        // What the run begins with is kept nowhere else, so a disk that fails for a while must not end it.
        const isPassing = error instanceof Failure && PASSING.includes(error.kind);
        if (!isPassing) await giveUp(queued, error);
        await clock.sleep(RETRY_MS);
      }
    },
    onError: (error) => log("Queued runs could not begin", error),
  });
}

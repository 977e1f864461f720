import type { Store, WaitingWork } from "../../agent/ports/ports.ts";
import { type Clock, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Random } from "../../core/random.ts";
import { ModelFailure } from "../../llm/failure.ts";
import type { WorkKind, WorkOutcome } from "../../umi/backlog.ts";
import { createDueWork, type DueWork } from "./due-work.ts";

/** Spaces whose files are read at once, of one organisation fewer: the next ones wait. */
const READING_MAX = 16;
const READING_OF_ONE_MAX = 4;
/** Work that is looked through while some of what is due must wait. */
const LOOKED_AT_MAX = 256;
/** How long a space rests whose outcome could not be stored. */
const REST_MS = 5_000;
/** The wait after the first failure; each later one is twice as long. */
const RETRY_MS_FIRST = 1_000;
/** No wait is longer: when an outage ends, what it held up goes on within this time. */
const RETRY_MS_MAX = 600_000;

/**
 * How one kind of work is done: one bounded piece of it, stored by itself. It may be done again at any time, also after
 * a crash in its midst, and finds out by itself what is left. Whatever it throws means: again, later.
 */
export type WorkPiece = (
  work: WaitingWork,
  signal: AbortSignal,
) => Promise<Exclude<WorkOutcome, { readonly state: "failed" }>>;

/** What works off the backlog is made of. */
export interface BacklogWorkOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly pieces: Readonly<Record<WorkKind, WorkPiece>>;
  readonly log: (message: string, error?: unknown) => void;
}

/** Works off what spaces need, piece by piece and in turns. What is to do is in the store, so a restart loses none. */
export function createBacklogWork(options: BacklogWorkOptions): DueWork {
  const { store, clock, log } = options;
  const stopping = new AbortController();
  /** What is being read, by its space. */
  const reading = new Map<string, { readonly owner: string; readonly over: Promise<void> }>();
  const onError = (error: unknown) => log("The backlog could not be worked off", error);

  async function finish(item: WaitingWork): Promise<void> {
    const outcome = await tryPiece(options, item, stopping.signal);
    if (outcome !== undefined) await store.write(item.actor, ({ backlog }) => backlog.settle(item, outcome));
  }

  /** A document may take half a minute, for which nothing else waits. */
  async function read(item: WaitingWork): Promise<void> {
    try {
      await finish(item);
    } catch (error) {
      onError(error);
      await clock.sleep(REST_MS, stopping.signal);
    }
    reading.delete(item.space);
    if (!stopping.signal.aborted) work.wake();
  }

  const work = createDueWork<WaitingWork>({
    clock,
    async waiting(limit) {
      if (reading.size === 0) return store.waitingWork(limit);
      return placesFor(await store.waitingWork(LOOKED_AT_MAX), reading).slice(0, limit);
    },
    async work(item) {
      if (item.kind !== "parse") return finish(item);
      // Of those that were listed at once another may have taken the place.
      if (placesFor([item], reading).length > 0)
        reading.set(item.space, { owner: item.actor.organizationId, over: read(item) });
    },
    onError,
  });
  return {
    wake() {
      if (!stopping.signal.aborted) work.wake();
    },
    async settle() {
      // What is asked of a provider is not waited for, and what is owed from now on waits: the next start goes on.
      stopping.abort(new Failure("unavailable", "The server is stopping"));
      await work.settle();
      await Promise.all([...reading.values()].map(({ over }) => over));
    },
  };
}

/** What of the work there is a place for, while files of these spaces are read. */
function placesFor(
  items: readonly WaitingWork[],
  reading: ReadonlyMap<string, { readonly owner: string }>,
): readonly WaitingWork[] {
  const owners = [...reading.values()].map(({ owner }) => owner);
  const isFull = (owner: string) => owners.filter((one) => one === owner).length >= READING_OF_ONE_MAX;
  return items.filter(
    ({ kind, space, actor }) =>
      kind !== "parse" || (owners.length < READING_MAX && !reading.has(space) && !isFull(actor.organizationId)),
  );
}

/** Undefined when it was stopped. */
async function tryPiece(
  { clock, random, pieces, log }: BacklogWorkOptions,
  item: WaitingWork,
  signal: AbortSignal,
): Promise<WorkOutcome | undefined> {
  try {
    return await pieces[item.kind](item, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    const told = error instanceof ModelFailure ? error.detail : error instanceof Error ? error.message : String(error);
    // A failure of the provider's is told by whoever asks for it; anything else is a bug.
    if (!(error instanceof Failure)) log(`The work '${item.kind}' of ${item.space} failed`, error);
    const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** item.attempts);
    // Half of it by chance, so that what failed together does not come back together.
    const retryAt = instantOf(clock.now() + waitMs * (0.5 + random.fraction() / 2));
    return { state: "failed", error: told, retryAt };
  }
}

import type { BatchCounts, WaitingBatch } from "../../agent/batch.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import { instantOf } from "../../core/clock.ts";
import { newId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { World } from "../../core/world.ts";
import { QUEUED_RUNS_MAX } from "../begin.ts";
import { createDueWork, type DueWork } from "../chores/due-work.ts";
import { queuedRun } from "../step/run-state.ts";
import { isOfBatch, RUN_TYPE } from "./of-batch.ts";

/** Runs of one batch that have not ended. */
const AT_ONCE_MAX = 16;
/** How often a batch is looked at where none of its runs ends here, and how long one rests that could not be worked on. */
const LOOK_MS = 1_000;
const REST_MS = 30_000;
/** Batches that are known to have room; others are looked at by themselves. */
const FREED_MAX = 1_000;

/** What working batches off is made of. */
export interface BatchWorkOptions {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  /** Told that runs wait to begin. */
  readonly queued: () => void;
  /** Told that a callback waits to be sent. */
  readonly ended: () => void;
  readonly log: (message: string, error?: unknown) => void;
}

/** The work on batches. */
export interface BatchWork extends DueWork {
  /** Tells that a run has ended, which may have been a batch's: then its next requests need not wait. False when it was none. */
  ended(run: { readonly metadata: JsonObject }): boolean;
}

/**
 * Makes runs of the requests of batches, some at a time. That a request is a run is stored in the transaction that stores the
 * run, with its input, to begin when its agent is free: whatever ends this process, none is made twice or lost.
 */
export function createBatchWork(options: BatchWorkOptions): BatchWork {
  const { store, world, log } = options;
  /** Batches of which a run has ended since they were looked at. */
  const freed = new Set<unknown>();
  const work = createDueWork<WaitingBatch>({
    clock: world.clock,
    async waiting(limit) {
      const found = await store.waitingBatches(limit);
      const now = world.clock.now();
      const isFreed = ({ id, dueAt }: WaitingBatch) => freed.has(id) && dueAt <= now + LOOK_MS;
      return found.map((item) => (isFreed(item) ? { ...item, dueAt: now } : item)).sort((a, b) => a.dueAt - b.dueAt);
    },
    async work(item) {
      try {
        freed.delete(item.id);
        await goOn(options, item);
      } catch (error) {
        log(`Batch ${item.id} could not go on`, error);
        const until = instantOf(world.clock.now() + REST_MS);
        await store.write(item.actor, ({ batches }) => batches.postpone(item.id, until));
      }
    },
    onError: (error) => log("Batches could not go on", error),
  });
  return {
    ...work,
    ended(run) {
      if (!isOfBatch(run)) return false;
      if (freed.size < FREED_MAX) freed.add(run.metadata["batch_id"]);
      return true;
    },
  };
}

async function goOn({ store, world, queued, ended }: BatchWorkOptions, { actor, id }: WaitingBatch): Promise<void> {
  const now = world.clock.now();
  const outcome = await store.write(actor, async (repositories): Promise<"over" | "queued" | "waits"> => {
    const { batches } = repositories;
    if ((await batches.find(id))?.status !== "running") return "waits";
    const counts = await batches.counts(id);
    if (counts.waiting === 0 && counts.unfinished === 0) {
      await batches.finish(id, "completed", now);
      return "over";
    }
    await batches.postpone(id, instantOf(now + LOOK_MS));
    return (await queueNext({ world }, repositories, { id, counts })) > 0 ? "queued" : "waits";
  });
  if (outcome === "queued") queued();
  if (outcome === "over") ended();
}

/** Makes runs of as many requests as there is room for, and gives how many. */
async function queueNext(
  { world }: Pick<BatchWorkOptions, "world">,
  { batches, runs }: Repositories,
  { id, counts }: Pick<WaitingBatch, "id"> & { readonly counts: BatchCounts },
): Promise<number> {
  const room = QUEUED_RUNS_MAX - (await runs.countQueued(QUEUED_RUNS_MAX));
  const next = await batches.nextRequests(id, Math.max(0, Math.min(room, AT_ONCE_MAX - counts.unfinished)));
  for (const { position, agentId, input, options } of next) {
    const runId = newId("run", world.random);
    const metadata = { run_type: RUN_TYPE, batch_id: id, batch_position: position };
    await runs.insert(queuedRun(runId, world.clock.now(), { agentId, options, background: true, metadata }));
    await runs.setQueuedInput(runId, input);
    await batches.setRun(id, position, runId);
  }
  return next.length;
}

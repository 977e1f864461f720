import type { BatchCounts, WaitingBatch } from "../../agent/batch.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import { instantOf } from "../../core/clock.ts";
import { newId } from "../../core/id.ts";
import type { World } from "../../core/world.ts";
import { QUEUED_RUNS_MAX } from "../begin.ts";
import { createDueWork, type DueWork } from "../chores/due-work.ts";
import { queuedRun } from "../step/run-state.ts";

/** What lists of runs say of a run of a batch. */
const RUN_TYPE = "batch";
/** Runs of one batch that have not ended. */
const AT_ONCE_MAX = 16;
/** How often a batch is looked at, and how long one rests that could not be worked on. */
const LOOK_MS = 1_000;
const REST_MS = 30_000;

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

/**
 * Makes runs of the requests of batches, some at a time. That a request is a run is stored in the transaction that stores the
 * run, with its input, to begin when its agent is free: whatever ends this process, none is made twice or lost.
 */
export function createBatchWork(options: BatchWorkOptions): DueWork {
  const { store, world, log } = options;
  return createDueWork<WaitingBatch>({
    clock: world.clock,
    waiting: (limit) => store.waitingBatches(limit),
    async work(item) {
      try {
        await goOn(options, item);
      } catch (error) {
        log(`Batch ${item.id} could not go on`, error);
        const until = instantOf(world.clock.now() + REST_MS);
        await store.write(item.actor, ({ batches }) => batches.postpone(item.id, until));
      }
    },
    onError: (error) => log("Batches could not go on", error),
  });
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

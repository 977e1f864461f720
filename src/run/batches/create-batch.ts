import type { Caller } from "../../access/may.ts";
import { may } from "../../access/may.ts";
import type { Batch, BatchCounts, BatchId, BatchRequest } from "../../agent/batch.ts";
import { required } from "../../agent/find.ts";
import type { TurnInput } from "../../agent/new-message.ts";
import type { Store } from "../../agent/ports/ports.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, newId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { World } from "../../core/world.ts";
import { cancelQueued, withReach } from "../begin.ts";
import type { Runner } from "../runner.ts";

/** Requests that one batch may hold. */
export const REQUESTS_MAX = 1_000;
/** Batches of one organisation that are at work at a time. */
const OPEN_MAX = 100;
/** Batches of one organisation that are kept once they are over. */
const KEPT_MAX = 1_000;

/** What batches are made with. */
export interface BatchWorkshop {
  readonly store: Store;
  readonly clock: World["clock"];
  readonly random: World["random"];
  readonly runner: Pick<Runner, "check" | "planned">;
}

/** What somebody wants of an agent. */
export interface BatchDraft {
  readonly agentId: AgentId;
  readonly input: TurnInput;
  readonly options: TurnOptions;
}

/** A batch, and how its requests stand. */
export interface ShownBatch {
  readonly batch: Batch;
  readonly counts: BatchCounts;
}

/**
 * Takes many requests in, all of them or none, from somebody who may make each of them now. Throws a `refused` Failure where
 * there are too many, and a `conflict` one where too many batches are at work.
 */
export async function createBatch(
  workshop: BatchWorkshop,
  caller: Caller,
  { drafts, callbackUrl }: { readonly drafts: readonly BatchDraft[]; readonly callbackUrl: string | null },
): Promise<ShownBatch> {
  const { createdById, requests } = await admitted(workshop, caller, drafts);
  const { store, clock, random, runner } = workshop;
  const batch: Batch = {
    id: newId("job", random),
    status: "running",
    size: requests.length,
    callbackUrl,
    callbackSentAt: null,
    callbackStatusCode: null,
    callbackError: null,
    createdById,
    createdAt: clock.now(),
    completedAt: null,
  };
  await store.write(may(caller, "agents:talk"), async ({ batches }) => {
    if ((await batches.countOpen(OPEN_MAX)) >= OPEN_MAX)
      throw new Failure("conflict", `${OPEN_MAX} batches of the organisation are at work, and no more may be`);
    await batches.insert(batch, requests);
    await batches.removeOld(KEPT_MAX);
  });
  runner.planned.wake();
  return { batch, counts: { waiting: batch.size, unfinished: 0, completed: 0, failed: 0, cancelled: 0 } };
}

async function admitted({ runner }: BatchWorkshop, caller: Caller, drafts: readonly BatchDraft[]) {
  const actor = may(caller, "agents:talk");
  if (drafts.length === 0) throw new Failure("refused", "requests: the list must not be empty");
  if (drafts.length > REQUESTS_MAX)
    throw new Failure("refused", `A batch holds ${REQUESTS_MAX} requests at most, got ${drafts.length}`);
  const requests: BatchRequest[] = [];
  for (const [position, draft] of drafts.entries()) {
    await runner.check(caller, { ...draft, conversationId: null, metadata: {} });
    requests.push({ ...draft, position, options: withReach(draft.options, caller) });
  }
  return { createdById: actor.userId, requests };
}

/** A page of the batches that the caller may see. */
export async function listBatches(
  { store }: Pick<BatchWorkshop, "store">,
  caller: Caller,
  page: Page,
): Promise<readonly ShownBatch[]> {
  const { batches } = store.reader(may(caller, "runs:read"));
  const found = await batches.list(page);
  return Promise.all(found.map(async (batch) => ({ batch, counts: await batches.counts(batch.id) })));
}

/** One of them. */
export async function findBatch(
  { store }: Pick<BatchWorkshop, "store">,
  caller: Caller,
  id: BatchId,
): Promise<ShownBatch> {
  const { batches } = store.reader(may(caller, "runs:read"));
  const batch = required(await batches.find(id), `Batch with id '${id}' not found`);
  return { batch, counts: await batches.counts(id) };
}

/**
 * Ends a batch: what has not begun never does, and what is at work goes on to its end. One that is over stays as it is. All
 * of it is one transaction, so that whatever ends this process leaves no run to begin of a batch that says it is cancelled.
 */
export async function cancelBatch({ store, clock }: BatchWorkshop, caller: Caller, id: BatchId): Promise<void> {
  const actor = may(caller, "runs:cancel");
  await store.write(actor, async ({ batches, runs }) => {
    const { status } = required(await batches.find(id), `Batch with id '${id}' not found`);
    const now = clock.now();
    if (status === "running") {
      await batches.dropWaiting(id);
      await batches.finish(id, "cancelled", now);
    }
    // Of one that is over some may wait still: older servers stopped them one by one.
    for (const runId of await batches.queuedRuns(id)) await cancelQueued(runs, now, runId);
  });
}

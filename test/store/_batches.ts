import { expect } from "bun:test";
import type { Batch, BatchRequest } from "../../src/agent/batch.ts";
import { type Instant, instantOf } from "../../src/core/clock.ts";
import { type AgentId, newId } from "../../src/core/id.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent, run } from "./_samples.ts";
import { expectPages, reader, type Subject, write } from "./_subject.ts";

/** What the store of batches promises. */
export function batchContract(subject: Subject): void {
  subject("batches: requests become runs one after the other, and counts() tells how they stand", async (opened) => {
    const [agentId, gone] = [await agentIn(opened), await agentIn(opened)];
    const batch = batchOf(opened);
    const requests = [requestOf(agentId, 0), requestOf(gone, 1), requestOf(agentId, 2), requestOf(agentId, 3)];
    await write(opened, ({ batches }) => batches.insert(batch, requests));
    const { batches } = reader(opened);
    expect(await batches.find(batch.id)).toEqual(batch);
    expect(await batches.nextRequests(batch.id, 2)).toEqual(requests.slice(0, 2));
    const [queued, done] = [run(agentId, { status: "created" }), run(agentId, { status: "completed" })];
    await write(opened, async (stores) => {
      await stores.runs.insert(queued);
      await stores.runs.insert(done);
      await stores.batches.setRun(batch.id, 0, queued.id);
      await stores.batches.setRun(batch.id, 3, done.id);
    });
    expect(await batches.nextRequests(batch.id, 9)).toEqual(requests.slice(1, 3));
    expect(await batches.queuedRuns(batch.id)).toEqual([queued.id]);
    const counts = { waiting: 2, unfinished: 1, completed: 1, failed: 0, cancelled: 0 };
    expect(await batches.counts(batch.id)).toEqual(counts);
    await write(opened, ({ agents }) => agents.remove(gone));
    expect(await batches.counts(batch.id)).toEqual({ ...counts, waiting: 1, failed: 1 });
    await write(opened, (stores) => stores.batches.dropWaiting(batch.id));
    expect(await batches.counts(batch.id)).toEqual({ ...counts, waiting: 0, failed: 1, cancelled: 1 });
    expect(await batches.nextRequests(batch.id, 9)).toEqual([]);
  });

  subject("batches: one that is over is looked at no more, called back, and removed when it is old", async (opened) => {
    const [first, second, third] = [
      batchOf(opened, { callbackUrl: "https://a.example/" }),
      batchOf(opened),
      batchOf(opened),
    ];
    await write(opened, async ({ batches }) => {
      for (const batch of [first, second, third]) await batches.insert(batch, []);
    });
    const { store } = opened;
    const { batches } = reader(opened);
    const waiting = async () => (await store.waitingBatches(9)).map(({ id }) => id);
    expect(await waiting()).toEqual([first.id, second.id, third.id]);
    await expectPages(batches.list, [first.id, second.id, third.id]);
    const at: Instant = instantOf(world.clock.now() + 1_000);
    await write(opened, async (stores) => {
      await stores.batches.postpone(first.id, at);
      await stores.batches.finish(second.id, "completed", at);
      // It is over, and stays what it is.
      await stores.batches.finish(second.id, "cancelled", at);
      await stores.batches.postpone(second.id, at);
    });
    expect(await waiting()).toEqual([third.id, first.id]);
    expect(await batches.find(second.id)).toEqual({ ...second, status: "completed", completedAt: at });
    expect([await batches.countOpen(1), await batches.countOpen(9)]).toEqual([1, 2]);
    expect(await store.waitingBatchCallbacks(9)).toEqual([]);
    await write(opened, (stores) => stores.batches.finish(first.id, "cancelled", at));
    const called = { sentAt: at, statusCode: 500, error: "no", retryAt: at };
    await write(opened, (stores) => stores.batches.noteCallback(first.id, called));
    expect(await store.waitingBatchCallbacks(9)).toMatchObject([
      { id: first.id, url: "https://a.example/", attempts: 1, dueAt: at },
    ]);
    await write(opened, (stores) => stores.batches.removeOld(0));
    expect((await batches.list({ limit: 9, order: "asc" })).map(({ id }) => id)).toEqual([first.id, third.id]);
    await write(opened, (stores) => stores.batches.noteCallback(first.id, { ...called, retryAt: null }));
    expect(await store.waitingBatchCallbacks(9)).toEqual([]);
    await write(opened, (stores) => stores.batches.removeOld(0));
    expect((await batches.list({ limit: 9, order: "asc" })).map(({ id }) => id)).toEqual([third.id]);
  });

  subject("batches: whoever is narrowed to some agents sees those of these alone", async (opened) => {
    const [mine, theirs] = [await agentIn(opened), await agentIn(opened)];
    const [own, mixed, other] = [batchOf(opened), batchOf(opened), batchOf(opened)];
    await write(opened, async ({ batches }) => {
      await batches.insert(own, [requestOf(mine, 0)]);
      await batches.insert(mixed, [requestOf(mine, 0), requestOf(theirs, 1)]);
      await batches.insert(other, [requestOf(theirs, 0)]);
    });
    const { batches } = opened.store.reader({ ...opened.actor, agentIds: [mine] });
    expect((await batches.list({ limit: 9, order: "asc" })).map(({ id }) => id)).toEqual([own.id]);
    expect([await batches.find(mixed.id), await batches.find(other.id)]).toEqual([undefined, undefined]);
    expect(await opened.store.reader(opened.stranger).batches.find(own.id)).toBeUndefined();
  });
}

async function agentIn(opened: OpenedStore): Promise<AgentId> {
  const made = agent();
  await write(opened, ({ agents }) => agents.insert(made));
  return made.id;
}

function batchOf({ actor }: OpenedStore, change: Partial<Batch> = {}): Batch {
  return {
    id: newId("job", world.random),
    status: "running",
    size: 4,
    callbackUrl: null,
    callbackSentAt: null,
    callbackStatusCode: null,
    callbackError: null,
    createdById: actor.userId,
    createdAt: world.clock.now(),
    completedAt: null,
    ...change,
  };
}

function requestOf(agentId: AgentId, position: number): BatchRequest {
  const message = { role: "user", name: null, otid: null, senderId: null, groupId: null } as const;
  return {
    position,
    agentId,
    input: {
      approvals: [],
      approvalOtid: null,
      messages: [{ ...message, parts: [{ type: "text", text: `${position}` }] }],
    },
    options: {
      maxSteps: 3,
      clientTools: [],
      clientSkills: [],
      overrideModel: null,
      overrideSystem: null,
      stream: "none",
      approvalTimeoutMs: null,
      face: {},
    },
  };
}

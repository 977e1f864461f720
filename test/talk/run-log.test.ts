import { expect, test } from "bun:test";
import type { TurnEvent } from "../../src/agent/events.ts";
import type { Readers, Store } from "../../src/agent/ports/ports.ts";
import type { NumberedEvent } from "../../src/agent/ports/run-events.ts";
import { NO_USAGE } from "../../src/agent/usage.ts";
import { realWorld } from "../../src/app/world.ts";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ACTOR, newId, type RunId } from "../../src/core/id.ts";
import { createRunLogs, type RunLog } from "../../src/run/log/run-log.ts";
import { LOG_START, toStored } from "../../src/run/log/stored-event.ts";
import { anotherActor } from "../_harness/actors.ts";
import { startTestServer } from "../_harness/server.ts";
import { agent, run } from "../store/_samples.ts";

/** The store as a slow database shows it: what a read of events found is handed out when `gate` opens. */
function slowReads(store: Store, gate: Promise<void>, onRead: () => void): Store {
  return {
    ...store,
    reader(actor): Readers {
      const repositories = store.reader(actor);
      const after: Readers["events"]["after"] = async (...query) => {
        const rows = await repositories.events.after(...query);
        onRead();
        await gate;
        return rows;
      };
      return { ...repositories, events: { ...repositories.events, after } };
    },
  };
}

/** The store of a disk that is full for one transaction. */
function fullOnce(store: Store): Store {
  let isFull = true;
  return {
    ...store,
    async write(actor, work) {
      if (!isFull) return store.write(actor, work);
      isFull = false;
      throw new Failure("full", "The disk is full");
    },
  };
}

/** A server with a run that has ended, and whose log is to be written yet. */
async function startWithRun() {
  const server = await startTestServer();
  const agentId = await server.agent();
  await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "hello" });
  const runId: RunId = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body[0].id;
  await server.database.writer.execute("delete from run_event_arrivals", []);
  return { server, store: server.server.store, runId };
}

const ENDED = { kind: "ended", stopReason: "end_turn", usage: NO_USAGE, error: null } as const;

/** Tells the log of something in a transaction of its own. */
async function tell(store: Store, log: RunLog, event: TurnEvent): Promise<void> {
  const entry = log.begin();
  await store.write(DEFAULT_ACTOR, (repositories) => entry.append(repositories, [event]));
  entry.committed();
}

test("publish() stores nothing more once an event could not be stored, as that would leave a gap", async () => {
  const { server, store, runId } = await startWithRun();

  const { clock, random } = realWorld();
  const refused = Promise.withResolvers<void>();
  const logs = createRunLogs({ store: fullOnce(store), clock, log: () => refused.resolve() });
  const log = logs.open(DEFAULT_ACTOR, runId, { next: LOG_START, frames: () => 1 });
  const say = (text: string) =>
    log.publish({ kind: "text_delta", text, messageId: newId("message", random), stepId: newId("step", random) });
  say("lost");
  await refused.promise;
  say("after it");
  await clock.sleep(100);

  expect(await store.reader(DEFAULT_ACTOR).events.after(runId, 0, 10)).toEqual([]);
  await server.close();
}, 5_000);

test("note() tells when a thing happened, not when it was stored", async () => {
  const { server, store, runId } = await startWithRun();

  const { clock, random } = realWorld();
  const logs = createRunLogs({ store, clock, log: () => {} });
  const log = logs.open(DEFAULT_ACTOR, runId, { next: LOG_START, frames: () => 1 });
  log.note({ kind: "step.started", stepId: newId("step", random), model: "selkie/rehearsal" });
  const afterwards = clock.now();
  await clock.sleep(20);
  await tell(store, log, ENDED);

  const told = await logs.whole(DEFAULT_ACTOR, runId);
  expect(told.map(({ event }) => event.kind)).toEqual(["step.started", "ended"]);
  const [started, ended] = told.map(({ event }) => ("at" in event ? event.at : afterwards));
  expect(started).toBeLessThan(afterwards);
  expect(ended).toBeGreaterThan(afterwards + 15);
  await server.close();
}, 5_000);

test("publish() stores what runs of several organisations say at once, each as its own", async () => {
  const { server, store, runId } = await startWithRun();
  const { clock, random } = realWorld();
  const stranger = await anotherActor(server.database, random);
  const bo = agent();
  const theirs = run(bo.id);
  await store.write(stranger, async ({ agents, runs }) => {
    await agents.insert(bo);
    await runs.insert(theirs);
  });
  const logs = createRunLogs({ store, clock, log: () => {} });
  const both = [
    { actor: DEFAULT_ACTOR, id: runId },
    { actor: stranger, id: theirs.id },
  ].map((one) => ({ ...one, log: logs.open(one.actor, one.id, { next: LOG_START, frames: () => 1 }) }));
  // What is said second waits, of both, until the first is stored.
  for (const text of ["first", "second"]) {
    const ids = { messageId: newId("message", random), stepId: newId("step", random) };
    for (const { log } of both) log.publish({ kind: "text_delta", text, ...ids });
  }
  const told = () => Promise.all(both.map(({ actor, id }) => store.reader(actor).events.after(id, 0, 10)));
  const isTold = async () => (await told()).every((events) => events.length >= 2);
  for (const end = performance.now() + 2_000; performance.now() < end && !(await isTold()); ) await clock.sleep(10);
  expect((await told()).map((events) => events.length)).toEqual([2, 2]);
  await server.close();
}, 5_000);

test("follow() misses no event that came between its look at the log and its wait", async () => {
  const { server, store, runId } = await startWithRun();

  const gate = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const slow = slowReads(store, gate.promise, looked.resolve);
  const logs = createRunLogs({ store: slow, clock: realWorld().clock, log: () => {} });
  const log = logs.open(DEFAULT_ACTOR, runId, { next: { seqId: 2, framesBefore: 1 }, frames: () => 1 });
  const from = { seqId: 0, idleMs: 60_000, frames: () => 1 };
  const events = logs.follow(DEFAULT_ACTOR, runId, from, new AbortController().signal)[Symbol.asyncIterator]();
  const first = events.next();
  await looked.promise;

  await tell(store, log, { kind: "started", runId, at: realWorld().clock.now() });
  await store.durable();
  gate.resolve();

  expect((await first).value).toMatchObject([{ seqId: 2, framesBefore: 1, event: { kind: "started" } }]);
  await server.close();
}, 5_000);

test("follow() gives what was said last to a reader that knew the run at work, without asking the database", async () => {
  const { server, store, runId } = await startWithRun();

  let reads = 0;
  const counted = slowReads(store, Promise.resolve(), () => reads++);
  const logs = createRunLogs({ store: counted, clock: realWorld().clock, log: () => {} });
  const log = logs.open(DEFAULT_ACTOR, runId, { next: LOG_START, frames: () => 1 });
  const from = { seqId: 0, idleMs: 60_000, frames: () => 1 };
  const events = logs.follow(DEFAULT_ACTOR, runId, from, new AbortController().signal);
  const first = events.next();
  for (const event of [{ kind: "started", runId, at: realWorld().clock.now() }, ENDED] as const)
    await tell(store, log, event);
  log.close();
  await store.durable();

  const read = [...((await first).value ?? [])];
  for await (const batch of events) read.push(...batch);
  expect(read.map((event) => event.seqId)).toEqual([1, 2]);
  expect(reads).toBe(0);
  await server.close();
}, 5_000);

test("follow() gives the end that a run was given past its log, because it could not go on", async () => {
  const { server, store, runId } = await startWithRun();

  const logs = createRunLogs({ store, clock: realWorld().clock, log: () => {} });
  const log = logs.open(DEFAULT_ACTOR, runId, { next: LOG_START, frames: () => 1 });
  const from = { seqId: 0, idleMs: 60_000, frames: () => 1 };
  const events = logs.follow(DEFAULT_ACTOR, runId, from, new AbortController().signal);
  await tell(store, log, { kind: "started", runId, at: realWorld().clock.now() });
  const read = [...((await events.next()).value ?? [])];
  const next = events.next();
  const theEnd = toStored({ seqId: 2, framesBefore: 1, event: { ...ENDED, at: realWorld().clock.now() } });
  await store.write(DEFAULT_ACTOR, ({ events: stored }) => stored.append([{ runId, firstSeqId: 2, events: [theEnd] }]));
  log.close();
  read.push(...((await next).value ?? []));
  expect(read.map(({ event }) => event.kind)).toEqual(["started", "ended"]);
  expect((await events.next()).done).toBe(true);
  await server.close();
}, 5_000);

test("after() gives every event once and in order, while events arrive and are moved", async () => {
  const server = await startTestServer();
  const { store } = server.server;
  const agentId = await server.agent();
  for (const input of ["one", "two"]) await server.request("POST", `/v1/agents/${agentId}/messages`, { input });
  await server.database.writer.execute("delete from run_event_arrivals", []);
  const runs: { id: RunId }[] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  const lengths = [4_500, 700];
  const textsOf = (index: number, from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, at) => eventAt(index, from + at));
  // Every second event is one frame of Letta's stream.
  const eventAt = (index: number, at: number) => ({ framesBefore: at >> 1, data: `{"${index}":${at + 1}}` });
  for (let done = 0, size = 1; done < 4_500; done += size, size = (size % 50) + 1) {
    await store.write(DEFAULT_ACTOR, ({ events }) =>
      events.append(
        runs.map((run, index) => {
          const to = Math.min(done + size, lengths[index] ?? 0);
          return { runId: run.id, firstSeqId: done + 1, events: textsOf(index, done, to) };
        }),
      ),
    );
  }

  const { events } = store.reader(DEFAULT_ACTOR);
  const stranger = store.reader({ ...DEFAULT_ACTOR, organizationId: newId("org", realWorld().random) });
  for (const [index, { id }] of runs.entries()) {
    const read: NumberedEvent[] = [];
    for (let more = true; more; ) {
      const page = await events.after(id, read.length, 200);
      read.push(...page);
      more = page.length > 0;
    }
    expect(read).toEqual(
      Array.from({ length: lengths[index] ?? 0 }, (_, at) => ({ seqId: at + 1, ...eventAt(index, at) })),
    );
    expect(await events.last(id)).toEqual(read.at(-1));
    for (const frames of [0, 1, 31, 32, 33, 300]) {
      const near = await events.nearFrame(id, frames);
      // Events that share a row are read together.
      expect(read.findLastIndex((event) => event.framesBefore <= frames) - (near - 1)).toBeWithin(0, 64);
    }
    expect(await stranger.events.after(id, 0, 200)).toEqual([]);
  }
  await server.close();
});

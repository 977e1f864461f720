import { expect } from "bun:test";
import type { SentContext } from "../../src/agent/manifest.ts";
import { NOTICES_MAX } from "../../src/agent/plugins/plugin.ts";
import type { NumberedEvent, RunEventReader } from "../../src/agent/ports/run-events.ts";
import type { Run } from "../../src/agent/run.ts";
import { type Actor, type AgentId, newId, type RunId } from "../../src/core/id.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { anotherActor } from "../_harness/actors.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent, block, conversation, message, run, step } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, unknown, write } from "./_subject.ts";

const INPUT = { approvals: [], approvalOtid: null, messages: [] };

/** Runs, steps, events, traces, and what waits for somebody to do it. */
export function runContract(subject: Subject): void {
  runs(subject);
  linked(subject);
  waiting(subject);
  stepsAndTraces(subject);
  events(subject);
}

/** Somebody of the other organisation, one of two users there, with an agent. */
async function colleague(opened: OpenedStore) {
  const actor = await anotherActor(opened.database, world.random, opened.stranger.organizationId);
  const bo = agent();
  await opened.store.write(actor, ({ agents }) => agents.insert(bo));
  const insert = (change: Partial<Run>, by: Actor = actor) => {
    const made = run(bo.id, change);
    return opened.store.write(by, async ({ runs }) => {
      await runs.insert(made);
      return made;
    });
  };
  return { actor, bo, insert };
}

function runs(subject: Subject): void {
  subject("runs: find() gives what insert() and save() stored, to its organisation alone", async (opened) => {
    const ada = agent();
    const begun = run(ada.id, { requestConfig: { maxSteps: 3 }, background: true });
    await write(opened, async ({ agents, runs }) => {
      await agents.insert(ada);
      await runs.insert(begun);
    });
    expect(await reader(opened).runs.find(begun.id)).toEqual(begun);
    expect(await reader(opened).runs.active(ada.id, null)).toBe(begun.id);
    const ended: Run = {
      ...begun,
      status: "failed",
      stopReason: "error",
      completedAt: world.clock.now(),
      ttftNs: 1e12,
    };
    await opened.store.write(opened.stranger, ({ runs }) => runs.save(ended));
    expect(await reader(opened).runs.find(begun.id)).toEqual(begun);
    await write(opened, ({ runs }) => runs.save(ended));
    expect(await reader(opened).runs.find(begun.id)).toEqual(ended);
    expect(await reader(opened).runs.active(ada.id, null)).toBeUndefined();
    expect(await opened.store.reader(opened.stranger).runs.find(begun.id)).toBeUndefined();
    await write(opened, ({ runs }) => runs.remove(begun.id));
    await expectFailure(
      "not_found",
      write(opened, ({ runs }) => runs.remove(begun.id)),
    );
  });

  subject("runs: finish() stores no end of a run that is gone, or whose conversation is", async (opened) => {
    const ada = agent();
    const talk = conversation(ada.id);
    const [own, inTalk] = [run(ada.id), run(ada.id, { conversationId: talk.id })];
    await write(opened, async ({ agents, conversations, runs }) => {
      await agents.insert(ada);
      await conversations.insert(talk);
      for (const each of [own, inTalk]) await runs.insert(each);
    });
    const end = { status: "completed", stopReason: "end_turn" } as const;
    const finished = (each: Run) => write(opened, ({ runs }) => runs.finish({ ...each, ...end }));
    expect(await finished(own)).toBe(true);
    expect(await reader(opened).runs.find(own.id)).toEqual({ ...own, ...end });
    await write(opened, ({ conversations }) => conversations.remove(talk.id));
    expect([await finished(inTalk), await finished(run(ada.id))]).toEqual([false, false]);
    expect((await reader(opened).runs.find(inTalk.id))?.status).toBe("running");
  });

  subject("runs: list() goes through pages both ways and narrows by what is asked", async (opened) => {
    const ada = agent();
    const talk = conversation(ada.id);
    const all = Array.from({ length: 4 }, (_, n) =>
      run(ada.id, n === 2 ? { conversationId: talk.id } : { background: n === 3, status: "completed" }),
    );
    await write(opened, async ({ agents, conversations, runs }) => {
      await agents.insert(ada);
      await conversations.insert(talk);
      for (const each of all) await runs.insert(each);
    });
    const { runs } = reader(opened);
    await expectPages(
      (page) => runs.list({}, page),
      all.map(({ id }) => id),
    );
    const found = async (filter: Parameters<typeof runs.list>[0]) =>
      (await runs.list(filter, ALL)).map(({ id }) => all.findIndex((each) => each.id === id));
    expect(await found({ conversationId: talk.id })).toEqual([2]);
    expect(await found({ conversationId: null, statuses: ["completed"] })).toEqual([0, 1, 3]);
    expect(await found({ background: true })).toEqual([3]);
    expect(await found({ agentIds: [ada.id], stopReason: "error" })).toEqual([]);
    expect(await runs.active(ada.id, talk.id)).toBe(all[2]?.id);
  });
}

function linked(subject: Subject): void {
  subject("runs: what agents asked for is listed and counted by what it comes of", async (opened) => {
    const { actor, bo, insert } = await colleague(opened);
    const root = await insert({});
    const link = { rootRunId: root.id, status: "completed" } as const;
    const child = await insert({ ...link, parentRunId: root.id, depth: 1 });
    const grandchild = await insert({ ...link, parentRunId: child.id, depth: 2 });
    const { runs } = opened.store.reader(actor);
    expect(await runs.find(grandchild.id)).toEqual(grandchild);
    const ids = async (filter: Parameters<typeof runs.list>[0]) => (await runs.list(filter, ALL)).map(({ id }) => id);
    expect(await ids({ rootRunId: root.id })).toEqual([child.id, grandchild.id]);
    expect(await ids({ parentRunId: child.id, agentIds: [bo.id] })).toEqual([grandchild.id]);
    expect([await runs.countOfRoot(root.id, 9), await runs.countOfRoot(root.id, 1)]).toEqual([2, 1]);
    expect(await reader(opened).runs.countOfRoot(root.id, 9)).toBe(0);
    expect(await reader(opened).runs.list({ rootRunId: root.id }, ALL)).toEqual([]);
  });
}

function waiting(subject: Subject): void {
  subject("unfinishedRuns() names the user who began each, oldest first", async (opened) => {
    const other = await colleague(opened);
    const first = await other.insert({});
    const talk = conversation(other.bo.id);
    await opened.store.write(other.actor, ({ conversations }) => conversations.insert(talk));
    const second = await other.insert({ conversationId: talk.id }, opened.stranger);
    await other.insert({ status: "completed" });
    await other.insert({ status: "created" });
    expect(await opened.store.unfinishedRuns()).toEqual([
      { actor: other.actor, runId: first.id },
      { actor: opened.stranger, runId: second.id },
    ]);
  });

  subject("queuedRuns() names who queued them, those that can begin first; begin() takes them off", async (opened) => {
    const { actor, bo, insert } = await colleague(opened);
    const talk = conversation(bo.id);
    await opened.store.write(actor, ({ conversations }) => conversations.insert(talk));
    await insert({});
    const blocked = await insert({ status: "created", metadata: { run_type: "nap" } });
    const free = await insert({ status: "created", conversationId: talk.id }, opened.stranger);
    await opened.store.write(actor, async ({ runs }) => {
      await runs.setQueuedInput(blocked.id, INPUT);
      await runs.setQueuedInput(free.id, { ...INPUT, approvalOtid: "o" });
    });
    const queued = await opened.store.queuedRuns(10);
    expect(queued.map(({ actor: by, runId }) => [by, runId])).toEqual([
      [opened.stranger, free.id],
      [actor, blocked.id],
    ]);
    expect((queued[1]?.dueAt ?? 0) > (queued[0]?.dueAt ?? 0)).toBe(true);
    expect(await opened.store.reader(actor).runs.findQueued({ runId: free.id })).toEqual({
      runId: free.id,
      input: { ...INPUT, approvalOtid: "o" },
    });
    const { runs: queue } = opened.store.reader(actor);
    const ofType = async (runType: string) => (await queue.findQueued({ agentId: bo.id, runType }))?.runId;
    expect([await ofType("nap"), await ofType("walk")]).toEqual([blocked.id, undefined]);
    expect([await queue.countQueued(9), await queue.countQueued(1), await reader(opened).runs.countQueued(9)]).toEqual([
      2, 1, 0,
    ]);
    expect(await reader(opened).runs.findQueued({ runId: free.id })).toBeUndefined();
    await expectFailure(
      "refused",
      write(opened, ({ runs }) => runs.begin(free.id)),
    );
    await opened.store.write(actor, ({ runs }) => runs.begin(free.id));
    await expectFailure(
      "refused",
      opened.store.write(actor, ({ runs }) => runs.begin(free.id)),
    );
    expect((await opened.store.queuedRuns(10)).map(({ runId }) => runId)).toEqual([blocked.id]);
  });

  subject("waitingCallbacks() names whose run it was, until noteCallback() says that it is told", async (opened) => {
    const { actor, insert } = await colleague(opened);
    const done = await insert({ callbackUrl: "https://example.com/hook" });
    await opened.store.write(actor, ({ runs }) =>
      runs.save({ ...done, status: "completed", completedAt: world.clock.now() }),
    );
    const [callback] = await opened.store.waitingCallbacks(10);
    expect(callback).toMatchObject({ actor, runId: done.id, url: "https://example.com/hook", attempts: 0 });
    const sentAt = world.clock.now();
    const outcome = { sentAt, statusCode: 503, error: "busy", retryAt: sentAt };
    await write(opened, ({ runs }) => runs.noteCallback(done.id, { ...outcome, retryAt: null }));
    await opened.store.write(actor, ({ runs }) => runs.noteCallback(done.id, outcome));
    expect(await opened.store.waitingCallbacks(10)).toMatchObject([{ attempts: 1, dueAt: sentAt }]);
    await opened.store.write(actor, ({ runs }) =>
      runs.noteCallback(done.id, { ...outcome, statusCode: 200, error: null, retryAt: null }),
    );
    expect(await opened.store.waitingCallbacks(10)).toEqual([]);
    expect((await opened.store.reader(actor).runs.find(done.id))?.callbackStatusCode).toBe(200);
  });

  subject("expiringApprovals() names whose run it was, those due first at the front", async (opened) => {
    const { actor, insert } = await colleague(opened);
    const ended = { status: "completed" } as const;
    const [later, sooner] = [await insert(ended), await insert(ended, opened.stranger)];
    const [first, second] = [world.clock.now(), world.clock.now()];
    await opened.store.write(actor, async ({ runs }) => {
      await runs.setApprovalDue(later.id, second);
      await runs.setApprovalDue(sooner.id, first);
    });
    await write(opened, ({ runs }) => runs.setApprovalDue(later.id, null));
    expect(await opened.store.expiringApprovals(10)).toEqual([
      { actor: opened.stranger, runId: sooner.id, dueAt: first },
      { actor, runId: later.id, dueAt: second },
    ]);
  });

  subject("waitingWork() names who owed it last; settle() keeps what was owed meanwhile", async (opened) => {
    const { actor } = await colleague(opened);
    const { store, stranger } = opened;
    await store.write(actor, ({ backlog }) => backlog.owe("space", "embed"));
    expect(opened.owed()).toBe(1);
    const [work] = await store.waitingWork(10);
    if (work === undefined) throw new Error("Work is owed");
    expect(work).toMatchObject({ actor, space: "space", kind: "embed", revision: 1, attempts: 0, error: null });
    await store.write(stranger, ({ backlog }) => backlog.owe("space", "embed"));
    await store.write(actor, ({ backlog }) => backlog.settle(work, { state: "done" }));
    const [again] = await store.waitingWork(10);
    if (again === undefined) throw new Error("More is owed");
    expect(again).toMatchObject({ actor: stranger, revision: 2 });
    const retryAt = world.clock.now();
    await store.write(actor, ({ backlog }) => backlog.settle(again, { state: "failed", error: "busy", retryAt }));
    expect(await store.waitingWork(10)).toMatchObject([{ attempts: 1, error: "busy", dueAt: retryAt }]);
    await store.write(actor, ({ backlog }) => backlog.settle(again, { state: "parked", error: "no provider" }));
    expect(await store.waitingWork(10)).toEqual([]);
    expect(await store.reader(actor).backlog.find("space", "embed")).toMatchObject({ error: "no provider" });
    expect(await reader(opened).backlog.find("space", "embed")).toBeUndefined();
    await store.write(actor, ({ backlog }) => backlog.owe("space", "embed", "now"));
    await store.write(opened.actor, ({ backlog }) => backlog.settle({ ...again, revision: 3 }, { state: "done" }));
    expect(await store.waitingWork(10)).toMatchObject([{ actor, revision: 3, attempts: 0 }]);
    await store.write(actor, ({ backlog }) => backlog.settle({ ...again, revision: 3 }, { state: "done" }));
    expect(await store.waitingWork(10)).toEqual([]);
  });
}

function stepsAndTraces(subject: Subject): void {
  subject("steps: context() gives what insert() kept, while its thread and its agent are there", async (opened) => {
    const [ada, bo] = [agent({ system: "You are Ada. ".repeat(50) }), agent({ system: "You are Ada. ".repeat(50) })];
    const human = block("human");
    const hooks: SentContext["hooks"] = [{ plugin: newId("plugin", world.random), name: "guard", did: "note" }];
    const tried = [{ model: "a/b", why: "llm_timeout", message: "late", wasPassedOver: false }];
    const told = (id: AgentId): SentContext => ({
      threadId: id,
      system: `${ada.system}\n<value>\n${human.value}\n</value>`,
      ownPrompt: ada.system,
      blocksShown: [[human.id, 1]],
      tools: '[{"name":"look"}]',
      recalled: { timezone: "UTC", items: [{ kind: "entry", id: "e", score: 0.5 }] },
      messages: { summary: null, first: null, last: null, count: 0 },
      aside: [],
      hooks,
      tried,
      chars: { system: 1, tools: 2, recalled: 3, summary: 4, messages: 5 },
    });
    const [one, two] = [step(ada.id, newId("run", world.random)), step(bo.id, newId("run", world.random))];
    const none = step(ada.id, one.runId);
    await write(opened, async ({ agents, blocks, steps }) => {
      await agents.insert(ada);
      await agents.insert(bo);
      await blocks.insert(human);
      await steps.insert(none);
    });
    const undone = write(opened, async ({ steps }) => {
      await steps.insert(one, told(ada.id));
      throw new Error("no");
    });
    await expect(undone).rejects.toThrow("no");
    await write(opened, async ({ steps }) => {
      await steps.insert(one, told(ada.id));
      await steps.insert(two, told(bo.id));
    });
    const { steps } = reader(opened);
    expect(await steps.context(none.id)).toBeUndefined();
    const { threadId, tools, recalled, messages, aside, chars } = told(ada.id);
    expect(await steps.context(one.id)).toEqual({
      ...{ threadId, tools, recalled, messages, aside, chars, hooks, tried },
      prompt: {
        pieces: [ada.system, "\n<value>\n", { block: 0, isNumbered: false, labels: null }, "\n</value>"],
        blocksShown: [[human.id, 1]],
        blockChars: human.value.length,
      },
    });
    expect(await opened.store.reader(opened.stranger).steps.context(one.id)).toBeUndefined();
    const kept = async () => (await opened.database.reader.execute("select owner from texts", [])).rows.length;
    expect(await kept()).toBe(6);
    await write(opened, ({ agents }) => agents.remove(ada.id));
    expect([await kept(), await steps.context(one.id)]).toEqual([4, undefined]);
    expect((await steps.context(two.id))?.prompt?.pieces[0]).toBe(ada.system);
    await write(opened, ({ agents }) => agents.remove(bo.id));
    expect(await kept()).toBe(0);
  });

  subject("notices: oldest() gives steps in their order, the newest of each agent alone", async (opened) => {
    const [ada, bo] = [agent(), agent()];
    const ids = Array.from({ length: NOTICES_MAX + 2 }, () => newId("step", world.random));
    await write(opened, async ({ agents, notices }) => {
      await agents.insert(ada);
      await agents.insert(bo);
      for (const id of ids) await notices.add(ada.id, id);
    });
    const { notices } = reader(opened);
    expect([await notices.oldest(ada.id), await notices.oldest(bo.id)]).toEqual([ids[2], undefined]);
    expect(await opened.store.reader(opened.stranger).notices.oldest(ada.id)).toBeUndefined();
    await opened.store.write(opened.stranger, (stores) => stores.notices.remove(ada.id, newId("step", world.random)));
    await write(opened, (stores) => stores.notices.remove(ada.id, ids[2] ?? newId("step", world.random)));
    expect(await notices.oldest(ada.id)).toBe(ids[3]);
    await write(opened, ({ agents }) => agents.remove(ada.id));
    expect(await notices.oldest(ada.id)).toBeUndefined();
  });

  subject("steps: list() goes through pages both ways and finds tags as they are written", async (opened) => {
    const ada = agent();
    const done = run(ada.id);
    const tags = [["Good", '50%_"x"'], ["good"], [], ["other"]];
    const all = tags.map((list) => step(ada.id, done.id, { tags: list, usage: null }));
    await write(opened, async ({ agents, runs, steps }) => {
      await agents.insert(ada);
      await runs.insert(done);
      for (const each of all) await steps.insert(each);
    });
    const { steps } = reader(opened);
    await expectPages(
      (page) => steps.list({}, page),
      all.map(({ id }) => id),
    );
    const [first] = all;
    if (first === undefined) throw new Error("There are four");
    expect(await steps.find(first.id)).toEqual(first);
    await write(opened, (stores) => stores.steps.save({ ...first, feedback: "positive", errorData: { a: 1 } }));
    const found = async (filter: Parameters<typeof steps.list>[0]) =>
      (await steps.list(filter, ALL)).map(({ id }) => all.findIndex((each) => each.id === id));
    expect(await found({ tags: ["Good"] })).toEqual([0]);
    expect(await found({ tags: ['50%_"x"', "other"] })).toEqual([0, 3]);
    expect(await found({ tags: ["Goo"] })).toEqual([]);
    expect(await found({ hasFeedback: true })).toEqual([0]);
    expect(await found({ hasFeedback: false, model: "m", start: all[2]?.createdAt ?? world.clock.now() })).toEqual([
      2, 3,
    ]);
    expect(await opened.store.reader(opened.stranger).steps.list({}, ALL)).toEqual([]);
  });

  subject("traces: those of a run go with it, and only the newest of an organisation stay", async (opened) => {
    const ada = agent();
    const done = run(ada.id);
    const first = step(ada.id, done.id);
    const trace = {
      stepId: first.id,
      runId: done.id,
      agentId: ada.id,
      userId: opened.actor.userId,
      llmConfig: ada.llmConfig,
      requestJson: "{}",
      responseJson: '{"a":1}',
      createdAt: world.clock.now(),
    };
    await write(opened, async ({ agents, runs, steps, traces }) => {
      await agents.insert(ada);
      await runs.insert(done);
      await steps.insert(first);
      await traces.insert(trace);
    });
    expect(await reader(opened).traces.find(first.id)).toEqual(trace);
    expect(await reader(opened).traces.listForRun(done.id, 10)).toEqual([trace]);
    expect(await opened.store.reader(opened.stranger).traces.find(first.id)).toBeUndefined();
    await write(opened, ({ runs }) => runs.remove(done.id));
    expect(await reader(opened).traces.find(first.id)).toBeUndefined();
  });
}

/** Expects a log to hold these events, whatever is asked for at once. */
async function expectTold(log: RunEventReader, id: RunId | undefined, whole: readonly NumberedEvent[]): Promise<void> {
  if (id === undefined) throw new Error("The run is there");
  for (const after of [0, 1, 3, 62, 63, 64, 65])
    for (const limit of [1, 2, 63, 64, 200])
      expect(await log.after(id, after, limit)).toEqual(whole.slice(after, after + limit));
  expect(await log.last(id)).toEqual(whole.at(-1));
  for (const { seqId, framesBefore } of whole) {
    const near = await log.nearFrame(id, framesBefore);
    expect([near <= seqId, near > seqId - 64]).toEqual([true, true]);
  }
}

function events(subject: Subject): void {
  subject(
    "events: after() gives each once in order, those that were moved and those that have just come",
    async (opened) => {
      const [ada, bo] = [agent(), agent()];
      const [one, two] = [run(ada.id), run(bo.id)];
      const store = sqlStore(opened.database, await takeLease(opened.database), { ...world, arrivalsMax: 100 });
      await store.write(opened.actor, async ({ agents, runs }) => {
        for (const each of [ada, bo]) await agents.insert(each);
        for (const each of [one, two]) await runs.insert(each);
      });
      const stored = (n: number) => ({ framesBefore: 2 * n, data: JSON.stringify({ n, text: "a 🦭" }) });
      let count = 0;
      for (const size of [1, 70, 30, 3, 20]) {
        const from = count;
        const list = Array.from({ length: size }, (_, n) => stored(from + n + 1));
        await store.write(opened.actor, ({ events: log }) =>
          log.append([
            { runId: one.id, firstSeqId: from + 1, events: list },
            { runId: unknown(one.id), firstSeqId: 1, events: list },
            { runId: two.id, firstSeqId: from + 1, events: list.slice(0, 1) },
          ]),
        );
        count += size;
      }
      const { events: log } = store.reader(opened.actor);
      const seen: number[] = [];
      for (let last = 0; seen.length < count; last = seen.at(-1) ?? count) {
        const page = await log.after(one.id, last, 17);
        expect(page.length).toBeGreaterThan(0);
        for (const { seqId, ...event } of page) {
          expect(event).toEqual(stored(seqId));
          seen.push(seqId);
        }
      }
      expect(seen).toEqual(Array.from({ length: count }, (_, n) => n + 1));
      expect(await log.last(one.id)).toEqual({ seqId: count, ...stored(count) });
      expect(await log.last(unknown(one.id))).toBeUndefined();
      expect(await log.nearFrame(one.id, 0)).toBe(1);
      const near = await log.nearFrame(one.id, 180);
      expect(near > 1 && near <= 91).toBe(true);
      const strange = store.reader(opened.stranger).events;
      expect(await strange.after(one.id, 0, 10)).toEqual([]);
      for (const { id } of [one, two]) expect(await strange.last(id)).toBeUndefined();
      for (const { id } of [one, two]) expect(await strange.nearFrame(id, 180)).toBe(1);
      await store.write(opened.stranger, ({ events: theirs }) =>
        theirs.append([{ runId: one.id, firstSeqId: count + 1, events: [stored(count + 1)] }]),
      );
      expect((await log.last(one.id))?.seqId).toBe(count);
      await store.write(opened.actor, ({ runs }) => runs.remove(one.id));
      expect(await log.after(one.id, 0, 10)).toEqual([]);
    },
  );

  subject("events: what a run told with its end is read piece by piece, wherever it is kept", async (opened) => {
    const ada = agent();
    const talk = conversation(ada.id);
    const sizes = [1, 3, 64, 65];
    const all = [...sizes.map(() => run(ada.id)), run(ada.id, { conversationId: talk.id })];
    const store = sqlStore(opened.database, await takeLease(opened.database), { ...world, arrivalsMax: 500 });
    const told = (size: number) =>
      Array.from({ length: size }, (_, n) => ({ seqId: n + 1, framesBefore: 2 * n, data: JSON.stringify({ n }) }));
    const append = (id: RunId, size: number) =>
      store.write(opened.actor, ({ events: log }) =>
        log.append([
          { runId: id, firstSeqId: 1, events: told(size).map(({ seqId: _, ...event }) => event), hasEnd: true },
        ]),
      );
    await store.write(opened.actor, async ({ agents, conversations, runs }) => {
      await agents.insert(ada);
      await conversations.insert(talk);
      for (const each of all) await runs.insert(each);
    });
    for (const [index, { id }] of all.entries()) await append(id, sizes[index] ?? 3);
    const { events: log } = store.reader(opened.actor);
    const check = async () => {
      for (const [index, size] of sizes.entries()) await expectTold(log, all[index]?.id, told(size));
    };
    await check();
    const gone = all.at(-1);
    expect(gone && (await log.after(gone.id, 0, 10))).toHaveLength(3);
    await store.write(opened.actor, ({ conversations }) => conversations.remove(talk.id));
    expect(gone && (await log.after(gone.id, 0, 10))).toEqual([]);
    // So many that all are moved.
    const others = Array.from({ length: 8 }, () => run(ada.id));
    await store.write(opened.actor, async ({ runs }) => {
      for (const each of others) await runs.insert(each);
    });
    for (const { id } of others) await append(id, 64);
    const { rows } = await opened.database.reader.execute("select count(*) as rows from run_event_arrivals", []);
    expect(Number(rows[0]?.["rows"])).toBeLessThan(others.length);
    await check();
  });

  subject(
    "events: after() gives what an older server left, one frame a row, as far as is asked for",
    async (opened) => {
      const ada = agent();
      const done = run(ada.id);
      await write(opened, async ({ agents, runs }) => {
        await agents.insert(ada);
        await runs.insert(done);
      });
      for (const seqId of [1, 2, 3])
        await opened.database.writer.execute(
          "insert into run_event_arrivals (run_id, seq_id, data) values ($1, $2, 'data: x')",
          [done.id, seqId],
        );
      const { events: log } = reader(opened);
      const seen = async (after: number, limit: number) =>
        (await log.after(done.id, after, limit)).map(({ seqId, framesBefore }) => [seqId, framesBefore]);
      expect(await seen(0, 2)).toEqual([
        [1, 0],
        [2, 1],
      ]);
      expect(await seen(1, 1)).toEqual([[2, 1]]);
      expect(await seen(1, 2)).toEqual([
        [2, 1],
        [3, 2],
      ]);
    },
  );

  subject("events: what servers left that ended early is moved, too", async (opened) => {
    const ada = agent();
    const all = Array.from({ length: 3 }, () => run(ada.id));
    await write(opened, async ({ agents, runs }) => {
      await agents.insert(ada);
      for (const each of all) await runs.insert(each);
    });
    const left: number[] = [];
    for (const { id } of all) {
      const store = sqlStore(opened.database, await takeLease(opened.database), { ...world, arrivalsMax: 10 });
      const told = Array.from({ length: 4 }, (_, n) => ({ framesBefore: n, data: JSON.stringify({ n }) }));
      await store.write(opened.actor, ({ events: log }) => log.append([{ runId: id, firstSeqId: 1, events: told }]));
      const { rows } = await opened.database.reader.execute("select count(*) as rows from run_event_arrivals", []);
      left.push(Number(rows[0]?.["rows"]));
    }
    expect(left).toEqual([4, 8, 0]);
    for (const { id } of all) expect(await reader(opened).events.after(id, 0, 10)).toHaveLength(4);
  });

  subject("conversations: remove() takes what its runs told and were told", async (opened) => {
    const ada = agent();
    const talk = conversation(ada.id, { isolatedBlockIds: [] });
    const done = run(ada.id, {
      conversationId: talk.id,
      requestConfig: { overrideSystem: "secret" },
      metadata: { error: "secret" },
    });
    const kept = run(ada.id, { requestConfig: { overrideSystem: "mine" } });
    await write(opened, async ({ agents, blocks, conversations, runs, messages }) => {
      await agents.insert(ada);
      await blocks.insert(block("human"));
      await conversations.insert(talk);
      for (const each of [done, kept]) await runs.insert(each);
      await messages.append(talk.id, [message(ada.id, "user", "secret", { conversationId: talk.id })]);
    });
    await write(opened, ({ conversations }) => conversations.remove(talk.id));
    const { runs } = reader(opened);
    expect(JSON.stringify(await runs.find(done.id))).not.toContain("secret");
    expect((await runs.find(kept.id))?.requestConfig).toEqual({ overrideSystem: "mine" });
  });
}

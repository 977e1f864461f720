import { afterEach, beforeEach, expect, test } from "bun:test";
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { type Clock, instantOf } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { createDueWork } from "../../src/run/chores/due-work.ts";
import type { SqlConnection, SqlDatabase } from "../../src/store/base/driver.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { migrate } from "../../src/store/base/migrate.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

/** The beginning of the log that is left of it: its header and some frames. */
const LEFT_BYTES = 40_000;

let directory: ReturnType<typeof temporaryDirectory>;
let database: OpenedSqlite;
/**
 * The next statement that it matches cannot be read, nor can all later ones where it `lasts`; `skips` more can, before,
 * and all of them before `after`.
 */
let failing: { readonly pattern: RegExp; skips: number; after?: RegExp | undefined; lasts?: boolean } | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  database = openSqlite(directory.path);
  failing = undefined;
});

afterEach(async () => {
  await database.close();
  directory.remove();
});

/** The database on a disk that fails now and then, as SQLite tells of it: a transaction ends with such an error. */
function failingDatabase(): SqlDatabase {
  const over = (connection: SqlConnection): SqlConnection => ({
    async execute(sql, parameters) {
      const isBefore = failing?.after !== undefined;
      if (failing?.after?.test(sql) === true) failing.after = undefined;
      if (isBefore || failing?.pattern.test(sql) !== true || failing.skips-- > 0)
        return connection.execute(sql, parameters);
      if (failing.lasts !== true) failing = undefined;
      throw new Failure("unreadable", "The disk failed");
    },
  });
  return { ...database, reader: over(database.reader), writer: over(database.writer) };
}

async function served(
  work: (server: TestServer) => Promise<void>,
  extra: Parameters<typeof startTestServer>[0] = {},
): Promise<void> {
  const server = await startTestServer({ database: failingDatabase(), ...extra });
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

test("execute() tells of what cannot be read, and stores nothing more of that transaction", async () => {
  await database.writer.execute("create table notes (text text)", []);
  for (let i = 0; i < 50; i++) await database.writer.execute("insert into notes values ($1)", ["x".repeat(3_000)]);
  const other = temporaryDirectory();
  for (const name of ["selkie.db", "selkie.db-wal"]) copyFileSync(join(directory.path, name), join(other.path, name));
  const log = join(other.path, "selkie.db-wal");
  const whole = readFileSync(log);
  const cold = openSqlite(other.path);

  const insert = async (text: string) => cold.writer.execute("insert into notes values ($1)", [text]);
  await cold.writer.execute("begin immediate", []);
  truncateSync(log, LEFT_BYTES);
  const first = await insert("first").catch((error: unknown) => error);
  expect(first).toMatchObject({ kind: "unreadable", message: expect.stringContaining("failed to read") });
  writeFileSync(log, whole, { flag: "r+" });
  expect(await insert("second").catch((error: unknown) => error)).toBe(first);
  expect(() => cold.writer.execute("rollback", [])).toThrow("no transaction is active");
  await insert("third");
  const { rows } = await cold.reader.execute("select text from notes where length(text) < 10", []);
  expect(rows).toEqual([{ text: "third" }]);
  await cold.close();
  other.remove();
});

test("a request that needs what cannot be read gets 503, and the next one its answer", async () => {
  await served(async (server) => {
    const agentId = await server.agent();
    failing = { pattern: /from "?agents/, skips: 0 };
    const path = `/v1/agents/${agentId}`;
    expect(await server.request("GET", path)).toMatchObject({ status: 503, body: { detail: "The disk failed" } });
    expect((await server.request("GET", path)).status).toBe(200);
  });
});

test("a tool that cannot read ends the run with that error, and the model hears nothing of it", async () => {
  await served(async (server) => {
    const agentId = await server.agent();
    server.model.say({ calls: [{ name: "conversation_search", arguments: { query: "hello" } }] }, { text: "Later." });
    failing = { after: /^savepoint/, pattern: /^select/, skips: 0 };
    const body = { messages: [{ role: "user", content: "hello" }] };
    const { status } = await server.request("POST", `/v1/agents/${agentId}/messages`, body);
    expect(status).toBe(503);
    const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
    expect([run.status, run.metadata.error.message]).toEqual(["failed", "The disk failed"]);
    expect((await server.request("POST", `/v1/agents/${agentId}/messages`, body)).status).toBe(200);
    expect(JSON.stringify(server.model.requests.at(-1)?.messages)).not.toContain("disk");
  });
});

test("a repeated request whose run cannot be read leaves no rejection that nobody takes", async () => {
  await served(async (server) => {
    const agentId = await server.agent();
    server.model.say({ text: "Hello." });
    const path = `/v1/agents/${agentId}/messages`;
    const body = { messages: [{ role: "user", content: "hello", otid: crypto.randomUUID() }] };
    expect((await server.request("POST", path, body)).status).toBe(200);
    const rejected: unknown[] = [];
    const take = (error: unknown) => void rejected.push(error);
    process.on("unhandledRejection", take);
    // The first read finds the run that took the message before, the second is the one that nobody waits for.
    failing = { pattern: /from runs where id = /, skips: 1 };
    await (await server.stream(path, { ...body, streaming: true })).text();
    await Bun.sleep(10);
    process.off("unhandledRejection", take);
    expect([failing === undefined, rejected]).toEqual([true, []]);
  });
});

test("a request for an approval can expire, though the compaction after it could not be stored", async () => {
  await served(async (server) => {
    const tool_rules = [{ type: "requires_approval", tool_name: "memory_insert" }];
    const agentId = await server.agent({ tool_rules });
    const path = `/v1/agents/${agentId}/messages`;
    for (let turn = 0; turn < 6; turn++) {
      server.model.say({ text: `answer ${turn}` });
      await server.request("POST", path, { messages: [{ role: "user", content: `question ${turn}` }] });
    }
    const write = { name: "memory_insert", arguments: { label: "human", new_string: "x", insert_line: -1 } };
    server.model.say({ calls: [write], totalTokens: 120_000 }, { text: "A summary." });
    failing = { pattern: /update "thread_messages" set "in_context"/, skips: 0 };
    const messages = [{ role: "user", content: "write" }];
    const { status, body } = await server.request("POST", path, { messages, approval_timeout_seconds: 60 });
    expect([failing === undefined, status, body.stop_reason?.stop_reason]).toEqual([true, 200, "requires_approval"]);
    const due = await server.server.store.expiringApprovals(10);
    expect(due).toHaveLength(1);

    // The same where not even the end could be stored at once.
    const other = await server.agent({ tool_rules });
    server.model.say({ calls: [write], totalTokens: 120_000 });
    failing = { pattern: /update runs set status/, skips: 0 };
    const asked = await server.request("POST", `/v1/agents/${other}/messages`, {
      messages,
      approval_timeout_seconds: 60,
    });
    expect([failing === undefined, asked.status]).toEqual([true, 503]);
    const [run] = (await server.request("GET", `/v1/runs/?agent_id=${other}`)).body;
    expect([run.status, run.stop_reason]).toEqual(["completed", "requires_approval"]);
    expect(await server.server.store.expiringApprovals(10)).toHaveLength(2);
  });
});

test("a stream whose end could not be stored at once tells what the run had used", async () => {
  await served(async (server) => {
    const agentId = await server.agent({ tool_rules: [{ type: "requires_approval", tool_name: "memory_insert" }] });
    const write = { name: "memory_insert", arguments: { label: "human", new_string: "x", insert_line: -1 } };
    server.model.say({ calls: [write], totalTokens: 120_000 });
    failing = { pattern: /update runs set status/, skips: 0 };
    const body = { messages: [{ role: "user", content: "write" }], streaming: true };
    const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, body));
    expect(failing).toBeUndefined();
    expect(events.find((event) => event.message_type === "stop_reason").stop_reason).toBe("requires_approval");
    const usage = events.find((event) => event.message_type === "usage_statistics");
    expect([usage.total_tokens, usage.step_count]).toEqual([120_000, 1]);
  });
});

test("what waits for a run that cannot be continued after a restart is woken when that run is ended", async () => {
  await served(async (server) => {
    const agentId = await server.agent();
    const gate = Promise.withResolvers<void>();
    server.model.say({ text: "too late", after: gate.promise });
    const body = { messages: [{ role: "user", content: "go" }], callback_url: "http://callback.invalid/" };
    const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, body);
    while (server.model.requests.length === 0) await Bun.sleep(5);

    const successor = await server.restarted();
    failing = { pattern: /from "steps"/, skips: 0 };
    await successor.runner.recover();
    const now = async () => (await server.request("GET", `/v1/runs/${run.id}`)).body;
    expect([failing === undefined, (await now()).status]).toEqual([true, "failed"]);
    for (let tries = 0; tries < 200 && (await now()).callback_sent_at === null; tries++) await Bun.sleep(5);
    expect((await now()).callback_error).toContain("callback.invalid");
    await successor.runner.drain(1_000);
    gate.resolve();
  });
});

test("a queued run is not ended any more once it has begun, though it could not begin before, nor be ended", async () => {
  const world = realWorld();
  // The waits between tries are short here.
  const sleep: Clock["sleep"] = (durationMs, signal) => world.clock.sleep(durationMs / 50, signal);
  await served(
    async (server) => {
      const main = await server.agent({ name: "Ada", enable_sleeptime: true });
      const { body } = await server.request("GET", `/v1/agents/${main}?include=agent.managed_group`);
      const { id: group, agent_ids } = body.managed_group;
      const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 1 };
      await server.request("PATCH", `/v1/groups/${group}`, { manager_config });
      const llm_config = { model: "x", model_endpoint_type: "nobody", context_window: 8_000 };
      await server.request("PATCH", `/v1/agents/${agent_ids[0]}`, { llm_config });

      server.model.say({ calls: [{ name: "send_message", arguments: { message: "Hello!" } }] });
      const gate = Promise.withResolvers<void>();
      failing = { pattern: /update runs set status = \$1.*approval_due_at/s, skips: 1, lasts: true };
      const said = await server.request("POST", `/v1/agents/${main}/messages`, { input: "hi" });
      // The companion's turn has not begun for want of a provider, nor could it be ended.
      await Bun.sleep(50);
      server.model.say({ calls: [{ name: "memory_finish_edits", arguments: {} }], after: gate.promise });
      await server.request("PATCH", `/v1/agents/${agent_ids[0]}`, { model: "openai/gpt-4o-mini" });
      const run = async () => (await server.request("GET", `/v1/runs/${said.body.usage.run_ids[0]}`)).body;
      while (server.model.requests.length < 2) await Bun.sleep(5);
      failing = undefined;
      await Bun.sleep(50);
      expect((await run()).status).toBe("running");
      gate.resolve();
      while ((await run()).completed_at === null) await Bun.sleep(5);
      expect((await run()).status).toBe("completed");
    },
    { world: { ...world, clock: { ...world.clock, sleep } } },
  );
});

test("a stream that cannot be read on breaks off, and leaves nothing that waits for it", async () => {
  const slept: (AbortSignal | undefined)[] = [];
  const world = realWorld();
  const sleep: typeof world.clock.sleep = (durationMs, signal) => {
    if (durationMs > 10_000) slept.push(signal);
    return world.clock.sleep(durationMs, signal);
  };
  const server = await startTestServer({
    database: failingDatabase(),
    world: { ...world, clock: { ...world.clock, sleep } },
  });
  const agentId = await server.agent();
  server.model.say({ text: "Hello." });
  const path = `/v1/agents/${agentId}/messages`;
  const sent = { messages: [{ role: "user", content: "hello" }], streaming: true, background: true };
  await (await server.stream(path, sent)).text();
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body as Answer;
  slept.length = 0;
  failing = { pattern: /run_event_arrivals/, skips: 0 };
  // Where to begin is looked up before there is a stream to break off.
  expect((await server.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 })).status).toBe(503);
  failing = { pattern: /run_event_arrivals/, skips: 1 };
  const broken = await server.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 });
  expect(broken.text()).rejects.toThrow("The disk failed");
  await Bun.sleep(10);
  expect(slept.map((signal) => signal?.aborted)).toEqual([true]);
  const whole = await (await server.stream(`/v1/runs/${run.id}/stream`, { starting_after: 0 })).text();
  expect(whole).toContain("[DONE]");
  await server.close();
});

test("nearest() compares every vector again once they can be read", async () => {
  const world = realWorld();
  const failed = failingDatabase();
  await migrate(failed, world.clock.now());
  const store = sqlStore(failed, await takeLease(failed), world);
  const add = (id: string, vector: Float32Array) =>
    store.write(DEFAULT_ACTOR, async ({ entries, vectors }) => {
      const entry = { session: "s", speaker: "", role: "none", text: id, at: instantOf(0), tags: [] } as const;
      await entries.add("a", [{ id, ...entry }]);
      await vectors.put("a", "m", [{ id, vector }]);
    });
  const nearest = () =>
    store.reader(DEFAULT_ACTOR).vectors.nearest("a", { model: "m", vector: Float32Array.of(1, 0), limit: 1 });
  await add("far", Float32Array.of(0, 1));
  expect((await nearest())[0]?.similarity).toBeCloseTo(0.5, 5);
  await add("near", Float32Array.of(1, 0));
  failing = { pattern: /select number, vector from umi_vectors/, skips: 0 };
  expect(nearest()).rejects.toThrow("The disk failed");
  expect((await nearest())[0]?.similarity).toBeCloseTo(1, 5);
});

test("createDueWork() goes on by itself after a list that could not be read and an item that could not be stored", async () => {
  let nowMs = 0;
  const clock = {
    now: () => instantOf(nowMs),
    elapsedMs: () => nowMs,
    async sleep(durationMs: number) {
      nowMs += durationMs;
      await Bun.sleep(0);
    },
  };
  const failures: unknown[] = [];
  const done: string[] = [];
  let reads = 0;
  const items = ["one", "two"];
  const work = createDueWork({
    clock,
    async waiting() {
      if (reads++ === 0) throw new Failure("unreadable", "The list");
      return items.filter((item) => !done.includes(item)).map((item) => ({ item, dueAt: instantOf(0) }));
    },
    async work({ item }) {
      if (item === "one" && failures.length === 1) throw new Failure("unreadable", "The item");
      done.push(item);
    },
    onError: (error) => failures.push(error instanceof Error ? error.message : error),
  });
  work.wake();
  for (let i = 0; i < 50; i++) await Bun.sleep(0);
  await work.settle();
  expect([failures, done]).toEqual([
    ["The list", "The item"],
    ["two", "one"],
  ]);
});

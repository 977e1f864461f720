import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compose, type Server } from "../../src/app/compose.ts";
import { isAtHome } from "../../src/app/disk/home.ts";
import { homeFile } from "../../src/app/disk/home-file.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

/** Longer than a server that goes on takes to ask its model or to send a callback that is due. */
const QUIET_MS = 400;
const TOOL = { source_code: 'def look():\n    """Looks."""\n    return 1\n', default_requires_approval: true };

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let hook: ReturnType<typeof startHook>;
const running: ServerProcess[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  model = startModelServer();
  hook = startHook();
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.kill();
  await model.stop();
  await hook.stop();
  directory.remove();
});

/** A receiver of callbacks, which has no room until it is told otherwise. */
function startHook() {
  const bodies: Answer[] = [];
  const state = { status: 503 };
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      bodies.push(await request.json());
      return new Response("", { status: state.status });
    },
  });
  return { url: `http://127.0.0.1:${http.port}/`, bodies, state, stop: () => http.stop(true) };
}

const place = (name: string) => join(directory.path, name);

/** Starts a server on a folder, its log kept beside it. */
async function start(name: string, environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const command = ["sh", "-c", `exec "$0" "$@" 2>>'${place(name)}.log'`, ...SELKIE];
  const settings = { ...model.environment, SELKIE_ALLOW_PRIVATE_URLS: "1", SELKIE_LOG_LEVEL: "warn", ...environment };
  const server = await startServer(place(name), settings, command);
  running.push(server);
  return server;
}

const logOf = (name: string) => readFileSync(`${place(name)}.log`, "utf8");

async function ok({ url }: ServerProcess, method: string, path: string, body?: object): Promise<Answer> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url + path, { method, headers: { "content-type": "application/json" }, ...init });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

async function until(isDone: () => unknown): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await isDone()) return;
    await Bun.sleep(10);
  }
  throw new Error("It did not happen");
}

const agentOf = async (server: ServerProcess, extra: object = {}): Promise<string> =>
  (await ok(server, "POST", "/v1/agents/", { model: "openai/gpt-4o-mini", memory_blocks: [], ...extra })).id;

const sendAsync = async (server: ServerProcess, agentId: string, extra: object = {}): Promise<string> => {
  const body = { messages: [{ role: "user", content: "go" }], callback_url: hook.url, ...extra };
  return (await ok(server, "POST", `/v1/agents/${agentId}/messages/async`, body)).id;
};

interface Original {
  readonly told: string;
  readonly cut: string;
  readonly agentId: string;
  readonly yearlyId: string;
}

/** A folder of which a server was killed: one run's callback is to be sent again, another run waits for its model. */
async function killedServer(): Promise<Original> {
  const server = await start("data");
  const told = await sendAsync(server, await agentOf(server));
  await until(async () => (await ok(server, "GET", `/v1/runs/${told}`)).callback_status_code === 503);
  const agentId = await agentOf(server);
  const yearly = { type: "recurring", cron_expression: "0 0 1 1 *" };
  const said = { messages: [{ role: "user", content: "A good year" }], schedule: yearly };
  const { id: yearlyId } = await ok(server, "POST", `/v1/agents/${agentId}/schedule`, said);
  model.say({ text: "too late", after: new Promise(() => {}) });
  const cut = await sendAsync(server, agentId);
  await until(() => model.requests.length === 2);
  await server.kill();
  // The next try is due at once, as it would be after some time.
  edit("data", "update run_callbacks set due_at = 0");
  hook.state.status = 200;
  return { told, cut, agentId, yearlyId };
}

function edit(name: string, sql: string): void {
  const database = new Database(join(place(name), "selkie.db"));
  database.run(sql);
  database.close();
}

const copy = (from: string, to: string) => cpSync(place(from), place(to), { recursive: true });

/** Nothing of the original's happens, and its runs are over. */
async function expectLeft(server: ServerProcess, { told, cut, agentId, yearlyId }: Original): Promise<void> {
  await Bun.sleep(QUIET_MS);
  expect([model.requests.length, hook.bodies.length]).toEqual([2, 1]);
  const ended = await ok(server, "GET", `/v1/runs/${cut}`);
  expect(ended).toMatchObject({ status: "failed", stop_reason: "error", callback_sent_at: null });
  expect(ended.metadata.error.message).toMatch(/ended here because the data is a copy/);
  expect(ended.callback_error).toMatch(/^Not sent, because the data is a copy/);
  expect((await ok(server, "GET", `/v1/runs/${told}`)).callback_error).toMatch(/^Not sent, because/);
  const yearly = await ok(server, "GET", `/v1/agents/${agentId}/schedule/${yearlyId}`);
  expect(yearly).toMatchObject({ next_scheduled_time: null, stopped: expect.stringMatching(/data is a copy/) });
}

/** What was begun is finished, once. */
async function expectFinished(server: ServerProcess, { told, cut, agentId, yearlyId }: Original): Promise<void> {
  await until(async () => (await ok(server, "GET", `/v1/runs/${cut}`)).callback_status_code === 200);
  await until(async () => (await ok(server, "GET", `/v1/runs/${told}`)).callback_status_code === 200);
  expect((await ok(server, "GET", `/v1/runs/${cut}`)).status).toBe("completed");
  expect(hook.bodies.map((body) => body.run_id).toSorted()).toEqual([told, told, cut].toSorted());
  expect(model.requests.length).toBe(3);
  const yearly = await ok(server, "GET", `/v1/agents/${agentId}/schedule/${yearlyId}`);
  expect(yearly).toMatchObject({ next_scheduled_time: expect.stringMatching(/-01-01T00:00:00Z$/), stopped: null });
}

test("a copied folder ends the runs of its original, sends no callback and says so; the original finishes them", async () => {
  const original = await killedServer();
  copy("data", "copy");
  const second = await start("copy");
  await expectLeft(second, original);
  expect(logOf("copy")).toMatch(
    /is a copy.*ended 1 unfinished run and dropped 2 unsent callbacks, and stopped 1 scheduled message,.*SELKIE_CONTINUE_COPY=1/,
  );
  // What is asked of the copy it does.
  const answer = await ok(second, "POST", `/v1/agents/${original.agentId}/messages`, { input: "hello" });
  expect(answer.messages.at(-1).content).toBe("Done.");
  expect(model.requests.length).toBe(3);
  await second.stop();

  // Once told, it is at home, and goes on with what it has begun itself.
  model.say({ text: "never", after: new Promise(() => {}) });
  const again = await start("copy");
  const own = await sendAsync(again, original.agentId, { callback_url: null });
  await until(() => model.requests.length === 4);
  await again.kill();
  const third = await start("copy");
  await until(async () => (await ok(third, "GET", `/v1/runs/${own}`)).status === "completed");
  expect(logOf("copy").match(/is a copy/g)?.length).toBe(1);

  const first = await start("data");
  await until(async () => (await ok(first, "GET", `/v1/runs/${original.cut}`)).status === "completed");
  await until(() => hook.bodies.length === 3);
  expect(logOf("data")).not.toMatch(/is a copy/);
}, 60_000);

test("a folder that was moved goes on", async () => {
  const original = await killedServer();
  renameSync(place("data"), place("elsewhere"));
  await expectFinished(await start("elsewhere"), original);
  expect(logOf("elsewhere")).toBe("");
}, 60_000);

test("a database whose mark was left behind or deleted is a copy", async () => {
  const original = await killedServer();
  rmSync(join(place("data"), "selkie.home"));
  await expectLeft(await start("data"), original);
  expect(existsSync(join(place("data"), "selkie.home"))).toBe(true);
}, 60_000);

test("SELKIE_CONTINUE_COPY lets a copy go on, and from then on it is at home", async () => {
  const original = await killedServer();
  copy("data", "copy");
  const server = await start("copy", { SELKIE_CONTINUE_COPY: "1" });
  await expectFinished(server, original);
  expect(logOf("copy")).toBe("");
  model.say({ text: "never", after: new Promise(() => {}) });
  const own = await sendAsync(server, original.agentId, { callback_url: null });
  await until(() => model.requests.length === 4);
  await server.kill();
  const again = await start("copy");
  await until(async () => (await ok(again, "GET", `/v1/runs/${own}`)).status === "completed");
}, 60_000);

/** What a command says that works on a folder by itself. */
async function command(
  name: string,
  ...words: readonly string[]
): Promise<{ readonly out: string; readonly err: string }> {
  // Nothing listens there.
  const given = [...SELKIE, ...words, "--data", place(name), "--port", "1"];
  const env = { ...model.environment, PATH: process.env["PATH"] ?? "", HOME: directory.path };
  const child = Bun.spawn(given, { env, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`selkie ${words.join(" ")}: ${code} ${out}${err}`);
  return { out, err };
}

test("commands that only look at a copy settle nothing of it, and begin nothing", async () => {
  const original = await killedServer();
  edit("data", "update schedules set next_due_at = 1, look_at = 1");
  copy("data", "copy");
  writeFileSync(place("agents.yaml"), "blocks:\n  team: { value: Three people. }\n");
  expect((await command("copy", "agents", "--json")).err).toMatch(/is a copy.*next server.*SELKIE_CONTINUE_COPY=1/);
  await command("copy", "schedule", "list", original.agentId);
  await command("copy", "secrets");
  expect((await command("copy", "apply", place("agents.yaml"))).err).toMatch(/is a copy/);
  const later = ["--cron", "0 0 1 2 *"];
  const { err } = await command("copy", "schedule", "add", original.agentId, "Later", ...later);
  expect(err).toMatch(/is a copy/);
  expect([model.requests.length, hook.bodies.length]).toEqual([2, 1]);
  copy("copy", "again");
  const server = await start("again", { SELKIE_CONTINUE_COPY: "1" });
  await until(async () => (await ok(server, "GET", `/v1/runs/${original.cut}`)).status === "completed");
  const { scheduled_messages: going } = await ok(server, "GET", `/v1/agents/${original.agentId}/schedule`);
  expect(going.map(({ stopped }: Answer) => stopped)).toEqual([null, null]);
  await server.stop();
  const { length } = model.requests;
  const other = await start("copy");
  expect(logOf("copy")).toMatch(/is a copy.*stopped 2 scheduled messages/);
  expect((await ok(other, "GET", `/v1/runs/${original.cut}`)).status).toBe("failed");
  expect(model.requests.length).toBe(length);
}, 60_000);

test("schedules that were stopped in a copy go on at a later start with SELKIE_CONTINUE_COPY", async () => {
  const original = await killedServer();
  const once = { type: "one-time", scheduled_at: Date.now() + 4_000_000 };
  const first = await start("data");
  const said = { messages: [{ role: "user", content: "Once" }], schedule: once };
  const { id } = await ok(first, "POST", `/v1/agents/${original.agentId}/schedule`, said);
  await first.stop();
  copy("data", "copy");
  await (await start("copy")).stop();
  // A start without the setting leaves them stopped.
  await (await start("copy")).stop();
  const path = `/v1/agents/${original.agentId}/schedule`;
  const server = await start("copy", { SELKIE_CONTINUE_COPY: "1" });
  expect(logOf("copy")).toMatch(/Resumed 2 scheduled messages/);
  expect(await ok(server, "GET", `${path}/${original.yearlyId}`)).toMatchObject({
    next_scheduled_time: expect.stringMatching(/-01-01T00:00:00Z$/),
    stopped: null,
  });
  const due = (await ok(server, "GET", `${path}/${id}`)).next_scheduled_time;
  expect(new Date(due).getTime()).toBe(once.scheduled_at);
  await server.stop();
  await (await start("copy", { SELKIE_CONTINUE_COPY: "1" })).stop();
  expect(logOf("copy").match(/Resumed/g)).toHaveLength(1);
}, 60_000);

test("a copy of what waits for an approval lets it wait, and a queued run never begins", async () => {
  const server = await start("data");
  const tool = await ok(server, "POST", "/v1/tools/", TOOL);
  const agentId = await agentOf(server, { tool_ids: [tool.id] });
  model.say({ calls: [{ name: "look", arguments: {} }] });
  const asking = await sendAsync(server, agentId);
  await until(async () => (await ok(server, "GET", `/v1/runs/${asking}`)).callback_status_code === 503);
  const waiting = await sendAsync(server, await agentOf(server), { callback_url: null });
  await until(async () => (await ok(server, "GET", `/v1/runs/${waiting}`)).status === "completed");
  await server.kill();
  edit("data", `update runs set approval_due_at = 1, callback_sent_at = null where id = '${asking}'`);
  const input = JSON.stringify({ messages: [{ role: "user", content: "later" }], approvals: [], approvalOtid: null });
  edit(
    "data",
    `update runs set status = 'created', completed_at = null, stop_reason = null, queued_input = '${input}' where id = '${waiting}'`,
  );
  copy("data", "copy");
  const { length } = model.requests;
  const second = await start("copy");
  await Bun.sleep(QUIET_MS);
  expect([model.requests.length, hook.bodies.length]).toEqual([length, 1]);
  const ended = await ok(second, "GET", `/v1/runs/${waiting}`);
  expect([ended.status, ended.metadata.error.message]).toEqual(["failed", expect.stringContaining("is a copy")]);
  expect((await ok(second, "GET", `/v1/runs/${asking}`)).stop_reason).toBe("requires_approval");
  // Whoever cancels it in the copy causes no callback either.
  await ok(second, "POST", `/v1/agents/${agentId}/messages/cancel`, { run_ids: [asking] });
  expect((await ok(second, "GET", `/v1/runs/${asking}`)).status).toBe("cancelled");
  await second.stop();
  await start("copy");
  await Bun.sleep(QUIET_MS);
  expect(hook.bodies.length).toBe(1);
}, 60_000);

test("a start on a copy that is killed again and again ends the runs once it is let", async () => {
  const original = await killedServer();
  copy("data", "copy");
  for (const afterMs of [80, 160, 240, 320, 400]) await startAndKill("copy", afterMs);
  await expectLeft(await start("copy"), original);
}, 60_000);

test("a first start that is killed again and again never makes a copy of what is none", async () => {
  const original = await killedServer();
  for (const afterMs of [80, 160, 240, 320]) {
    edit("data", "delete from home");
    rmSync(join(place("data"), "selkie.home"), { force: true });
    // Whoever gets to ask the model is not heard.
    model.always(() => ({ text: "never", after: new Promise(() => {}) }));
    await startAndKill("data", afterMs);
  }
  model.always(() => undefined);
  const server = await start("data");
  await until(async () => (await ok(server, "GET", `/v1/runs/${original.cut}`)).status === "completed");
  expect(logOf("data")).not.toMatch(/is a copy/);
}, 60_000);

async function startAndKill(name: string, afterMs: number): Promise<void> {
  const command = [...SELKIE, "serve", "--port", "0", "--data", place(name)];
  const env = {
    ...model.environment,
    PATH: process.env["PATH"] ?? "",
    HOME: directory.path,
    SELKIE_LOG_LEVEL: "silent",
  };
  const child = Bun.spawn(command, { env, stdout: "ignore", stderr: "ignore" });
  await Bun.sleep(afterMs);
  child.kill(9);
  await child.exited;
}

/** A start in this process that breaks off before the statement of this number, as a kill would there. */
async function startUntil(
  name: string,
  statement: number,
): Promise<{ readonly server?: Server; close(): Promise<void> }> {
  const database = openSqlite(place(name));
  let left = statement;
  const writer: OpenedSqlite["writer"] = {
    execute(sql, parameters) {
      // What the dead process had open, SQLite rolls back.
      if (left-- <= 0 && sql !== "rollback") throw new Error("killed");
      return database.writer.execute(sql, parameters);
    },
  };
  const close = async () => database.close();
  try {
    const server = await compose({
      world: realWorld(),
      database: { ...database, writer },
      home: homeFile(place(name)),
      providers: model.providers,
      apiKey: null,
      origins: [],
      localOnly: true,
      llmRequestTimeoutMs: 5_000,
      llmStreamTimeoutMs: 5_000,
      log: () => {},
    });
    return { server, close };
  } catch {
    return { close };
  }
}

test.each(["copy", "data"])(
  "a start on the %s folder may end before any of its statements",
  async (name) => {
    const original = await killedServer();
    if (name === "copy") copy("data", "copy");
    else {
      edit("data", "delete from home");
      rmSync(join(place("data"), "selkie.home"));
    }
    for (let statement = 0; ; statement++) {
      rmSync(place("again"), { recursive: true, force: true });
      // A folder that is at home when it is moved.
      renameSync(place(name), place("again"));
      cpSync(place("again"), place(name), { recursive: true });
      const { server, close } = await startUntil("again", statement);
      await close();
      if (server !== undefined) break;
      expect(statement).toBeLessThan(1_000);
      const after = await startUntil("again", Number.POSITIVE_INFINITY);
      const unfinished = await after.server?.store.unfinishedRuns();
      const callbacks = await after.server?.store.waitingCallbacks(10);
      expect([statement, unfinished?.length, callbacks?.length]).toEqual([
        statement,
        ...(name === "copy" ? [0, 0] : [1, 1]),
      ]);
      await after.close();
    }
    expect(original.cut).toMatch(/^run-/);
  },
  60_000,
);

test("isAtHome() knows a file by its number and birth, or by the moment of its last change", () => {
  const known = { number: "12", born: "5", changed: "7" };
  expect(isAtHome(known, { ...known, changed: "9" })).toBe(true);
  expect(isAtHome(known, { number: "99", born: null, changed: "7" })).toBe(true);
  expect(isAtHome({ ...known, born: null }, { ...known, changed: "9" })).toBe(true);
  expect(isAtHome(known, { number: "12", born: "8", changed: "9" })).toBe(false);
  expect(isAtHome(known, { number: "13", born: "5", changed: "9" })).toBe(false);
  expect(isAtHome(known, undefined)).toBe(false);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { type Answer, eventsOf } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

const COMMAND = [process.execPath, join(import.meta.dir, "../_harness/outside-server.ts")];
const UNKNOWN = /the server stopped before its answer was stored. Whether it took effect is unknown/;

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let server: ServerProcess;

beforeEach(async () => {
  directory = temporaryDirectory();
  model = startModelServer();
});

afterEach(async () => {
  await server.kill();
  await model.stop();
  directory.remove();
});

const effects = () => join(directory.path, "effects");
const reached = () => join(directory.path, "reached");

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

async function start(stopAt = ""): Promise<void> {
  const stop = { SELKIE_TEST_STOP_AT: stopAt, SELKIE_TEST_REACHED: reached() };
  server = await startServer(directory.path, { ...model.environment, ...stop }, COMMAND);
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const init = { method, headers: { "content-type": "application/json" } };
  const response = await fetch(
    `${server.url}${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  );
  if (response.status !== 200) throw new Error(`${method} ${path}: ${await response.text()}`);
  return response.json();
}

/** An agent whose model calls a tool once, with `first` before it twice; `isIdempotent` says that it may run again. */
async function begin(args: object, isIdempotent = false, first?: object): Promise<string> {
  const tool = await call("POST", "/v1/tools/", { source_code: 'def act():\n    """Act."""\n' });
  if (isIdempotent) await call("PATCH", `/v1/tools/${tool.id}`, { metadata_: { idempotent: true } });
  const draft = { model: "openai/gpt-4o-mini", tool_ids: [tool.id], include_base_tools: false };
  const { id } = await call("POST", "/v1/agents/", draft);
  const calls = [...(first === undefined ? [] : [first]), args];
  model.say({ calls: calls.map((given) => ({ name: "act", arguments: { file: effects(), ...given } })) });
  await call("POST", `/v1/agents/${id}/messages/async`, { input: "go" });
  return id;
}

/** What the call was answered with in the end, after the server was started again. */
async function answerAfterRestart(agentId: string): Promise<string> {
  await server.kill();
  await start();
  for (;;) {
    const [run] = await call("GET", `/v1/runs/?agent_id=${agentId}`);
    if (run.status === "completed") break;
    await Bun.sleep(10);
  }
  const messages: readonly Answer[] = await call("GET", `/v1/agents/${agentId}/messages?order=asc`);
  const returns = messages.filter(({ message_type }) => message_type === "tool_return_message");
  expect(returns).toHaveLength(1);
  const last = model.requests.at(-1)?.messages ?? [];
  const answers: readonly Answer[] = returns[0]?.tool_returns ?? [];
  expect(last.filter(({ tool_call_id }) => tool_call_id !== undefined)).toHaveLength(answers.length);
  return answers.map(({ tool_return }) => tool_return).join(" | ");
}

const begun = () => linesOf(effects()).filter((line) => line.startsWith("begins")).length;

test("killed before the model had asked for it, a tool runs once", async () => {
  await start();
  const never = Promise.withResolvers<void>();
  model.say({ text: "never heard", after: never.promise });
  const agentId = await begin({});
  await until(() => model.requests.length === 1);
  expect(begun()).toBe(0);
  expect(await answerAfterRestart(agentId)).toBe("done");
  expect(begun()).toBe(1);
  never.resolve();
});

test("killed before its process began, a tool does not run: nobody knows that it had not", async () => {
  await start("before");
  const agentId = await begin({});
  await until(() => existsSync(reached()));
  expect(await answerAfterRestart(agentId)).toMatch(UNKNOWN);
  expect(begun()).toBe(0);
});

test("killed while it ran, a tool is not run again, and the model hears that its outcome is unknown", async () => {
  await start();
  const agentId = await begin({ ms: 500 });
  await until(() => begun() === 1);
  expect(await answerAfterRestart(agentId)).toMatch(UNKNOWN);
  expect(begun()).toBe(1);
});

test("killed between a tool's end and its answer being stored, it is not run again", async () => {
  await start("after");
  const agentId = await begin({});
  await until(() => existsSync(reached()));
  expect(await answerAfterRestart(agentId)).toMatch(UNKNOWN);
  expect(begun()).toBe(1);
});

test("killed once its answer is stored, a tool is not run again, and the model hears the answer", async () => {
  await start();
  const never = Promise.withResolvers<void>();
  const agentId = await begin({ text: "the answer" });
  model.say({ text: "never heard", after: never.promise });
  await until(() => model.requests.length === 2);
  expect(await answerAfterRestart(agentId)).toBe("the answer");
  expect(begun()).toBe(1);
  never.resolve();
});

test("killed between two answers, none of the calls runs again, and one message has both answers", async () => {
  await start();
  const agentId = await begin({ ms: 60_000 }, false, { text: "the first" });
  await until(() => begun() === 2);
  expect(await answerAfterRestart(agentId)).toMatch(/^the first \| .*Whether it took effect is unknown/);
  expect(begun()).toBe(2);
  const [run] = await call("GET", `/v1/runs/?agent_id=${agentId}`);
  const stream = await fetch(`${server.url}/v1/runs/${run.id}/stream`, { method: "POST" });
  const told = (await eventsOf(stream)).filter(({ message_type: type }) => type === "tool_return_message");
  expect(told).toHaveLength(1);
  expect(told[0].tool_returns).toHaveLength(2);
});

test("a tool that says that it is idempotent runs again", async () => {
  await start("after");
  const agentId = await begin({ text: "the answer" }, true);
  await until(() => existsSync(reached()));
  expect(await answerAfterRestart(agentId)).toBe("the answer");
  expect(begun()).toBe(2);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";
import { calling, MESSAGING, returnsOf } from "./_world.ts";

// A server that is killed while one agent waits for another leaves both whole.

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let server: ServerProcess;

beforeEach(async () => {
  directory = temporaryDirectory();
  model = startModelServer();
  server = await startServer(directory.path, model.environment);
});

afterEach(async () => {
  await server.kill();
  await model.stop();
  directory.remove();
});

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const init = { method, headers: { "content-type": "application/json" } };
  const response = await fetch(
    `${server.url}${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  );
  if (response.status !== 200) throw new Error(`${method} ${path}: ${await response.text()}`);
  return response.json();
}

async function make(extra: object = {}): Promise<string> {
  const draft = { model: "openai/gpt-4o-mini", tools: MESSAGING, include_base_tools: false, ...extra };
  return (await call("POST", "/v1/agents/", draft)).id;
}

async function ended(agentId: string): Promise<readonly Answer[]> {
  for (;;) {
    const runs: readonly Answer[] = await call("GET", `/v1/runs/?agent_id=${agentId}`);
    if (runs.length > 0 && runs.every(({ status }) => status !== "running" && status !== "created")) return runs;
    await Bun.sleep(10);
  }
}

for (const tool of MESSAGING.slice(0, 2))
  test(`killed while the other agent thought, a call of ${tool} is answered truly, and the other was asked once`, async () => {
    const [ada, bo] = [await make(), await make()];
    const never = Promise.withResolvers<void>();
    const isAsked = () =>
      JSON.stringify(model.requests.at(-1)?.messages ?? []).includes("A message from another agent");
    model.always(() => {
      if (isAsked()) return { text: "Never heard.", after: never.promise };
      const last = model.requests.at(-1)?.messages.at(-1);
      return last?.role === "tool" ? { text: "Ended." } : calling(tool, { message: "Hi", other_agent_id: bo });
    });
    await call("POST", `/v1/agents/${ada}/messages/async`, { input: "go" });
    while (!model.requests.some(({ messages }) => JSON.stringify(messages).includes("A message from another agent")))
      await Bun.sleep(5);
    await server.kill();
    model.always(() => {
      const last = model.requests.at(-1)?.messages.at(-1);
      return { text: last?.role === "tool" ? "Ended." : "I am here." };
    });
    server = await startServer(directory.path, model.environment);
    await ended(ada);
    expect(await ended(bo)).toHaveLength(1);
    const messages = await call("GET", `/v1/agents/${ada}/messages?order=asc`);
    const [[status, text] = []] = returnsOf({ messages });
    expect(status).toBe("success");
    expect(text).toContain(tool === MESSAGING[0] ? "I am here." : "Successfully sent message");
    const heard: readonly Answer[] = await call("GET", `/v1/agents/${bo}/messages?order=asc`);
    expect(heard.filter(({ sender_id }) => sender_id === ada)).toHaveLength(1);
    never.resolve();
  });

test("killed after a compaction, a run knows the calls that went out of its context, and writes a new letter by the same id", async () => {
  const ada = await make({ compaction_settings: { mode: "all", model: "openai/gpt-4o" } });
  const bo = await make();
  const never = Promise.withResolvers<void>();
  let isKilled = false;
  let letters = 0;
  model.always(() => {
    const asked = model.requests.at(-1);
    if (asked?.model === "gpt-4o") return { text: "A letter was written." };
    const words = JSON.stringify(asked?.messages);
    if (words.includes("A message from another agent")) return { text: words.includes("two") ? "To two." : "To one." };
    const sent = ++letters;
    if (sent > 3) return { text: "Ended." };
    const args = { message: sent === 1 ? "one" : "two", other_agent_id: bo };
    const calls = [{ name: MESSAGING[0], arguments: args, id: "call_abcdefghijklmnop" }];
    return { calls, totalTokens: 120_000, ...(isKilled || sent === 1 ? {} : { after: never.promise }) };
  });
  await call("POST", `/v1/agents/${ada}/messages/async`, { input: "go" });
  while (letters < 2) await Bun.sleep(5);
  expect(JSON.stringify(await call("GET", `/v1/agents/${ada}/messages`))).toContain("system_alert");
  await server.kill();
  isKilled = true;
  server = await startServer(directory.path, model.environment);
  await ended(ada);
  expect(await ended(bo)).toHaveLength(2);
  const messages = await call("GET", `/v1/agents/${ada}/messages?order=asc`);
  const told = returnsOf({ messages }).map(([status, text]) => [status, /To \w+/.exec(text)?.[0]]);
  expect(told).toEqual([
    ["success", "To one"],
    ["success", "To two"],
  ]);
  never.resolve();
});

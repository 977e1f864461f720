import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Many clients spend one budget while the server is killed and started again at random. What counts is what the provider
// was asked and would charge: never more than the budget, and all of it but for what was on its way.

const CLIENTS = 200;
const KILLS = 6;
/** The most that a call of the agents here can come to, with all that they have said. */
const CALL_MAX = 5_000;
/** Longer than any test: no border of a window comes between. */
const WINDOW = 31_622_400;

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let server: ServerProcess;
let isOver = false;

beforeEach(async () => {
  isOver = false;
  directory = temporaryDirectory();
  model = startModelServer();
  server = await startServer(directory.path, model.environment);
});

afterEach(async () => {
  isOver = true;
  await server.kill();
  await model.stop();
  directory.remove();
});

interface Told {
  readonly status: number;
  readonly body: Answer;
}

/** Asks until somebody answers: a server that is killed does not. */
async function ask(method: string, path: string, body?: object): Promise<Told> {
  const init = { method, headers: { "content-type": "application/json" } };
  while (!isOver) {
    try {
      const response = await fetch(
        `${server.url}${path}`,
        body === undefined ? init : { ...init, body: JSON.stringify(body) },
      );
      return { status: response.status, body: await response.json() };
    } catch {
      await Bun.sleep(50);
    }
  }
  throw new Error("The test is over");
}

async function ok(method: string, path: string, body?: object): Promise<Answer> {
  const told = await ask(method, path, body);
  if (told.status !== 200) throw new Error(`${method} ${path}: ${told.status} ${JSON.stringify(told.body)}`);
  return told.body;
}

/** Sends under a name, so that a request whose answer was lost finds the run that took it. */
function send(agentId: string, text: string): Promise<Told> {
  const message = { role: "user", content: text, otid: text };
  return ask("POST", `/v1/agents/${agentId}/messages`, { messages: [message] });
}

async function agents(count: number): Promise<readonly string[]> {
  const draft = {
    model: "openai/gpt-4o-mini",
    include_base_tools: false,
    model_settings: { provider_type: "openai", max_output_tokens: 100 },
  };
  return Promise.all(Array.from({ length: count }, async () => (await ok("POST", "/v1/agents/", draft)).id));
}

/** What calls hold that were on their way when the server was killed. */
function held(): { readonly calls: number; readonly amount: number } {
  const [file = ""] = readdirSync(directory.path).filter((name) => name.endsWith(".db"));
  const database = new Database(join(directory.path, file));
  const sums = "select count(*) as calls, coalesce(sum(amount), 0) as amount from reservations";
  const found = database.query<{ calls: number; amount: number }, []>(sums).get() ?? { calls: 0, amount: 0 };
  database.close();
  return found;
}

/**
 * Kills the server at random moments, and starts it again on the same data, until the work is done. Gives how often, and
 * what was on its way each time.
 */
async function killing(work: Promise<unknown>) {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  const lost = { kills: 0, calls: 0, amount: 0 };
  for (; lost.kills < KILLS && !isDone; lost.kills++) {
    await Bun.sleep(50 + Math.random() * 400);
    await server.kill();
    const { calls, amount } = held();
    lost.calls += calls;
    lost.amount += amount;
    server = await startServer(directory.path, model.environment);
  }
  await done;
  return lost;
}

/** Waits until no run is at work. */
async function settled(): Promise<void> {
  while ((await ok("GET", "/v1/runs/active")).length > 0) await Bun.sleep(50);
}

/** What the provider was asked by how many messages: the words of the last user in each request. */
function askedFor(): ReadonlySet<string> {
  return new Set(
    model.requests.map(({ messages }) => JSON.stringify(messages.findLast(({ role }) => role === "user")?.content)),
  );
}

test("200 clients against a budget of 100 runs, killed at random, begin 100", async () => {
  model.always(() => ({ text: "yes", after: Bun.sleep(20 + Math.random() * 60) }));
  const ids = await agents(CLIENTS);
  await ok("POST", "/v1/limits", { kind: "runs", amount: 100, window: WINDOW });
  const statuses: number[] = [];
  const clients = ids.map(async (id, at) => statuses.push((await send(id, `message of client ${at}`)).status));
  const lost = await killing(Promise.all(clients));
  await settled();
  const [spent] = await ok("GET", "/v1/limits/spend");
  const runs = await ok("GET", "/v1/runs/?limit=1000");
  expect(lost.kills).toBeGreaterThan(0);
  expect(spent.used).toBe(100);
  expect(runs).toHaveLength(100);
  expect(askedFor().size).toBe(100);
  expect(statuses.filter((status) => status === 429)).toHaveLength(100);
}, 120_000);

test("200 clients against a budget of tokens, killed at random, never take more than there are", async () => {
  // Less than a request has bytes, as it is with every provider.
  const TOKENS = 500;
  const BUDGET = 150_000;
  model.always(() => ({ text: "yes", totalTokens: TOKENS, after: Bun.sleep(20 + Math.random() * 60) }));
  const ids = await agents(CLIENTS);
  await ok("POST", "/v1/limits", { kind: "tokens", amount: BUDGET, window: WINDOW });
  const charged = () => model.requests.length * TOKENS;
  let most = 0;
  const clients = ids.map(async (id, at) => {
    for (let sent = 0; ; sent++) {
      const { status, body } = await send(id, `message ${sent} of client ${at}`);
      most = Math.max(most, charged());
      if (status === 429 || body.stop_reason?.stop_reason === "insufficient_credits") return;
    }
  });
  const lost = await killing(Promise.all(clients));
  await settled();
  const [spent] = await ok("GET", "/v1/limits/spend");
  expect(lost.calls).toBeGreaterThan(0);
  // Never over, by what the provider charges.
  expect(Math.max(most, charged())).toBeLessThanOrEqual(BUDGET);
  expect(spent.used).toBeGreaterThanOrEqual(charged());
  expect(spent.used).toBeLessThanOrEqual(BUDGET);
  expect(spent.reserved).toBe(0);
  // Never under by more than one call, and by what was on its way when the server was killed.
  expect(spent.left).toBeLessThan(CALL_MAX);
  expect(spent.used - charged()).toBeLessThanOrEqual(lost.amount);
}, 120_000);

import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// A batch is worked off while the server is killed again and again, in the midst of whatever it does. Each request must be
// one run, neither more nor fewer, and the batch must come to its end.

const AGENTS = 6;
const REQUESTS = 60;
const KILLS = 6;
const END_MS_MAX = 60_000;
/** Batches that are cancelled as the server is killed, and how long after that at most. */
const CANCELS = 4;
const CANCEL_MS_MAX = 12;
/** How long the model takes, so that runs are at work whenever the server is killed. */
const THINKING_MS = 300;

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

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const init = { method, headers: { "content-type": "application/json" } };
  const response = await fetch(
    `${server.url}${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  );
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function killed(): Promise<void> {
  await server.kill();
  server = await startServer(directory.path, model.environment);
}

interface Made {
  readonly id: string;
  readonly agents: readonly string[];
  readonly said: readonly string[];
}

/** A batch of requests, each with its own words, to some agents in turn. */
async function begin(): Promise<Made> {
  const agents: string[] = [];
  for (let count = 0; count < AGENTS; count++) {
    const { id } = await ask("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", include_base_tools: false });
    agents.push(id);
  }
  const said = Array.from({ length: REQUESTS }, (_, position) => `word ${position}`);
  const requests = said.map((content, position) => ({
    agent_id: agents[position % AGENTS],
    messages: [{ role: "user", content }],
  }));
  const { id } = await ask("POST", "/v1/messages/batches", { requests });
  return { id, agents, said };
}

const shown = (id: string) => ask("GET", `/v1/messages/batches/${id}`);

async function until(id: string, isIt: (batch: Answer) => boolean): Promise<Answer> {
  const end = Date.now() + END_MS_MAX;
  for (;;) {
    const batch = await shown(id);
    if (isIt(batch)) return batch;
    if (Date.now() > end) throw new Error(`It did not come true in time: ${JSON.stringify(batch)}`);
    await Bun.sleep(50);
  }
}

async function runsOf(agents: readonly string[]): Promise<readonly Answer[]> {
  return (await Promise.all(agents.map((agent) => ask("GET", `/v1/runs/?agent_id=${agent}&limit=200`)))).flat();
}

/** What people said to the agents, of whichever run. */
async function heardBy(agents: readonly string[]): Promise<readonly string[]> {
  const pages: readonly (readonly Answer[])[] = await Promise.all(
    agents.map((agent) => ask("GET", `/v1/agents/${agent}/messages?limit=500`)),
  );
  const heard = pages.flat().filter(({ message_type: type }) => type === "user_message");
  return heard.map(({ content }) => content).filter((content) => content.startsWith("word "));
}

/** Where in the batch the request of each run stood. */
const positionsOf = (runs: readonly Answer[]): readonly number[] =>
  runs.map(({ metadata }) => metadata.batch_position).toSorted((a: number, b: number) => a - b);

test("no request of a batch is lost or gets two runs, whenever the server is killed", async () => {
  model.always(() => ({ text: "Noted.", after: Bun.sleep(THINKING_MS) }));
  const { id, agents, said } = await begin();
  const left: number[] = [];
  for (let kills = 0; kills < KILLS; kills++) {
    await Bun.sleep(50 + Math.random() * 500);
    left.push((await shown(id)).metadata.waiting);
    await killed();
  }
  // The kills met the batch while some of it was done and some was not.
  expect(left.filter((waiting) => waiting > 0 && waiting < REQUESTS).length).toBeGreaterThan(1);
  const over = await until(id, ({ status }) => status !== "running");
  expect(over).toMatchObject({
    status: "completed",
    metadata: { requests: REQUESTS, completed: REQUESTS, waiting: 0, unfinished: 0, failed: 0, cancelled: 0 },
  });
  const runs = await runsOf(agents);
  expect(runs.map(({ metadata }) => metadata.batch_id).filter((batch) => batch !== id)).toEqual([]);
  expect(positionsOf(runs)).toEqual(said.map((_, position) => position));
  for (const { agent_id: agent, metadata } of runs) expect(agent).toBe(agents[metadata.batch_position % AGENTS]);
  expect((await heardBy(agents)).toSorted()).toEqual(said.toSorted());
}, 180_000);

test("a batch that is cancelled after a restart begins nothing more, and stays cancelled after the next", async () => {
  const held = Promise.withResolvers<void>();
  let isHeld = true;
  model.always(() => ({ text: "Noted.", ...(isHeld ? { after: held.promise } : {}) }));
  const { id, agents } = await begin();
  await until(id, ({ metadata }) => metadata.unfinished === 16);
  await killed();
  await until(id, ({ metadata }) => metadata.unfinished === 16 && metadata.waiting === REQUESTS - 16);
  const atWork = async () => (await runsOf(agents)).filter(({ status }) => status === "running").length;
  while ((await atWork()) < AGENTS) await Bun.sleep(20);
  await ask("PATCH", `/v1/messages/batches/${id}/cancel`);
  // Acknowledged, it must be found cancelled.
  await killed();
  const cancelled = await shown(id);
  expect([cancelled.status, cancelled.metadata.waiting]).toEqual(["cancelled", 0]);
  isHeld = false;
  held.resolve();
  const over = await until(id, ({ metadata }) => metadata.unfinished === 0);
  const { completed, cancelled: stopped, failed } = over.metadata;
  expect([over.status, completed + stopped, failed]).toEqual(["cancelled", REQUESTS, 0]);
  // One run of each agent was at work, and all others had not begun.
  expect([completed, stopped]).toEqual([AGENTS, REQUESTS - AGENTS]);
  expect(positionsOf(await runsOf(agents))).toEqual(Array.from({ length: 16 }, (_, position) => position));
  expect(await heardBy(agents)).toHaveLength(AGENTS);
}, 120_000);

test("a batch whose server is killed while it is cancelled is cancelled whole, or not at all", async () => {
  const held = Promise.withResolvers<void>();
  model.always(() => ({ text: "Noted.", after: held.promise }));
  for (let tries = 0; tries < CANCELS; tries++) {
    const { id, agents } = await begin();
    await until(id, ({ metadata }) => metadata.unfinished === 16);
    const cancelling = ask("PATCH", `/v1/messages/batches/${id}/cancel`).catch(() => undefined);
    await Bun.sleep(Math.random() * CANCEL_MS_MAX);
    await server.kill();
    await cancelling;
    server = await startServer(directory.path, model.environment);
    const { status, metadata } = await shown(id);
    const queued = (await runsOf(agents)).filter((run) => run.status === "created").length;
    expect([status, metadata.waiting > 0, queued > 0]).toEqual(
      status === "cancelled" ? ["cancelled", false, false] : ["running", true, true],
    );
    await ask("PATCH", `/v1/messages/batches/${id}/cancel`);
    for (const agent of agents) await ask("DELETE", `/v1/agents/${agent}`);
  }
  held.resolve();
}, 120_000);

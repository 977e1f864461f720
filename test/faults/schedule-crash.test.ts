import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Scheduled messages fall due while the server is killed again and again, in the midst of whatever it does. Each of them
// must be sent once: never twice, and in the end all of them.

const AGENTS = 4;
const EACH = 30;
/** From the first due time to the last. */
const SPAN_MS = 6_000;
const KILLS = 8;
const END_MS_MAX = 60_000;

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

async function runsOf(agentId: string): Promise<readonly Answer[]> {
  return ask("GET", `/v1/runs/?agent_id=${agentId}&limit=200`);
}

test("no due time is lost or gets two runs, whenever the server is killed", async () => {
  const agents: string[] = [];
  for (let count = 0; count < AGENTS; count++) {
    const { id } = await ask("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", include_base_tools: false });
    agents.push(id);
  }
  const from = Date.now() + 1_500;
  const schedules = new Set<string>();
  const said = new Set<string>();
  for (const agentId of agents)
    for (let count = 0; count < EACH; count++) {
      const content = `word ${schedules.size}`;
      const scheduled_at = from + Math.floor((SPAN_MS * count) / EACH);
      const body = { messages: [{ role: "user", content }], schedule: { scheduled_at } };
      const { id } = await ask("POST", `/v1/agents/${agentId}/schedule`, body);
      schedules.add(id);
      said.add(content);
    }
  for (let kills = 0; kills < KILLS; kills++) {
    await Bun.sleep(Math.max(0, from - Date.now()) + 150 + Math.random() * 600);
    await server.kill();
    server = await startServer(directory.path, model.environment);
  }
  const until = Date.now() + END_MS_MAX;
  let runs: readonly Answer[] = [];
  while (Date.now() < until) {
    runs = (await Promise.all(agents.map(runsOf))).flat();
    if (runs.length >= schedules.size && runs.every(({ status }) => status !== "created" && status !== "running"))
      break;
    await Bun.sleep(100);
  }
  expect(runs.map(({ status }) => status).filter((status) => status !== "completed")).toEqual([]);
  expect(runs.map(({ metadata }) => metadata.schedule_id).toSorted()).toEqual([...schedules].toSorted());
  const heard: string[] = [];
  for (const agentId of agents) {
    expect((await ask("GET", `/v1/agents/${agentId}/schedule`)).scheduled_messages).toEqual([]);
    const messages: readonly Answer[] = await ask("GET", `/v1/agents/${agentId}/messages?limit=500`);
    heard.push(...messages.filter(({ message_type }) => message_type === "user_message").map(({ content }) => content));
  }
  expect(heard.filter((text) => said.has(text)).toSorted()).toEqual([...said].toSorted());
}, 180_000);

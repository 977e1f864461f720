import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "../../src/store/base/migrate.ts";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { type Answer, eventsOf } from "../_harness/server.ts";
import { loggedTo, type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// What servers of every schema version left when they were killed in the middle of an answer, opened by today's.
// `test/store/older/README.md` says how they were made.

/** The first version whose server could be told to learn from what is said. */
const LEARNS = 8;
/** What the model says when it is asked again for the answer that was cut off. */
const ANSWER = "The tide comes at noon.";
/** How often work that is owed is looked for. */
const TRIES_MAX = 400;

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let server: ServerProcess | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  model = startModelServer();
});

afterEach(async () => {
  await server?.kill();
  await model.stop();
  directory.remove();
});

async function get(path: string): Promise<Answer> {
  const response = await fetch(`${server?.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return response.json();
}

/** Puts the database of `version` into a folder of its own, starts today's server on it, and returns what that logs. */
async function startOn(version: number): Promise<{ readonly data: string; readonly log: string }> {
  const [data, log] = [join(directory.path, "data"), join(directory.path, "log")];
  mkdirSync(data);
  const packed = readFileSync(join(import.meta.dir, "older", `schema-${version}.db.gz`));
  writeFileSync(join(data, "selkie.db"), Bun.gunzipSync(packed));
  // In a new folder it looks like a copy of the one where it was made.
  const environment = { ...model.environment, SELKIE_CONTINUE_COPY: "1", SELKIE_LOG_LEVEL: "warn" };
  server = await startServer(data, environment, loggedTo(log));
  return { data, log: readFileSync(log, "utf8") };
}

async function post(path: string, body: object): Promise<Answer> {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${server?.url}${path}`, init);
  expect([path, response.status]).toEqual([path, 200]);
  return response.json();
}

/** What came with version 15 does its work on what was there before it, and says of what it cannot know that it does not. */
async function expectNewRoutesWork(agent: string, version: number): Promise<void> {
  await post("/v1/limits", { kind: "tokens", window: "day", amount: 1_000_000 });
  await post("/v1/limits", { kind: "active_runs", amount: 5, subject_kind: "agent", subject_id: agent });
  const { after: before } = await get("/v1/changes");
  await post(`/v1/agents/${agent}/messages`, { messages: [{ role: "user", content: "And tomorrow?" }] });
  const [spent] = await get("/v1/limits/spend");
  expect([spent.used, spent.reserved]).toEqual([15, 0]);
  const { changes } = await get(`/v1/changes?after=${before}`);
  expect(changes.map(({ kind }: Answer) => kind)).toEqual(["run.started", "run.ended"]);
  const steps = (await get(`/v1/steps?agent_id=${agent}&order=asc`)) as readonly Answer[];
  const context = await get(`/v1/steps/${steps.at(-1).id}/context`);
  expect([context.is_complete, context.messages.at(-1).id.startsWith("message-")]).toEqual([true, true]);
  const human = context.blocks?.find(({ label }: Answer) => label === "human");
  if (context.blocks !== null) expect(human.value).toBe("Ada\nLikes otters.");
  const first = await fetch(`${server?.url}/v1/steps/${steps[0].id}/context`);
  expect(first.status).toBe(version < 15 ? 404 : 200);
  const block = await get(`/v1/agents/${agent}/core-memory/blocks/human`);
  const change = { method: "PATCH", headers: { "content-type": "application/json" }, body: '{"value":"Bo"}' };
  expect((await fetch(`${server?.url}/v1/blocks/${block.id}`, change)).status).toBe(200);
  expect((await post(`/v1/blocks/${block.id}/undo`, {})).value).toBe("Ada\nLikes otters.");
  expect((await get("/v1/usage?by=agent")).usage[0].steps).toBe(steps.length);
  expect((await get("/v1/audit")).entries.length).toBeGreaterThan(0);
  expect(await get("/v1/retention")).toMatchObject({ run_events_days: null });
}

const namesOf = (texts: readonly Answer[], kind: string) =>
  texts.flatMap((message) => (message.message_type === kind ? [message.content] : []));

for (let version = 1; version <= SCHEMA_VERSION; version++) {
  const streamed = version >= 5 && version <= 7 ? "that version 4 left" : "that was streaming";
  test(`a database of schema version ${version} keeps everything, and the run ${streamed} is told to its end`, async () => {
    model.always(() => ({ text: ANSWER }));
    const { data, log } = await startOn(version);
    const copy = join(data, `selkie.schema-${version}.db`);
    const isOlder = version < SCHEMA_VERSION;
    expect([existsSync(copy), log.includes(copy)]).toEqual([isOlder, isOlder]);
    if (isOlder) {
      const kept = new Database(copy, { readonly: true });
      expect(kept.query("select max(version) as version from schema_version").get()).toEqual({ version });
      kept.close();
    }

    const [agent, ...others] = await get("/v1/agents/");
    expect([agent.name, agent.tags, others]).toEqual(["Otter", ["old"], []]);
    const [run] = (await get(`/v1/runs/?agent_id=${agent.id}&order=desc`)) as readonly Answer[];
    const stream = await fetch(`${server?.url}/v1/runs/${run.id}/stream`, { method: "POST", body: "{}" });
    const events = await eventsOf(stream);
    expect(events.at(-1)).toBe("[DONE]");
    const said = namesOf(events, "assistant_message").join("");
    expect([said.startsWith("The tide comes "), said.endsWith(ANSWER)]).toEqual([true, true]);
    const numbers = events.flatMap((event) => (typeof event === "object" && "seq_id" in event ? [event.seq_id] : []));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(events.find((event) => event.message_type === "stop_reason").stop_reason).toBe("end_turn");
    expect((await get(`/v1/runs/${run.id}`)).status).toBe("completed");

    const path = `/v1/agents/${agent.id}`;
    const blocks = (await get(`${path}/core-memory/blocks`)) as readonly Answer[];
    expect(Object.fromEntries(blocks.map(({ label, value }) => [label, value]))).toEqual({
      human: "Ada\nLikes otters.",
      persona: "Bo, who keeps watch",
    });
    const messages = await get(`${path}/messages?order=asc&limit=100`);
    expect(namesOf(messages, "user_message")).toEqual([
      "I live in Lisbon.",
      "Remember that I like otters.",
      "When does the tide come?",
    ]);
    expect(namesOf(messages, "assistant_message")).toEqual(["Lisbon it is.", "Kept.", ANSWER]);
    expect((await get(`${path}/archival-memory`)).map(({ text }: Answer) => text)).toEqual([
      "The lighthouse key hangs behind the door.",
    ]);
    const find = async () => (await get(`${path}/archival-memory/search?query=lighthouse`)).results.length;
    for (let tries = 0; tries < TRIES_MAX && (await find()) === 0; tries++) await Bun.sleep(10);
    expect(await find()).toBe(1);
    const facts = JSON.stringify(await get(`${path}/memory/facts`));
    expect(facts.includes("Lisbon")).toBe(version >= LEARNS);
    await expectNewRoutesWork(agent.id, version);
  }, 30_000);
}

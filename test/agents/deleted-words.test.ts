import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ACTOR, requireId } from "../../src/core/id.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

/** What an answer must have, so that the stream events that arrived are moved to where each run has its own. */
const MOVED_CHARS = 1_100_000;

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ tracksProvider: true });
  server.model.always(() => ({ text: "Zanzibar it is, then" }));
});

afterEach(() => server.close());

/** Tables that hold the text anywhere, whatever its case. */
async function holding(text: string): Promise<readonly string[]> {
  const rows = async (sql: string): Promise<readonly Answer[]> => (await server.database.reader.execute(sql, [])).rows;
  const found: string[] = [];
  for (const { name } of await rows("select name from sqlite_master where type = 'table' order by name")) {
    const shown = JSON.stringify(await rows(`select * from ${name}`), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
    );
    if (shown.toLowerCase().includes(text)) found.push(name);
  }
  return found;
}

async function say(path: string): Promise<string> {
  const messages = [{ role: "user", content: "I dream of Zanzibar" }];
  const { run_ids, messages: said } = await server.ok("POST", `${path}/messages`, { messages, streaming: false });
  return run_ids?.[0] ?? said[0].run_id;
}

/** Says it in every way that leaves something behind: whole, in streams, under instructions, and in vain. */
async function sayInEveryWay(path: string): Promise<string> {
  const run = await say(path);
  const body = { messages: [{ role: "user", content: "I dream of Zanzibar" }], stream_tokens: true, background: true };
  const streamed = async (extra: object) => {
    const response = await server.stream(`${path}/messages${path.includes("/agents/") ? "/stream" : ""}`, {
      ...body,
      ...extra,
    });
    expect((await eventsOf(response)).at(-1)).toBe("[DONE]");
  };
  server.model.always(() => ({ text: `Zanzibar it is ${"so ".repeat(MOVED_CHARS / 3)}` }));
  await streamed({});
  expect(await holding("zanzibar")).toContain("run_events");
  server.model.always(() => ({ status: 400, body: '{"error":{"message":"Zanzibar is forbidden"}}' }));
  await streamed({ override_system: "Speak of Zanzibar" });
  expect(await holding("zanzibar")).toEqual(expect.arrayContaining(LEFT_BEHIND));
  return run;
}

const LEFT_BEHIND = ["messages", "provider_traces", "run_event_arrivals", "run_events", "runs", "steps"];

test("a conversation that is deleted leaves no words behind, in whatever way they were said", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const run = await sayInEveryWay(`/v1/conversations/${id}`);
  expect(await server.ok("GET", `/v1/runs/${run}/trace`)).toHaveLength(1);
  await server.ok("DELETE", `/v1/conversations/${id}`);
  expect(await holding("zanzibar")).toEqual([]);
  const left = await server.ok("GET", `/v1/runs/?agent_id=${agent}`);
  expect(left.map((one: Answer) => one.status).toSorted()).toEqual(["completed", "completed", "failed"]);
  // Who asks for the stream of one is told that there is no more of it.
  const stream = await server.stream(`/v1/runs/${left[0].id}/stream`, { starting_after: 0 });
  expect(await eventsOf(stream)).toEqual(["[DONE]"]);
});

test("an agent that is deleted leaves no words behind, in whatever way they were said", async () => {
  const agent = await server.agent();
  await sayInEveryWay(`/v1/agents/${agent}`);
  await server.ok("DELETE", `/v1/agents/${agent}`);
  expect(await holding("zanzibar")).toEqual([]);
});

test("tokens of a run whose conversation is deleted meanwhile are not stored any more", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const removed = Promise.withResolvers<void>();
  const chunk = (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
  const say = async function* () {
    yield chunk("By");
    await removed.promise;
    // Later than the beat at which tokens are stored.
    for (let i = 0; i < 5; i++) {
      yield chunk(" Zanzibar");
      await Bun.sleep(20);
    }
  };
  server.model.always(() => ({ respond: () => new Response(say(), { headers: SSE }) }));
  const response = await server.stream(`/v1/conversations/${id}/messages`, {
    messages: [{ role: "user", content: "Where to?" }],
    stream_tokens: true,
    background: true,
  });
  while (!(await holding("by")).includes("run_event_arrivals")) await Bun.sleep(2);
  // The route would break the model off.
  const gone = requireId("conv", id);
  await server.server.store.write(DEFAULT_ACTOR, ({ conversations }) => conversations.remove(gone));
  removed.resolve();
  expect((await eventsOf(response)).at(-1)).toBe("[DONE]");
  await server.server.runner.drain(5_000);
  expect(await holding("zanzibar")).toEqual([]);
});

const SSE = { "content-type": "text/event-stream" };

test("the traces of other conversations stay, and those of a deleted run go with it", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const kept = await say(`/v1/agents/${agent}`);
  const gone = await say(`/v1/agents/${agent}`);
  await say(`/v1/conversations/${id}`);
  await server.ok("DELETE", `/v1/conversations/${id}`);
  expect(await server.ok("GET", `/v1/runs/${kept}/trace`)).toHaveLength(1);
  await server.ok("DELETE", `/v1/runs/${gone}`);
  const { rows } = await server.database.reader.execute("select run_id from provider_traces", []);
  expect(rows.map((row) => row["run_id"])).toEqual([kept]);
});

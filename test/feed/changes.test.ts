import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import type { Answer } from "../_harness/server.ts";

let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer();
});

afterEach(() => server.close());

const page = async (query = "") => (await server.call("GET", `/v1/changes${query}`)).body;
const end = async (): Promise<number> => (await page()).after;
const kinds = (changes: readonly Answer[]) => changes.map(({ kind }) => kind);

/** The lines of a stream as they come, until `enough` of all of them. */
async function listen(headers: Readonly<Record<string, string>>, enough: (text: string) => boolean, query = "") {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/v1/changes${query}`, {
    headers: { accept: "text/event-stream", ...headers },
    signal: leaving.signal,
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (enough(text)) break;
  }
  leaving.abort();
  return text;
}

const numbersIn = (text: string) => [...text.matchAll(/^id: (\d+)\ndata: /gm)].map(([, id]) => Number(id));

test("GET /changes tells in order what was made, changed and deleted, and nothing of what it says", async () => {
  const from = await end();
  const { id } = await server.agent({ name: "Ada's secret name" });
  await server.call("PATCH", `/v1/agents/${id}`, { name: "another secret name" });
  await server.call("DELETE", `/v1/agents/${id}`);
  const told = await page(`?after=${from}`);
  expect(told.changes.map(({ number }: Answer) => number)).toEqual(
    told.changes.map((_: Answer, i: number) => from + i + 1),
  );
  const ofAgent = told.changes.filter((change: Answer) => change.id === id);
  expect(kinds(ofAgent)).toEqual(["agent.created", "agent.changed", "agent.deleted"]);
  expect(ofAgent.every((change: Answer) => change.agent_id === id)).toBe(true);
  expect(JSON.stringify(told)).not.toContain("secret");
  expect(told.after).toBe(told.changes.at(-1).number);
  expect(told.has_more).toBe(false);
  const one = await page(`?after=${from}&limit=1`);
  expect([one.changes.length, one.has_more, one.after]).toEqual([1, true, from + 1]);
});

test("a run that nobody listened to is told with its end, in one row", async () => {
  const { id } = await server.agent();
  const actor = DEFAULT_ACTOR;
  const { changes } = server.listening.server.store.reader(actor);
  const from = (await changes.kept()).last;
  server.model.say({ text: "Hello" });
  await server.call("POST", `/v1/agents/${id}/messages`, { input: "Hi" });
  const told = await changes.after(from, 100);
  expect(told.map(({ kind, agentId }) => [kind, agentId])).toEqual([
    ["run.started", id],
    ["run.ended", id],
  ]);
  expect(new Set(told.map(({ at }) => at)).size).toBe(1);
});

test("a stream tells of a run as it begins and as it ends, and goes on where it broke off", async () => {
  const { id } = await server.agent();
  const first = listen({}, (text) => text.includes("run.ended"));
  await Bun.sleep(100);
  server.model.say({ text: "Hello" });
  await server.call("POST", `/v1/agents/${id}/messages`, { input: "Hi" });
  const text = await first;
  const start = text.indexOf("run.started");
  expect(start).toBeGreaterThan(0);
  expect(text.indexOf("run.ended")).toBeGreaterThan(start);
  const [begun = 0, ended = 0] = numbersIn(text);
  const again = await listen({ "last-event-id": String(begun) }, (more) => more.includes("run.ended"), "?after=0");
  expect(numbersIn(again)).toEqual([ended]);
});

test("a stream that begins while a run is at work tells that it has begun", async () => {
  const { id } = await server.agent();
  server.model.say({ text: "Hello", after: Bun.sleep(600) });
  const answer = server.call("POST", `/v1/agents/${id}/messages`, { input: "Hi" });
  await Bun.sleep(150);
  const text = await listen({}, (more) => more.includes("run.ended"));
  await answer;
  expect([...text.matchAll(/"kind":"([a-z.]+)"/g)].map(([, kind]) => kind)).toEqual(["run.started", "run.ended"]);
});

test("a place in the feed that is not kept is answered with where to go on", async () => {
  await server.agent();
  const last = await end();
  const { status, body } = await server.call("GET", `/v1/changes?after=${last + 5}`);
  expect([status, body.last]).toEqual([410, last]);
  expect(body.detail).toContain("Read everything anew");
  const text = await listen({ "last-event-id": String(last + 5) }, (more) => more.includes("data: "));
  expect(text).toBe(`id: ${last}\nevent: reset\ndata: {"kind":"reset"}\n\n`);
});

test("what is no place in the feed is refused", async () => {
  for (const query of ["?after=-1", "?after=x", "?limit=0", "?limit=1001", "?after=1e99"])
    expect((await server.call("GET", `/v1/changes${query}`)).status).toBe(422);
  const headers = { accept: "text/event-stream", "last-event-id": "first" };
  expect((await server.call("GET", "/v1/changes", undefined, headers)).status).toBe(422);
});

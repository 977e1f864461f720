import { afterEach, beforeEach, expect, test } from "bun:test";
import { readPrices } from "../../src/access/price.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { Failure } from "../../src/core/failure.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

let app: TestServer;

beforeEach(async () => {
  app = await startTestServer();
});
afterEach(() => app.close());

const limit = (draft: object) => app.ok("POST", "/v1/limits", draft);
const send = (id: string, text: string, how = "") =>
  app.request("POST", `/v1/agents/${id}/messages${how}`, { messages: [{ role: "user", content: text }] });
const IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const REFUSED = { status: 400, body: '{"error":{"message":"the text was filtered","code":"content_filter"}}' };

test("what a step was to be tried without stays in the context where a limit ends the run before it was", async () => {
  const id = await app.agent({ include_base_tools: false });
  const { id: limitId } = await limit({ kind: "tokens", window: "day", amount: 1_000_000 });
  app.model.say({ status: 401 });
  await send(id, "FIRST");
  const second = Promise.withResolvers<void>();
  app.model.say(REFUSED, { ...REFUSED, after: second.promise });
  const sent = send(id, "SECOND");
  while (app.model.requests.length < 3) await Bun.sleep(5);
  await app.ok("PATCH", `/v1/limits/${limitId}`, { amount: 1 });
  second.resolve();
  expect((await sent).body.stop_reason.stop_reason).toBe("insufficient_credits");
  await app.ok("PATCH", `/v1/limits/${limitId}`, { amount: 1_000_000 });
  await send(id, "THIRD");
  const last = JSON.stringify(app.model.requests.at(-1));
  expect(["FIRST", "SECOND", "THIRD"].map((word) => last.includes(word))).toEqual([true, true, true]);
});

test("a call that is cancelled after tries whose answers were lost is booked with all of them", async () => {
  const id = await app.agent({ include_base_tools: false });
  await limit({ kind: "tokens", window: "day", amount: 10_000_000 });
  const half = { respond: () => new Response("{", { headers: { "content-type": "application/json" } }) };
  const never = Promise.withResolvers<void>();
  app.model.say(half, { text: "late", after: never.promise });
  const { id: run } = (await send(id, "hello", "/async")).body;
  while (app.model.requests.length < 2) await Bun.sleep(5);
  const [{ reserved }] = await app.ok("GET", "/v1/limits/spend");
  await app.ok("POST", `/v1/agents/${id}/messages/cancel`, { run_ids: [run] });
  while ((await app.ok("GET", `/v1/runs/${run}`)).status === "running") await Bun.sleep(10);
  const [spent] = await app.ok("GET", "/v1/limits/spend");
  never.resolve();
  expect([spent.used, spent.reserved]).toEqual([2 * reserved, 0]);
});

test("a step goes on whose first try could not be settled at once, and the next start books it whole", async () => {
  await app.close();
  const opened = openSqlite(temporaryDirectory().path);
  const { execute } = opened.writer;
  let failures = 0;
  const writer: typeof opened.writer = {
    execute(sql, values) {
      if (sql.startsWith('delete from "reservations"') && failures-- > 0) throw new Failure("unreadable", "Not now");
      return execute.call(opened.writer, sql, values);
    },
  };
  app = await startTestServer({ database: { ...opened, writer } });
  const id = await app.agent({ include_base_tools: false });
  await limit({ kind: "tokens", window: "day", amount: 10_000_000 });
  await send(id, "FIRST");
  failures = 1;
  app.model.say(REFUSED, { text: "Fine", totalTokens: 40 });
  const { body } = await send(id, "SECOND");
  expect(body.stop_reason?.stop_reason).toBe("end_turn");
  const [before] = await app.ok("GET", "/v1/limits/spend");
  expect(before.reserved).toBeGreaterThan(0);
  await app.restarted();
  const [after] = await app.ok("GET", "/v1/limits/spend");
  expect([after.reserved, after.used]).toEqual([0, before.used + before.reserved]);
});

test("an image is held as all that a provider may count it as", async () => {
  const id = await app.agent({ include_base_tools: false });
  await limit({ kind: "tokens", window: "day", amount: 10_000_000 });
  const reserved = async (content: unknown) => {
    const answer = Promise.withResolvers<void>();
    const before = app.model.requests.length;
    app.model.say({ text: "Seen", after: answer.promise });
    const sent = app.request("POST", `/v1/agents/${id}/messages`, { messages: [{ role: "user", content }] });
    while (app.model.requests.length === before) await Bun.sleep(5);
    const [spent] = await app.ok("GET", "/v1/limits/spend");
    answer.resolve();
    await sent;
    return spent.reserved;
  };
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: IMAGE } };
  const without = await reserved("Look");
  // What gpt-4o-mini counts for eight tiles.
  expect((await reserved([{ type: "text", text: "Look" }, image])) - without).toBeGreaterThan(2_833 + 8 * 5_667);
});

test("a limit of money that knows no price for an embedding model keeps nobody else from it", async () => {
  await app.close();
  const prices = readPrices('{"taken_at":"2026-11-30","usd_per_million_tokens":{}}', "prices.json");
  app = await startTestServer({ prices });
  const embedding = "openai/text-embedding-3-small";
  const [limited, free] = [await app.agent({ embedding }), await app.agent({ embedding })];
  await limit({ kind: "usd", window: "day", amount: 1, subject_kind: "agent", subject_id: limited });
  const find = (id: string, query: string) => app.ok("GET", `/v1/agents/${id}/archival-memory/search?query=${query}`);
  for (const id of [limited, free]) await app.ok("POST", `/v1/agents/${id}/archival-memory`, { text: "a kettle" });
  await find(limited, "otter");
  await app.ok("POST", "/v1/passages/search", { agent_id: limited, query: "otter" });
  await find(free, "seal");
  expect(app.model.embedded.flat()).toContain("seal");
  expect(app.model.embedded.flat()).not.toContain("otter");
});

test("runs that wait to begin are looked at seldom however many they are, and begin soon once they may", async () => {
  await app.close();
  const directory = temporaryDirectory();
  const opened = openSqlite(directory.path);
  const { execute } = opened.writer;
  let transactions = 0;
  const writer: typeof opened.writer = {
    execute(sql, values) {
      if (sql.startsWith("begin")) transactions++;
      return execute.call(opened.writer, sql, values);
    },
  };
  app = await startTestServer({ database: { ...opened, writer }, llmRequestTimeoutMs: 30_000 });
  await limit({ kind: "active_runs", amount: 1 });
  const answer = Promise.withResolvers<void>();
  app.model.always(() => ({ text: "Done", after: answer.promise }));
  const ids = await Promise.all(Array.from({ length: 200 }, () => app.agent({ include_base_tools: false })));
  const runs: Answer[] = [];
  for (const id of ids) runs.push((await send(id, "go", "/async")).body);
  await Bun.sleep(3_000);
  transactions = 0;
  await Bun.sleep(2_000);
  // Each look is two: one that finds no place, and one that says when to look again.
  expect(transactions).toBeLessThan(250);
  answer.resolve();
  const began = performance.now();
  for (const run of runs) while ((await app.ok("GET", `/v1/runs/${run.id}`)).status !== "completed") await Bun.sleep(5);
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(app.model.requests).toHaveLength(200);
}, 60_000);

test("a companion is told in a run of its own, whatever else waits for it", async () => {
  const id = await app.agent({ enable_sleeptime: true });
  const shown = await app.ok("GET", `/v1/agents/${id}?include=agent.managed_group`);
  const [companion] = shown.managed_group.agent_ids;
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 1 };
  await app.ok("PATCH", `/v1/groups/${shown.managed_group.id}`, { manager_config });
  await limit({ kind: "active_runs", amount: 1, subject_kind: "agent", subject_id: companion });
  const answer = Promise.withResolvers<void>();
  app.model.say({ text: "Done", after: answer.promise });
  app.model.always(() => undefined);
  const { id: other } = await app.ok("POST", `/v1/conversations/?agent_id=${companion}`, {});
  const busy = { messages: [{ role: "user", content: "busy" }], background: true, streaming: true };
  await app.stream(`/v1/conversations/${other}/messages`, busy);
  while (app.model.requests.length === 0) await Bun.sleep(5);
  const { id: waiting } = (await send(companion, "MINE", "/async")).body;
  app.model.say({ calls: [{ name: "send_message", arguments: { message: "hi" } }] });
  const told = (await send(id, "SECRET")).body.usage.run_ids;
  expect(told).toHaveLength(1);
  expect(told).not.toContain(waiting);
  answer.resolve();
  while ((await app.ok("GET", `/v1/runs/${waiting}`)).completed_at === null) await Bun.sleep(10);
});

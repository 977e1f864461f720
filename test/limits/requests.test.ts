import { afterEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";
import { loggedTo, startServer, temporaryDirectory } from "../_harness/server-process.ts";
import { type AccessWorld, ROOT, startAccessWorld } from "../access/_world.ts";

let app: TestServer | undefined;
let world: AccessWorld | undefined;

afterEach(async () => {
  await app?.close();
  await world?.close();
  app = undefined;
  world = undefined;
});

const TALK = { messages: [{ role: "user", content: "hello" }] };

test("requests are counted at the door: headers tell what is left, and one too many is refused before its body is read", async () => {
  app = await startTestServer();
  const before = await app.request("GET", "/v1/agents/");
  expect(before.headers.get("ratelimit-limit")).toBeNull();
  await app.ok("POST", "/v1/limits", { kind: "requests", window: 3_600, amount: 2, name: "slow" });
  const first = await app.request("GET", "/v1/agents/");
  expect([first.status, first.headers.get("ratelimit-limit"), first.headers.get("ratelimit-remaining")]).toEqual([
    200,
    "2",
    "1",
  ]);
  expect(Number(first.headers.get("ratelimit-reset"))).toBeGreaterThan(1_700);
  await app.request("GET", "/v1/agents/");
  const { status, body, headers } = await app.request("POST", "/v1/agents/", "{no json");
  expect([status, body.limit, body.left]).toEqual([429, "slow", 0]);
  expect(headers.get("ratelimit-remaining")).toBe("0");
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(1_000);
  // Monitors are not counted.
  expect((await app.request("GET", "/v1/health/")).status).toBe(200);
});

test("a setting counts the requests of each key by itself", async () => {
  app = await startTestServer({ requestsPerMinute: 3 });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await app.request("GET", "/v1/agents/")).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
});

test("a key is limited by its own limit, its user's and its organisation's, and no other key by its own", async () => {
  world = await startAccessWorld();
  const { ask, ok } = world;
  const owner = await world.key({ role: "owner" });
  const agent = (await ok(owner, "POST", "/v1/agents/", { model: "openai/gpt-4o-mini" })).id;
  const made = await ok(owner, "POST", "/v1/keys", { name: "limited", role: "operator" });
  await ok(owner, "POST", "/v1/limits", {
    kind: "runs",
    window: "month",
    amount: 1,
    subject_kind: "key",
    subject_id: made.id,
  });
  const talk = async (key: string) => (await ask(key, "POST", `/v1/agents/${agent}/messages`, TALK)).status;
  expect([await talk(made.key), await talk(made.key), await talk(owner)]).toEqual([200, 429, 200]);
  const [spent] = await ok(owner, "GET", `/v1/limits/spend?key_id=${made.id}`);
  expect([spent.used, spent.left, spent.binds_first]).toEqual([1, 0, true]);
  const { usage } = await ok(owner, "GET", "/v1/usage?by=key");
  expect(usage.map(({ subject }: { subject: string }) => subject)).toContain(made.id);
  // Whoever may only talk sees nothing of it, and changes nothing.
  for (const [method, path] of [
    ["GET", "/v1/limits"],
    ["GET", "/v1/limits/spend"],
    ["GET", "/v1/usage"],
    ["DELETE", `/v1/limits/${spent.id}`],
  ] as const)
    expect([path, (await ask(made.key, method, path)).status]).toEqual([path, 403]);
  const stranger = await world.stranger();
  expect((await ask(stranger, "DELETE", `/v1/limits/${spent.id}`)).status).toBe(404);
  expect(
    (
      await ask(stranger, "POST", "/v1/limits", {
        kind: "runs",
        window: "day",
        amount: 1,
        subject_kind: "agent",
        subject_id: agent,
      })
    ).status,
  ).toBe(404);
});

test("a server whose price table is wrong does not start, and says what is wrong where", async () => {
  const directory = temporaryDirectory();
  const log = join(directory.path, "log");
  const table = { taken_at: "2026-11-30", usd_per_million_tokens: { "openai/gpt-4o": { input: -2.5, output: 10 } } };
  writeFileSync(join(directory.path, "prices.json"), JSON.stringify(table));
  await expect(startServer(directory.path, {}, loggedTo(log))).rejects.toThrow("did not listen");
  expect(await Bun.file(log).text()).toContain(
    "prices.json: usd_per_million_tokens > openai/gpt-4o > input should not be negative, got -2.5",
  );
  const priced = { ...table, usd_per_million_tokens: { "openai/gpt-4o": { input: 2.5, output: 10 } } };
  writeFileSync(join(directory.path, "prices.json"), JSON.stringify(priced));
  const server = await startServer(directory.path);
  expect(await (await fetch(`${server.url}/v1/usage`)).text()).toContain('"prices_taken_at":"2026-11-30"');
  await server.kill();
  directory.remove();
});

test("a clock that jumps over a window's border and back gives nothing out twice", async () => {
  const world = realWorld();
  let jumpMs = 0;
  const clock = { ...world.clock, now: () => instantOf(world.clock.now() + jumpMs) };
  app = await startTestServer({ world: { ...world, clock } });
  const { agent, ok, request } = app;
  const id = await agent();
  await ok("POST", "/v1/limits", { kind: "runs", window: 86_400, amount: 1 });
  const sendAt = async (days: number) => {
    jumpMs = days * 86_400_000;
    return (await request("POST", `/v1/agents/${id}/messages`, TALK)).status;
  };
  expect([await sendAt(0), await sendAt(0)]).toEqual([200, 429]);
  expect([await sendAt(400), await sendAt(400)]).toEqual([200, 429]);
  expect([await sendAt(0), await sendAt(400), await sendAt(-1), await sendAt(-1)]).toEqual([429, 429, 200, 429]);
  expect([await sendAt(1), await sendAt(0), await sendAt(1)]).toEqual([200, 429, 429]);
});

test("an organisation that is deleted while a model works for it takes its limits along, and nothing breaks", async () => {
  world = await startAccessWorld();
  const { ask, ok, server } = world;
  const { id } = await ok(ROOT, "POST", "/v1/organizations", { name: "passing" });
  const { key } = await ok(ROOT, "POST", "/v1/keys", { name: "its owner", role: "owner", organization_id: id });
  const agent = (await ok(key, "POST", "/v1/agents/", { model: "openai/gpt-4o-mini" })).id;
  await ok(key, "POST", "/v1/limits", { kind: "tokens", window: "day", amount: 1_000_000 });
  const answer = Promise.withResolvers<void>();
  server.model.always(() => ({ text: "late", after: answer.promise }));
  const sent = ask(key, "POST", `/v1/agents/${agent}/messages`, TALK);
  while (server.model.requests.length === 0) await Bun.sleep(5);
  expect((await ask(ROOT, "DELETE", `/v1/organizations/${id}`)).status).toBe(200);
  answer.resolve();
  expect((await sent).status).toBe(404);
  const { rows } = await server.database.reader.execute("select * from reservations", []);
  expect(rows).toEqual([]);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { readPrices } from "../../src/access/price.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const PRICES = readPrices(
  JSON.stringify({
    taken_at: "2026-11-30",
    usd_per_million_tokens: { "openai/gpt-4o-mini": { input: 1, output: 2, cached_input: 0.5 } },
  }),
  "prices.json",
);

let app: TestServer;

beforeEach(async () => {
  app = await startTestServer({ prices: PRICES });
});
afterEach(() => app.close());

/** An agent whose answers are short, so that what a step reserves is easy to reckon. */
const agent = (extra: object = {}) =>
  app.agent({
    include_base_tools: false,
    model_settings: { provider_type: "openai", max_output_tokens: 100 },
    ...extra,
  });
const limit = (draft: object) => app.ok("POST", "/v1/limits", { window: 86_400, ...draft });
const spend = async (query = ""): Promise<readonly Answer[]> => app.ok("GET", `/v1/limits/spend${query}`);
const send = (id: string, text = "hello") =>
  app.request("POST", `/v1/agents/${id}/messages`, { messages: [{ role: "user", content: text }] });

test("a limit of runs lets so many begin and refuses the next with its name, window and when", async () => {
  const id = await agent();
  const { id: limitId } = await limit({ kind: "runs", amount: 2, name: "two runs" });
  expect([(await send(id)).status, (await send(id)).status]).toEqual([200, 200]);
  const { status, body, headers } = await send(id);
  expect(status).toBe(429);
  expect(body).toMatchObject({ limit: "two runs", limit_id: limitId, kind: "runs", window: 86_400, left: 0 });
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect(app.model.requests).toHaveLength(2);
  // Nothing of what was refused is kept.
  const messages: readonly Answer[] = await app.ok("GET", `/v1/agents/${id}/messages`);
  expect(messages.filter(({ message_type }) => message_type === "user_message")).toHaveLength(2);
  await app.ok("PATCH", `/v1/limits/${limitId}`, { amount: 3 });
  expect((await send(id)).status).toBe(200);
});

test("tokens are reserved while a model works and settled by what it took", async () => {
  const id = await agent();
  await limit({ kind: "tokens", subject_kind: "agent", subject_id: id, amount: 1_000_000 });
  const answer = Promise.withResolvers<void>();
  app.model.say({ text: "hi", totalTokens: 40, after: answer.promise });
  const sent = send(id);
  while (app.model.requests.length === 0) await Bun.sleep(5);
  const [during] = await spend();
  expect(during.used).toBe(0);
  expect(during.reserved).toBeGreaterThan(100);
  answer.resolve();
  expect((await sent).status).toBe(200);
  expect((await spend())[0]).toMatchObject({ used: 40, reserved: 0, left: 999_960 });
});

test("a run for which too little is left ends with insufficient_credits, and goes on with its input once there is more", async () => {
  const id = await agent();
  const { id: limitId } = await limit({ kind: "tokens", amount: 150 });
  const refused = await send(id, "first");
  expect(refused.status).toBe(200);
  expect(refused.body.stop_reason.stop_reason).toBe("insufficient_credits");
  expect(app.model.requests).toHaveLength(0);
  await app.ok("PATCH", `/v1/limits/${limitId}`, { amount: 1_000_000 });
  expect((await send(id, "second")).body.stop_reason.stop_reason).toBe("end_turn");
  const said = app.model.requests[0]?.messages.filter(({ role }) => role === "user");
  expect(said?.map(({ content }) => JSON.stringify(content)).join()).toMatch(/first.*second/s);
});

test("a budget that is used up refuses at the door of the run", async () => {
  const id = await agent();
  await limit({ kind: "tokens", amount: 50 });
  const { status, body } = await send(id);
  expect([status, body.kind]).toEqual([429, "tokens"]);
});

test("money is counted by the price of the model, cached tokens by theirs; a model without a price is refused", async () => {
  const id = await agent();
  const { id: limitId } = await limit({ kind: "usd", amount: 1 });
  app.model.say({ text: "hi", totalTokens: 1_005 });
  expect((await send(id)).status).toBe(200);
  // 1,000 tokens for a millionth, 5 for two.
  expect((await spend())[0].used).toBeCloseTo(0.00101, 9);
  const unknown = await agent({ model: "openai/gpt-4o" });
  const refused = await send(unknown);
  expect([refused.status, refused.body.detail]).toEqual([
    400,
    expect.stringContaining("nobody knows what this model costs"),
  ]);
  await app.ok("PATCH", `/v1/limits/${limitId}`, { allow_unknown_price: true });
  expect((await send(unknown)).status).toBe(200);
});

test("what failed at a provider that answered so costs nothing; what broke off costs what it held", async () => {
  const id = await agent();
  await limit({ kind: "tokens", amount: 1_000_000 });
  app.model.say({ status: 401 });
  await send(id);
  expect((await spend())[0]).toMatchObject({ used: 0, reserved: 0 });
  const half = { respond: () => new Response("{", { headers: { "content-type": "application/json" } }) };
  app.model.say(half, { text: "at last", totalTokens: 40 });
  await send(id);
  const [once] = await spend();
  const held = once.used - 40;
  expect([held > 500, once.reserved]).toEqual([true, 0]);
  // Each try of a call that never came to its end is one that may be charged.
  const before = app.model.requests.length;
  app.model.always(() => half);
  await send(id);
  const tries = app.model.requests.length - before;
  const [after] = await spend();
  expect(tries).toBeGreaterThan(1);
  expect(after.reserved).toBe(0);
  expect(after.used - once.used).toBeGreaterThanOrEqual(tries * held);
});

test("runs beyond those that may be at work wait, and all of them are answered", async () => {
  const ids = await Promise.all([1, 2, 3, 4].map(() => agent()));
  await limit({ kind: "active_runs", amount: 1, window: null });
  let atWork = 0;
  let most = 0;
  app.model.always(() => {
    most = Math.max(most, ++atWork);
    return { text: "hi", after: Bun.sleep(30).then(() => void atWork--) };
  });
  const answers = await Promise.all(ids.map((id) => send(id)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const runs = await Promise.all(
    ids.map((id) => app.ok("POST", `/v1/agents/${id}/messages/async`, { messages: [{ role: "user", content: "go" }] })),
  );
  for (const run of runs)
    while ((await app.ok("GET", `/v1/runs/${run.id}`)).status !== "completed") await Bun.sleep(20);
  expect(most).toBe(1);
});

test("an agent that is deleted while its model works leaves nothing held, and what it took is booked", async () => {
  const id = await agent();
  await limit({ kind: "tokens", amount: 1_000_000 });
  await limit({ kind: "tokens", subject_kind: "agent", subject_id: id, amount: 1_000_000 });
  const answer = Promise.withResolvers<void>();
  app.model.say({ text: "hi", after: answer.promise });
  const sent = send(id);
  while (app.model.requests.length === 0) await Bun.sleep(5);
  await app.ok("DELETE", `/v1/agents/${id}`);
  answer.resolve();
  expect((await sent).status).toBe(404);
  const all = await spend();
  expect(all).toHaveLength(1);
  expect(all[0].reserved).toBe(0);
  expect(all[0].used).toBeGreaterThan(0);
});

test("limits take no amount that is none, and no subject that is not there", async () => {
  const id = await agent();
  const refused = async (draft: object) => (await app.request("POST", "/v1/limits", draft)).status;
  for (const amount of [0, -1, 1.5, 1e300, "NaN", null, 1e15])
    expect([amount, await refused({ kind: "runs", window: "day", amount })]).toEqual([amount, 422]);
  expect(await refused({ kind: "usd", window: "day", amount: 1e-12 })).toBe(422);
  expect(await refused({ kind: "runs", window: 0, amount: 1 })).toBe(422);
  expect(await refused({ kind: "runs", amount: 1 })).toBe(422);
  expect(await refused({ kind: "active_runs", window: "day", amount: 1 })).toBe(422);
  expect(await refused({ kind: "runs", window: "day", amount: 1, subject_kind: "agent" })).toBe(422);
  expect(await refused({ kind: "requests", window: 1, amount: 1, subject_kind: "agent", subject_id: id })).toBe(400);
  for (const subject of [
    { subject_kind: "agent", subject_id: "agent-00000000-0000-4000-8000-000000000001" },
    { subject_kind: "key", subject_id: "key-x" },
    { subject_kind: "organization", subject_id: "org-00000000-0000-4000-8000-000000000009" },
  ])
    expect(await refused({ kind: "runs", window: "day", amount: 1, ...subject })).toBe(404);
  await limit({ kind: "runs", amount: 1 });
  expect(await refused({ kind: "runs", window: 86_400, amount: 5 })).toBe(409);
  expect(await app.ok("GET", "/v1/limits")).toHaveLength(1);
});

test("spend of an agent names the limit that binds first; usage totals steps and what they cost", async () => {
  const id = await agent();
  await limit({ kind: "runs", amount: 1_000, name: "many" });
  await limit({ kind: "runs", amount: 4, subject_kind: "agent", subject_id: id, name: "few" });
  await send(id);
  const found = await spend(`?agent_id=${id}`);
  expect(found.map(({ name, left, binds_first }) => [name, left, binds_first])).toEqual([
    ["many", 999, false],
    ["few", 3, true],
  ]);
  for (const by of ["agent", "model", "key", "user", "day"]) {
    const { usage } = await app.ok("GET", `/v1/usage?by=${by}`);
    expect(usage).toHaveLength(1);
    expect(usage[0]).toMatchObject({ steps: 1, prompt_tokens: 10, completion_tokens: 5, usd: 0.00002 });
  }
  expect((await app.request("GET", "/v1/usage?from=2026-01-01&to=2026-12-31")).status).toBe(422);
});

test("work in the background stops at nine tenths, and goes on when there is more", async () => {
  const id = await agent({ memory_settings: { learn: true, model: "openai/gpt-4o-mini" } });
  const { id: limitId } = await limit({ kind: "tokens", amount: 128_000 });
  app.model.say({ text: "hi", totalTokens: 100_000 });
  await send(id, "I live in Bergen");
  await Bun.sleep(1_500);
  // Who talks may take the last tenth, and memory may not.
  expect(app.model.requests).toHaveLength(1);
  await app.ok("PATCH", `/v1/limits/${limitId}`, { amount: 1_000_000 });
  app.model.always(() => ({ text: '{"facts": []}' }));
  while (app.model.requests.length < 2) await Bun.sleep(50);
  expect(JSON.stringify(app.model.requests[1])).toContain("Bergen");
});

test("a companion's run for which a limit leaves nothing waits with its input, and begins when there is more", async () => {
  const id = await app.agent({ enable_sleeptime: true });
  const shown = await app.ok("GET", `/v1/agents/${id}?include=agent.managed_group`);
  const [companion] = shown.managed_group.agent_ids;
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 1 };
  await app.ok("PATCH", `/v1/groups/${shown.managed_group.id}`, { manager_config });
  await limit({ kind: "runs", window: 2, amount: 1, subject_kind: "agent", subject_id: companion });
  const spoken = { calls: [{ name: "send_message", arguments: { message: "hi" } }] };
  app.model.always(() => spoken);
  const runs: string[] = [];
  for (const said of ["one", "two"]) runs.push(...(await send(id, said)).body.usage.run_ids);
  const isOver = async (run: string) => (await app.ok("GET", `/v1/runs/${run}`)).completed_at !== null;
  for (const run of runs) while (!(await isOver(run))) await Bun.sleep(50);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let server: TestServer;
/** How far the server's clock is ahead of the machine's. */
let ahead = 0;

beforeEach(async () => {
  ahead = 0;
  const real = realWorld();
  const clock = { ...real.clock, now: () => instantOf(real.clock.now() + ahead) };
  server = await startTestServer({ world: { ...real, clock }, allowsPrivateUrls: true });
});

afterEach(() => server.close());

/** The time by the server's clock. */
function now(): number {
  return Date.now() + ahead;
}

/** Sets the server's clock forward, and has it look what is due. */
async function pass(ms: number): Promise<void> {
  ahead += ms;
  server.server.runner.planned.wake();
}

async function until<T>(look: () => Promise<T>, isIt: (found: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await look();
    if (isIt(found)) return found;
    await Bun.sleep(10);
  }
  throw new Error("It did not come true in time");
}

const SAY = [{ role: "user", content: "Good morning" }];

async function add(agentId: string, schedule: object, extra: object = {}): Promise<Answer> {
  const body = { messages: SAY, schedule, ...extra };
  const answer = await server.request("POST", `/v1/agents/${agentId}/schedule`, body);
  expect([answer.status, JSON.stringify(answer.body)]).toEqual([201, expect.any(String)]);
  return answer.body;
}

async function runsOf(agentId: string): Promise<readonly Answer[]> {
  return (await server.ok("GET", `/v1/runs/?agent_id=${agentId}&order=asc`)) as readonly Answer[];
}

function ended(count: number): (runs: readonly Answer[]) => boolean {
  return (runs) => runs.length >= count && runs.every(({ status }) => status === "completed");
}

test("a message that is scheduled once is sent once, and then its schedule is gone", async () => {
  const agentId = await server.agent();
  const { id, next_scheduled_at } = await add(agentId, { scheduled_at: now() + HOUR });
  expect(Date.parse(next_scheduled_at) - now()).toBeGreaterThan(HOUR - MINUTE);
  await pass(HOUR - MINUTE);
  await Bun.sleep(50);
  expect(await runsOf(agentId)).toEqual([]);

  server.model.say({ text: "Good morning to you." });
  await pass(2 * MINUTE);
  const [run] = await until(() => runsOf(agentId), ended(1));
  expect(run.metadata).toMatchObject({ run_type: "scheduled_message", schedule_id: id, missed_before: 0 });
  expect(run.background).toBe(true);
  const messages = await server.ok("GET", `/v1/agents/${agentId}/messages?order=asc`);
  expect(messages.at(-1).content).toBe("Good morning to you.");
  expect(messages.at(-2).content).toBe("Good morning");
  expect((await server.request("GET", `/v1/agents/${agentId}/schedule/${id}`)).status).toBe(404);
  await pass(24 * HOUR);
  await Bun.sleep(50);
  expect(await runsOf(agentId)).toHaveLength(1);
});

test("a message that is scheduled by cron is sent each time, and its schedule tells of the last run and the next time", async () => {
  const agentId = await server.agent();
  const { id } = await add(agentId, { type: "recurring", cron_expression: "0 * * * *" }, { max_steps: 3 });
  for (const count of [1, 2]) {
    server.model.say({ text: `Answer ${count}` });
    await pass(HOUR);
    const runs = await until(() => runsOf(agentId), ended(count));
    const schedule = await server.ok("GET", `/v1/agents/${agentId}/schedule/${id}`);
    expect(schedule.last_run_id).toBe(runs.at(-1).id);
    expect(Date.parse(runs.at(-1).metadata.scheduled_for)).toBe(Date.parse(schedule.last_scheduled_time));
    expect(Date.parse(schedule.last_scheduled_time) % HOUR).toBe(0);
    expect(Date.parse(schedule.next_scheduled_time)).toBe(Date.parse(schedule.last_scheduled_time) + HOUR);
    expect(schedule).toMatchObject({ missed_count: 0, stopped: null, message: { messages: SAY, max_steps: 3 } });
  }
  expect((await server.ok("DELETE", `/v1/agents/${agentId}/schedule/${id}`)).success).toBe(true);
  await pass(HOUR);
  await Bun.sleep(50);
  expect(await runsOf(agentId)).toHaveLength(2);
});

test("an otid that goes with a schedule does not make a repetition of the next time", async () => {
  const agentId = await server.agent();
  await add(agentId, { type: "recurring", cron_expression: "0 * * * *" }, { messages: [{ ...SAY[0], otid: "mine" }] });
  for (const count of [1, 2]) {
    server.model.say({ text: "Yes." });
    await pass(HOUR);
    await until(() => runsOf(agentId), ended(count));
  }
});

test("what was missed is made up for by one run, unless it is skipped", async () => {
  const agentId = await server.agent();
  const cron = { type: "recurring", cron_expression: "*/10 * * * *" };
  const once = await add(agentId, cron);
  const late = await add(agentId, { ...cron, missed: "skip", grace_seconds: 1 });
  const gone = await add(agentId, { scheduled_at: now() + MINUTE, missed: "skip", grace_seconds: 0 });
  await server.server.runner.drain(1_000);
  // In the midst of a period, so that the last due time is minutes ago.
  ahead += 3 * HOUR - (now() % (10 * MINUTE)) + 5 * MINUTE;
  server.model.say({ text: "One for all." });
  const successor = await server.restarted();
  await successor.runner.recover();
  const shown = async (id: string) => server.ok("GET", `/v1/agents/${agentId}/schedule/${id}`);
  const first = await until(
    () => shown(once.id),
    ({ last_run_id }) => last_run_id !== null,
  );
  expect(first.missed_count).toBeGreaterThanOrEqual(16);
  expect(Date.parse(first.next_scheduled_time)).toBeGreaterThan(now());
  const second = await until(
    () => shown(late.id),
    ({ missed_count }) => missed_count > 0,
  );
  expect(second).toMatchObject({ last_run_id: null, missed_count: first.missed_count + 1 });
  expect(Date.parse(second.last_missed_at)).toBeGreaterThan(now() - MINUTE);
  expect(await shown(gone.id)).toMatchObject({ next_scheduled_time: null, missed_count: 1, last_run_id: null });
  const [run, ...others] = await until(() => runsOf(agentId), ended(1));
  expect([run.metadata.missed_before, others]).toEqual([first.missed_count, []]);
  await successor.runner.drain(1_000);
});

test("a due time that comes while the last run still waits for the agent is passed over", async () => {
  const agentId = await server.agent();
  const held = Promise.withResolvers<void>();
  server.model.say({ text: "A long answer.", after: held.promise });
  const talk = server.request("POST", `/v1/agents/${agentId}/messages`, { input: "a long one" });
  await until(
    async () => server.model.requests.length,
    (count) => count === 1,
  );
  const { id } = await add(agentId, { type: "recurring", cron_expression: "* * * * *" });
  for (let minutes = 0; minutes < 3; minutes++) {
    await pass(MINUTE);
    await until(
      () => server.ok("GET", `/v1/agents/${agentId}/schedule/${id}`),
      ({ next_scheduled_time }) => Date.parse(next_scheduled_time) > now(),
    );
  }
  expect(await runsOf(agentId)).toHaveLength(2);
  expect(await server.ok("GET", `/v1/agents/${agentId}/schedule/${id}`)).toMatchObject({ missed_count: 2 });
  server.model.say({ text: "Now you." });
  held.resolve();
  expect((await talk).status).toBe(200);
  await until(() => runsOf(agentId), ended(2));
});

test("what cannot be scheduled is refused with a sentence, and nothing is kept of it", async () => {
  const agentId = await server.agent();
  const cron = { type: "recurring", cron_expression: "0 9 * * *" };
  const refused: readonly (readonly [body: object, status: number, words: string])[] = [
    [{ schedule: { scheduled_at: now() - 1 } }, 400, "must be in the future"],
    [{ schedule: { scheduled_at: Math.floor(now() / 1000) + 60 } }, 400, "not in seconds"],
    [{ schedule: { scheduled_at: now() * 1000 } }, 400, "within ten years"],
    [{ schedule: { ...cron, cron_expression: "every day" } }, 400, "is no cron expression"],
    [{ schedule: { ...cron, cron_expression: "*/5 * * * * *" } }, 400, "Once a minute is the most"],
    [{ schedule: { ...cron, cron_expression: "0 0 31 2 *" } }, 400, "names no time that ever comes"],
    [{ schedule: { ...cron, timezone: "Mars/Olympus" } }, 400, "The time zone 'Mars/Olympus' is not known"],
    [{ schedule: { ...cron, missed: "twice" } }, 422, "missed"],
    [{ schedule: { ...cron, grace_seconds: -1 } }, 422, "grace_seconds"],
    [{ schedule: cron, messages: [] }, 422, "must not be empty"],
    [{ schedule: cron, messages: [{ role: "user", content: "x".repeat(100_001) }] }, 400, "100000 characters at most"],
    [{ schedule: cron, messages: Array(101).fill(SAY[0]) }, 400, "100 messages can be scheduled"],
    [
      { schedule: cron, messages: [{ type: "approval", approve: true, approval_request_id: "a" }] },
      400,
      "requests for approval",
    ],
    [{ schedule: cron, callback_url: "ftp://a.example/" }, 400, "http"],
    [{ schedule: cron, max_steps: 0 }, 422, "max_steps"],
  ];
  for (const [body, status, words] of refused) {
    const answer = await server.request("POST", `/v1/agents/${agentId}/schedule`, { messages: SAY, ...body });
    expect([words, answer.status, JSON.stringify(answer.body)]).toEqual([
      words,
      status,
      expect.stringContaining(words),
    ]);
  }
  expect(await server.ok("GET", `/v1/agents/${agentId}/schedule`)).toEqual({
    scheduled_messages: [],
    has_next_page: false,
  });
});

test("an agent has a hundred schedules at most, in pages; they are its own and go with it", async () => {
  const agentId = await server.agent();
  const other = await server.agent();
  const ids: string[] = [];
  for (let count = 0; count < 100; count++)
    ids.push((await add(agentId, { type: "recurring", cron_expression: "0 9 * * *" })).id);
  const body = { messages: SAY, schedule: { type: "recurring", cron_expression: "0 9 * * *" } };
  const full = await server.request("POST", `/v1/agents/${agentId}/schedule`, body);
  expect([full.status, full.body.detail]).toEqual([409, expect.stringContaining("100 scheduled messages at most")]);
  const path = `/v1/agents/${agentId}/schedule`;
  const first = await server.ok("GET", `${path}?limit=60`);
  const rest = await server.ok("GET", `${path}?limit=60&after=${first.scheduled_messages.at(-1).id}`);
  expect([first.has_next_page, rest.has_next_page]).toEqual([true, false]);
  expect([...first.scheduled_messages, ...rest.scheduled_messages].map(({ id }) => id)).toEqual(ids);
  expect(validateResponse("GET", path, 200, first)).toEqual([]);

  for (const method of ["GET", "DELETE"])
    expect((await server.request(method, `/v1/agents/${other}/schedule/${ids[0]}`)).status).toBe(404);
  await server.ok("DELETE", `/v1/agents/${agentId}`);
  const left = server.database.reader.execute("select count(*) as count from schedules", []);
  expect((await left).rows[0]?.["count"]).toBe(0);
  await pass(48 * HOUR);
  await Bun.sleep(50);
  expect((await server.request("GET", path)).status).toBe(404);
});

test("a schedule is read on the clock of its own zone", async () => {
  const agentId = await server.agent();
  const nine = { type: "recurring", cron_expression: "0 9 * * *" };
  const utc = await add(agentId, nine);
  const kolkata = await add(agentId, { ...nine, timezone: "Asia/Kolkata" });
  expect(utc.next_scheduled_at).toEndWith("T09:00:00Z");
  expect(kolkata.next_scheduled_at).toEndWith("T03:30:00Z");
});

test("whoever the run of a schedule names is called back", async () => {
  const told: Answer[] = [];
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      told.push(await request.json());
      return new Response("ok");
    },
  });
  try {
    const agentId = await server.agent();
    const callback_url = `http://127.0.0.1:${http.port}/told`;
    const { id } = await add(agentId, { scheduled_at: now() + MINUTE }, { callback_url });
    await pass(2 * MINUTE);
    const [body] = await until(
      async () => told,
      ({ length }) => length > 0,
    );
    expect(body).toMatchObject({ status: "completed", metadata: { schedule_id: id } });
  } finally {
    await http.stop(true);
  }
});

import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { DEFAULT_ACTOR, type RunId } from "../../src/core/id.ts";
import { startModelServer } from "../_harness/model-server.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const ok: TestServer["ok"] = (...request) => server.ok(...request);

/** An agent with a companion that looks after its memory each `turns` turns. */
async function pair(
  turns: number,
): Promise<{ readonly main: string; readonly companion: string; readonly group: string }> {
  const main = await server.agent({ name: "Ada", enable_sleeptime: true });
  const group = (await agent(main)).managed_group;
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: turns };
  await ok("PATCH", `/v1/groups/${group.id}`, { manager_config });
  return { main, companion: group.agent_ids[0], group: group.id };
}

function agent(id: string): Promise<Answer> {
  return ok("GET", `/v1/agents/${id}?include=agent.managed_group&include=agent.blocks&include=agent.tools`);
}

/** Says something, and returns the runs in which companions read of it. */
async function say(agentId: string, input: string): Promise<readonly string[] | null> {
  return (await ok("POST", `/v1/agents/${agentId}/messages`, { input })).usage.run_ids;
}

/** Agents with a companion speak by tool. */
function spoken(message: string) {
  return { calls: [{ name: "send_message", arguments: { message } }] };
}

const FINISH = { calls: [{ name: "memory_finish_edits", arguments: {} }] };

async function until<T>(look: () => Promise<T>, isIt: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const value = await look();
    if (isIt(value)) return value;
    await Bun.sleep(10);
  }
  throw new Error("It did not come true in time");
}

function ended(runId: string): Promise<Answer> {
  return until(
    () => ok("GET", `/v1/runs/${runId}`),
    (run) => run.completed_at !== null,
  );
}

/** What a run was begun with. */
async function read(runId: string): Promise<string> {
  const messages = await ok("GET", `/v1/runs/${runId}/messages?order=asc`);
  return messages
    .filter((message: Answer) => message.message_type === "user_message")
    .map((one: Answer) => one.content)
    .join("\n");
}

test("enable_sleeptime gives an agent a companion that shares its blocks", async () => {
  const main = await agent(await server.agent({ name: "Ada", enable_sleeptime: true }));
  expect(main.managed_group).toMatchObject({
    manager_type: "sleeptime",
    manager_agent_id: main.id,
    sleeptime_agent_frequency: 5,
    turns_counter: -1,
    last_processed_message_id: null,
  });
  expect(main.multi_agent_group).toEqual(main.managed_group);
  const companion = await agent(main.managed_group.agent_ids[0]);
  expect(companion).toMatchObject({ name: "Ada-sleeptime", agent_type: "sleeptime_agent", managed_group: null });
  expect(companion.blocks.map((block: Answer) => block.label)).toEqual(["memory_persona", "human"]);
  expect(companion.blocks[1].id).toBe(main.blocks[0].id);
  expect(companion.tools.map((tool: Answer) => tool.name)).toContain("memory_finish_edits");
  expect((await agent(await server.agent())).managed_group).toBeNull();
});

test("an agent gets its companion later, too, and only one", async () => {
  const id = await server.agent();
  const change = { enable_sleeptime: true };
  const first = (await ok("PATCH", `/v1/agents/${id}`, change)).managed_group;
  expect(first.agent_ids).toHaveLength(1);
  expect((await ok("PATCH", `/v1/agents/${id}`, change)).managed_group).toEqual(first);
});

test("after some turns the companion reads what was said since the last time, and edits the shared memory", async () => {
  const { main, companion, group } = await pair(2);
  server.model.say(
    spoken("Hello!"),
    { calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "Likes tea" } }] },
    FINISH,
  );
  const [first = ""] = (await say(main, "I like tea")) ?? [];
  const run = await ended(first);
  expect(run).toMatchObject({ agent_id: companion, status: "completed", stop_reason: "tool_rule", background: true });
  expect(run.metadata).toEqual({ run_type: "sleeptime_agent_send_message_async", agent_id: companion });
  expect(await read(first)).toMatch(/\[user\] I like tea\n\[assistant\].*Hello!/);
  expect((await agent(main)).blocks[0].value).toContain("Likes tea");

  server.model.say(spoken("one"));
  expect(await say(main, "second")).toBeNull();
  server.model.say(spoken("two"), FINISH);
  const [third = ""] = (await say(main, "third")) ?? [];
  await ended(third);
  const text = await read(third);
  expect(text).toContain("[user] second");
  expect(text).toContain("[user] third");
  expect(text).not.toContain("I like tea");

  const messages = await ok("GET", `/v1/groups/${group}/messages?limit=100&order=asc`);
  expect(messages.filter((one: Answer) => one.message_type === "user_message")).toHaveLength(5);
  const now = await ok("GET", `/v1/groups/${group}`);
  expect(now.turns_counter).toBe(0);
  expect(now.last_processed_message_id).toStartWith("message-");
  await ok("PATCH", `/v1/groups/${group}/reset-messages`);
  expect(await ok("GET", `/v1/groups/${group}/messages`)).toEqual([]);
  expect(await ok("GET", `/v1/agents/${main}/messages`)).not.toEqual([]);
});

test("what was said while the companion was at work waits for it, in one run", async () => {
  const { main } = await pair(1);
  let release = () => {};
  const working = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.model.say(spoken("a"), { ...FINISH, after: working });
  const [first = ""] = (await say(main, "first")) ?? [];
  await until(
    async () => server.model.requests.length,
    (count) => count === 2,
  );
  server.model.say(spoken("b"), spoken("c"));
  const second = await say(main, "second");
  expect(await say(main, "third")).toEqual(second);
  const [waiting = ""] = second ?? [];
  expect((await ok("GET", `/v1/runs/${waiting}`)).status).toBe("created");
  server.model.say(FINISH);
  release();
  await ended(first);
  await ended(waiting);
  expect(await read(first)).not.toContain("second");
  expect(await read(waiting)).toMatch(/\[user\] second.*\[user\] third/s);
});

test("what is said while the companion's run begins is read in it, too", async () => {
  const directory = temporaryDirectory();
  const database = openSqlite(directory.path);
  let onceRead = new Map<unknown, () => Promise<unknown>>();
  const execute: OpenedSqlite["reader"]["execute"] = async (sql, parameters) => {
    const result = await database.reader.execute(sql, parameters);
    const id = parameters.find((parameter) => onceRead.has(parameter));
    const then = onceRead.get(id);
    onceRead.delete(id);
    await then?.();
    return result;
  };
  await server.close();
  server = await startTestServer({ database: { ...database, reader: { execute } } });
  const { main, companion } = await pair(1);
  server.model.say(spoken("Hi"), spoken("Yes"), FINISH);
  // The companion is looked up after its run was found in the queue, and before the run begins.
  onceRead = new Map([[companion, () => say(main, "And tea?")]]);
  const [runId = ""] = (await say(main, "Coffee?")) ?? [];
  await ended(runId);
  expect(await read(runId)).toMatch(/Coffee\?.*And tea\?/s);
  await server.server.runner.drain(5_000);
  await database.close();
  directory.remove();
});

test("a companion's turn that has not begun can be cancelled", async () => {
  const { main, companion } = await pair(1);
  await server.server.runner.drain(1_000);
  const [runId = ""] = (await say(main, "hello")) ?? [];
  const cancelled = await ok("POST", `/v1/agents/${companion}/messages/cancel`, {});
  expect(cancelled).toEqual({ [runId]: "cancelled" });
  expect(await ok("GET", `/v1/runs/${runId}`)).toMatchObject({ status: "cancelled", stop_reason: "cancelled" });
  const successor = await server.restarted();
  await successor.runner.recover();
  await successor.runner.drain(1_000);
  expect(await ok("GET", `/v1/agents/${companion}/messages?include_return_message_types=user_message`)).toEqual([]);
});

test("a queue that is full takes no more turns, and the next transcript begins where it ended", async () => {
  const { main } = await pair(1);
  let release = () => {};
  const working = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.model.say(spoken("a"), { ...FINISH, after: working });
  const [first = ""] = (await say(main, "first")) ?? [];
  await until(
    async () => server.model.requests.length,
    (count) => count === 2,
  );
  server.model.say(...Array.from({ length: 21 }, () => spoken("b")));
  let waiting = "";
  for (let turn = 1; turn <= 20; turn++) waiting = (await say(main, `turn ${turn}.`))?.[0] ?? "";
  expect(await say(main, "one too many")).toBeNull();
  server.model.say(FINISH);
  release();
  await ended(first);
  await ended(waiting);
  expect(await read(waiting)).toMatch(/turn 1\..*turn 20\./s);
  server.model.say(spoken("c"), FINISH);
  const [last = ""] = (await say(main, "last")) ?? [];
  await ended(last);
  const text = await read(last);
  expect(text).toMatch(/one too many.*last/s);
  expect(text).not.toContain("turn 20.");
});

test("a transcript that would fill the context window keeps its newest part", async () => {
  const { main } = await pair(2);
  await ok("PATCH", `/v1/agents/${main}`, { context_window_limit: 16_000 });
  server.model.say(spoken("a"), FINISH);
  await ended((await say(main, "first"))?.[0] ?? "");
  server.model.say(spoken("b"), spoken("c"), FINISH);
  await say(main, `old ${"x".repeat(40_000)}`);
  const [runId = ""] = (await say(main, `new ${"y".repeat(20_000)}`)) ?? [];
  await ended(runId);
  const text = await read(runId);
  // No toMatch(): what it would print on failure is as long as the text.
  expect(text.includes("[what was said before is left out here]\nxxx")).toBe(true);
  expect(text.includes("[user] new yyy")).toBe(true);
  expect(text.length).toBeLessThan(33_000);
});

test("a companion that a stopped server owed a turn gets it from the next one, once", async () => {
  const { main, companion } = await pair(1);
  await server.server.runner.drain(1_000);
  server.model.say(spoken("Hello!"));
  const [runId = ""] = (await say(main, "I like tea")) ?? [];
  expect((await ok("GET", `/v1/runs/${runId}`)).status).toBe("created");
  expect(server.model.requests).toHaveLength(1);

  server.model.say(FINISH);
  const successor = await server.restarted();
  expect(await successor.runner.recover()).toBe(0);
  await ended(runId);
  expect(await read(runId)).toContain("I like tea");
  const again = successor.store.write(DEFAULT_ACTOR, ({ runs }) => runs.begin(runId as RunId));
  await expect(again).rejects.toThrow(/does not wait to begin/);
  await successor.runner.drain(1_000);
  const third = await server.restarted();
  await third.runner.recover();
  await third.runner.drain(1_000);
  expect(await ok("GET", `/v1/runs/?agent_id=${companion}`)).toHaveLength(1);
  expect(server.model.requests).toHaveLength(2);
});

test("a companion's turn begins although the clock was set back since it was queued", async () => {
  const { main } = await pair(1);
  await server.server.runner.drain(1_000);
  server.model.say(spoken("Hello!"));
  const [runId = ""] = (await say(main, "I like tea")) ?? [];
  await server.database.writer.execute("update runs set created_at = created_at + 3600000 where id = $1", [runId]);

  server.model.say(FINISH);
  const successor = await server.restarted();
  await successor.runner.recover();
  expect((await ended(runId)).status).toBe("completed");
  await successor.runner.drain(1_000);
});

test("turns that fail or wait for an approval are no turns; what they said is read later", async () => {
  const { main, group } = await pair(1);
  const fail = (status: number) => server.model.say({ status, body: '{"error":{"message":"no"}}' });
  fail(401);
  expect((await server.request("POST", `/v1/agents/${main}/messages`, { input: "lost?" })).status).toBe(401);
  // Also the same once more, and without what nobody had answered.
  for (let times = 0; times < 3; times++) fail(400);
  expect((await server.request("POST", `/v1/agents/${main}/messages`, { input: "refused?" })).status).toBe(400);
  expect((await ok("GET", `/v1/groups/${group}`)).last_processed_message_id).toBeNull();
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  const client_tools = [{ name: "look", description: "Looks", parameters: { type: "object", properties: {} } }];
  const asked = await ok("POST", `/v1/agents/${main}/messages`, { input: "look", client_tools });
  expect([asked.stop_reason.stop_reason, asked.usage.run_ids]).toEqual(["requires_approval", null]);
  server.model.say(spoken("I see."), FINISH);
  const { tool_call_id } = asked.messages.at(-1).tool_call;
  const answer = { type: "tool_return", tool_returns: [{ tool_call_id, tool_return: "a seal", status: "success" }] };
  const { usage } = await ok("POST", `/v1/agents/${main}/messages`, { messages: [answer], client_tools });
  await ended(usage.run_ids[0]);
  const told = await read(usage.run_ids[0]);
  expect(told).toMatch(/lost\?.*a seal.*I see\./s);
  // What one provider refuses another, or the same, would refuse of the companion too.
  expect(told).not.toContain("refused?");
});

test("a companion that cannot work fails its run, and the agent goes on", async () => {
  const { main, companion } = await pair(1);
  await ok("PATCH", `/v1/agents/${companion}`, {
    llm_config: { model: "x", model_endpoint_type: "nobody", context_window: 8_000 },
  });
  server.model.say(spoken("Hello!"));
  const [runId = ""] = (await say(main, "hi")) ?? [];
  expect((await ended(runId)).status).toBe("failed");
  await ok("PATCH", `/v1/agents/${companion}`, { model: "openai/gpt-4o-mini" });
  server.model.say(spoken("Again."), FINISH);
  const [next = ""] = (await say(main, "again")) ?? [];
  expect((await ended(next)).status).toBe("completed");
});

test("two agents that look after each other do not keep each other awake", async () => {
  const { main, companion } = await pair(1);
  await ok("PATCH", `/v1/agents/${companion}`, { enable_sleeptime: true });
  const manager_config = { manager_type: "sleeptime", manager_agent_id: companion };
  await ok("POST", "/v1/groups", { agent_ids: [main], description: "", manager_config });
  server.model.say(spoken("Hello!"), FINISH);
  const [runId = ""] = (await say(main, "hi")) ?? [];
  await ended(runId);
  await Bun.sleep(50);
  expect(await ok("GET", `/v1/runs/?agent_id=${main}`)).toHaveLength(1);
});

test("a block attached to the agent is its companion's too, until it is detached", async () => {
  const { main, companion } = await pair(1);
  const block = await ok("POST", "/v1/blocks", { label: "plans", value: "none" });
  const own = await ok("POST", "/v1/blocks", { label: "memory_persona", value: "mine" });
  const labels = async () => (await agent(companion)).blocks.map((one: Answer) => one.label);
  for (const id of [block.id, own.id]) await ok("PATCH", `/v1/agents/${main}/core-memory/blocks/attach/${id}`);
  expect(await labels()).toEqual(["memory_persona", "human", "plans"]);
  await ok("PATCH", `/v1/agents/${main}/core-memory/blocks/detach/${block.id}`);
  expect(await labels()).toEqual(["memory_persona", "human"]);
});

test("deleting an agent deletes its companion; deleting the companion leaves the agent alone", async () => {
  const { main, companion, group } = await pair(1);
  await ok("DELETE", `/v1/agents/${main}`);
  for (const path of [`agents/${companion}`, `groups/${group}`])
    expect([path, (await server.request("GET", `/v1/${path}`)).status]).toEqual([path, 404]);

  const other = await pair(1);
  await ok("DELETE", `/v1/agents/${other.companion}`);
  expect(await agent(other.main)).toMatchObject({ enable_sleeptime: null, managed_group: null });
  expect(await ok("GET", "/v1/groups/count")).toBe(0);
  server.model.say(spoken("Hello!"));
  expect(await say(other.main, "hi")).toBeNull();
});

describe("in a process that is killed", () => {
  const directory = temporaryDirectory();
  const model = startModelServer();
  let running: ServerProcess | undefined;

  afterAll(async () => {
    await running?.kill();
    await model.stop();
    directory.remove();
  });

  async function call(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${running?.url}${path}`, { method, headers, body: JSON.stringify(body) ?? null });
    return response.json();
  }

  /** Says one thing after the other until the server is gone; returns what was answered. */
  async function talk(agentId: string, round: number, named: Set<string>): Promise<readonly string[]> {
    const answered: string[] = [];
    for (let turn = 0; ; turn++) {
      const input = `round ${round}, message ${turn}.`;
      try {
        const { usage } = await call("POST", `/v1/agents/${agentId}/messages`, { input });
        for (const id of usage?.run_ids ?? []) named.add(id);
        if (usage !== undefined) answered.push(input);
      } catch {
        return answered;
      }
    }
  }

  test("a companion has read of every turn, once", async () => {
    const named = new Set<string>();
    const answered: string[] = [];
    let main: Answer;
    for (let round = 0; round < 3; round++) {
      running = await startServer(directory.path, model.environment);
      main ??= await call("POST", "/v1/agents", { model: "openai/gpt-4o-mini", enable_sleeptime: true });
      const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 1 };
      await call("PATCH", `/v1/groups/${main.managed_group.id}`, { manager_config });
      const killed = Bun.sleep(500 + round * 130).then(() => running?.kill());
      answered.push(...(await talk(main.id, round, named)));
      await killed;
    }
    running = await startServer(directory.path, model.environment);
    await until(
      () => call("GET", "/v1/runs/?active=true"),
      (runs) => runs.length === 0,
    );
    const [companion] = main.managed_group.agent_ids;
    const runs = await call("GET", `/v1/runs/?agent_id=${companion}&limit=1000`);
    expect(runs.filter((run: Answer) => named.has(run.id))).toHaveLength(named.size);
    expect(runs.filter((run: Answer) => run.status !== "completed")).toEqual([]);
    const messages = await call("GET", `/v1/agents/${companion}/messages?limit=1000`);
    const text = messages.map((message: Answer) => message.content ?? "").join("\n");
    expect(answered.length).toBeGreaterThan(9);
    for (const input of answered) expect([input, text.split(`[user] ${input}`).length - 1]).toEqual([input, 1]);
  }, 60_000);
});

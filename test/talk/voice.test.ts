import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Voice agents: what leaves their context, and what their companions keep of it.

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const ok: TestServer["ok"] = (...request) => server.ok(...request);

interface Pair {
  readonly main: string;
  readonly companion: string;
  readonly group: Answer;
}

/** A voice agent and its companion, which keeps this many messages at hand, and leaves so many. */
async function pair(most = 8, least = 5): Promise<Pair> {
  const main = await server.agent({ name: "Vox", agent_type: "voice_convo_agent", enable_sleeptime: true });
  const { managed_group } = await ok("GET", `/v1/agents/${main}?include=agent.managed_group`);
  const buffers = { max_message_buffer_length: most, min_message_buffer_length: least };
  const manager_config = { manager_type: "voice_sleeptime", ...buffers };
  const group = await ok("PATCH", `/v1/groups/${managed_group.id}`, { manager_config });
  return { main, companion: group.agent_ids[0], group: managed_group };
}

function spoken(message: string) {
  return { calls: [{ name: "send_message", arguments: { message } }] };
}

/** Says something, and returns the runs in which the companion reads of what left. */
async function say(agentId: string, input: string): Promise<readonly string[]> {
  server.model.say(spoken(`I heard ${input}`));
  return (await ok("POST", `/v1/agents/${agentId}/messages`, { input })).usage.run_ids ?? [];
}

async function ended(runId: string): Promise<Answer> {
  for (let tries = 0; tries < 500; tries++) {
    const run = await ok("GET", `/v1/runs/${runId}`);
    if (run.completed_at !== null) return run;
    await Bun.sleep(10);
  }
  throw new Error("It did not end in time");
}

async function inContext(agentId: string): Promise<number> {
  return (await ok("GET", `/v1/agents/${agentId}`)).message_ids.length;
}

function tool(name: string, args: object) {
  return { calls: [{ name, arguments: args }] };
}

const FINISH = tool("finish_rethinking_memory", {});

/** Talks until something leaves the context, with the companion saying this; gives the run in which it reads. */
async function talkUntilLeaving(main: string, ...replies: readonly object[]): Promise<Answer> {
  for (let turn = 0; turn < 40; turn++) {
    const before = await inContext(main);
    server.model.say(spoken(`I heard word${turn}`), ...((await isLast(before)) ? replies : []));
    const { usage } = await ok("POST", `/v1/agents/${main}/messages`, { input: `word${turn}` });
    if (usage.run_ids !== null) return ended(usage.run_ids[0]);
  }
  throw new Error("Nothing left");

  /** A turn is three messages: what is said, the call that speaks, and its answer. The system message does not count. */
  async function isLast(messages: number): Promise<boolean> {
    return messages - 1 + 3 > 8;
  }
}

test("a voice agent has a companion of its own kind, and Letta's buffers", async () => {
  const main = await server.agent({ name: "Vox", agent_type: "voice_convo_agent", enable_sleeptime: true });
  const { managed_group: group, tools } = await ok(
    "GET",
    `/v1/agents/${main}?include=agent.managed_group&include=agent.tools`,
  );
  expect(group).toMatchObject({
    manager_type: "voice_sleeptime",
    manager_agent_id: main,
    max_message_buffer_length: 30,
    min_message_buffer_length: 15,
  });
  expect(tools.map(({ name }: Answer) => name).toSorted()).toEqual(["search_memory", "send_message"]);
  const companion = await ok("GET", `/v1/agents/${group.agent_ids[0]}?include=agent.tools&include=agent.blocks`);
  expect(companion).toMatchObject({ name: "Vox-sleeptime", agent_type: "voice_sleeptime_agent" });
  expect(companion.tools.map(({ name }: Answer) => name).toSorted()).toEqual([
    "finish_rethinking_memory",
    "rethink_user_memory",
    "store_memories",
  ]);
  expect(companion.blocks.map(({ label }: Answer) => label)).toContain("human");
});

test("what is beyond the buffer leaves the context, and the companion keeps it where the agent finds it", async () => {
  const { main, companion, group } = await pair();
  const run = await talkUntilLeaving(
    main,
    tool("store_memories", { chunks: [{ start_index: 0, end_index: 2, context: "The person began with a word." }] }),
    tool("rethink_user_memory", { new_memory: "Says words." }),
    FINISH,
  );
  expect(run).toMatchObject({ agent_id: companion, status: "completed", background: true });
  expect(await inContext(main)).toBeLessThanOrEqual(1 + 5);
  const read = await ok("GET", `/v1/runs/${run.id}/messages?order=asc`);
  const { content } = read.find(({ message_type }: Answer) => message_type === "user_message");
  expect(content).toMatch(/<leaving_lines>\n.*\d+: \[user\] word0/s);
  expect(content).toMatch(/<staying_lines>\n\[user\] word/);
  const passages = await ok("GET", `/v1/agents/${main}/archival-memory`);
  expect(passages.map(({ text }: Answer) => text)).toEqual([
    expect.stringMatching(/^The person began with a word\.\n\n.*\n/),
  ]);
  const human = await ok("GET", `/v1/agents/${main}/core-memory/blocks/human`);
  expect(human.value).toBe("Says words.");
  // Nothing of it is gone.
  const all = await ok("GET", `/v1/agents/${main}/messages?limit=100`);
  expect(JSON.stringify(all)).toContain("word0");
  expect((await ok("GET", `/v1/groups/${group.id}`)).last_processed_message_id).not.toBeNull();

  server.model.say(tool("search_memory", { convo_keyword_queries: ["word0"] }), spoken("You began with a word."));
  const answer = await ok("POST", `/v1/agents/${main}/messages`, { input: "Which person began?" });
  const returned = answer.messages.find(({ message_type }: Answer) => message_type === "tool_return_message");
  expect(returned).toMatchObject({ status: "success" });
  expect(returned.tool_return).toMatch(/\[memory, .*The person began with a word.*\[user, .*word0/s);
});

test("lines that are not there cannot be stored, and nothing of the call is", async () => {
  const { main } = await pair();
  const chunks = [
    { start_index: 0, end_index: 0, context: "Good." },
    { start_index: 90, end_index: 99, context: "Made up." },
  ];
  const run = await talkUntilLeaving(
    main,
    tool("store_memories", { chunks }),
    tool("rethink_user_memory", { new_memory: "x" }),
    FINISH,
  );
  const messages = await ok("GET", `/v1/runs/${run.id}/messages?order=asc`);
  const [first] = messages.filter(({ message_type }: Answer) => message_type === "tool_return_message");
  expect([first.status, first.tool_return]).toEqual(["error", expect.stringContaining("no lines from 90 to 99")]);
  expect(await ok("GET", `/v1/agents/${main}/archival-memory`)).toEqual([]);
});

test("within the buffer nothing leaves and nobody is woken; searches by hand say that nothing is found", async () => {
  const { main } = await pair(30, 15);
  for (const word of ["one", "two"]) expect(await say(main, word)).toEqual([]);
  const found = await ok("POST", `/v1/agents/${main}/tools/search_memory/run`, { args: {} });
  expect(found.func_return).toBe("No memories were found.");
});

test("a tool that stores lines is refused where none left", async () => {
  const id = await server.agent({ tools: ["store_memories"] });
  const args = { chunks: [{ start_index: 0, end_index: 1, context: "x" }] };
  const ran = await ok("POST", `/v1/agents/${id}/tools/store_memories/run`, { args });
  expect([ran.status, JSON.stringify(ran)]).toEqual(["error", expect.stringContaining("No lines are leaving")]);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { closeChecked } from "../_harness/contexts.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;
let agentId: string;

beforeEach(async () => {
  server = await startTestServer();
  agentId = await server.agent();
});

afterEach(() => closeChecked(server));

/** A reply with a call and one without, told token by token in the background, and the frames in which it was told. */
async function told(options: object): Promise<{ readonly runId: string; readonly live: readonly string[] }> {
  const memory = { label: "human", old_string: "Ada", new_string: "Bob" };
  server.model.say({ text: "Let me note that down.", calls: [{ name: "memory_replace", arguments: memory }] });
  server.model.say({ text: "I have written it down, word by word by word." });
  const body = { messages: [{ role: "user", content: "I am Bob" }], background: true, include_pings: true, ...options };
  const live = framesOf(await (await server.stream(`/v1/agents/${agentId}/messages/stream`, body)).text());
  return { live, runId: /"run_id":"([^"]+)"/.exec(live[0] ?? "")?.[1] ?? "" };
}

function framesOf(text: string): readonly string[] {
  return text.split("\n\n").filter((frame) => frame !== "");
}

async function readAfter(runId: string, starting_after: number): Promise<readonly string[]> {
  return framesOf(await (await server.stream(`/v1/runs/${runId}/stream`, { starting_after })).text());
}

test("a log tells of steps, tools and approvals too, which are no part of Letta's stream", async () => {
  const { runId } = await told({ stream_tokens: false });
  const { rows } = await server.database.reader.execute(
    "select data, frames_before from run_event_arrivals where run_id = $1 order by seq_id",
    [runId],
  );
  const events = rows.map(({ data, frames_before: before }) => ({ ...JSON.parse(String(data)), before }));
  expect(events.map(({ kind, before }: Answer) => [kind, before])).toEqual([
    ["started", 0],
    ["step.started", 1],
    ["message", 1],
    ["tool.started", 3],
    ["tool.ended", 3],
    ["memory.changed", 3],
    ["message", 3],
    ["step.ended", 4],
    ["step.started", 4],
    ["message", 4],
    ["step.ended", 5],
    ["ended", 5],
  ]);
  expect(events[4]).toMatchObject({ v: 1, ok: true, ms: expect.any(Number), call: events[3].call });
  expect(events[7].usage.totalTokens).toBeGreaterThan(0);
  for (const { at } of events) expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
});

test("a log tells what was asked for, and how it was answered", async () => {
  const client_tools = [{ name: "ring", parameters: { type: "object", properties: {} } }];
  server.model.say({ calls: [{ name: "ring", arguments: {} }] });
  const asked = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go", client_tools });
  const { tool_call_id } = asked.messages.at(-1).tool_call;
  server.model.say({ text: "It rang." });
  const messages = [
    { type: "approval", approvals: [{ type: "tool", tool_call_id, tool_return: "ok", status: "success" }] },
  ];
  await server.ok("POST", `/v1/agents/${agentId}/messages`, { messages, client_tools });
  const runs: Answer = await server.ok("GET", `/v1/runs/?agent_id=${agentId}&order=asc`);
  const logs = server.server.store.reader(DEFAULT_ACTOR).events;
  const rows = [];
  for (const { id } of runs) rows.push(...(await logs.after(id, 0, 100)));
  const events = rows.map(({ data }) => JSON.parse(data));
  expect(events.filter(({ kind }) => kind.startsWith("approval."))).toMatchObject([
    { kind: "approval.asked", calls: [tool_call_id], dueAt: null },
    { kind: "approval.answered", answers: [{ call: tool_call_id, verdict: "returned" }] },
  ]);
});

test("a log tells what each call changed in memory, and of calls that changed nothing no such thing", async () => {
  const id = await server.agent({ tools: ["memory", "archival_memory_insert"] });
  const call = (name: string, args: object) => ({ calls: [{ name, arguments: args }] });
  const create = { command: "create", path: "/memories/trips", description: "Journeys", file_text: "secret" };
  server.model.say(
    call("memory_replace", { label: "human", old_string: "Nobody", new_string: "Bob" }),
    call("conversation_search", { query: "trips" }),
    call("memory", create),
    call("memory", { command: "rename", old_path: "/memories/trips", new_path: "/memories/tours" }),
    call("memory", { command: "delete", path: "/memories/tours" }),
    call("archival_memory_insert", { content: "a secret" }),
  );
  await server.ok("POST", `/v1/agents/${id}/messages`, { input: "go" });
  const { rows } = await server.database.reader.execute("select data from run_event_arrivals order by number", []);
  const texts = rows.map(({ data }) => String(data)).filter((data) => data.includes('"memory.changed"'));
  expect(texts.join()).not.toContain("secret");
  const [{ id: passageId }] = await server.ok("GET", `/v1/agents/${id}/archival-memory`);
  const block = { what: "block", id: expect.stringMatching(/^block-/) };
  expect(texts.map((text) => JSON.parse(text).changes)).toEqual([
    [{ ...block, label: "trips", version: 1, how: "added" }],
    [{ ...block, label: "tours", version: 2, how: "edited" }],
    [{ ...block, label: "tours", version: 2, how: "removed" }],
    [{ what: "passage", id: passageId, how: "added" }],
  ]);
});

/** Moves what arrived to where each run has its own pages, as the server does now and then. */
async function move(): Promise<void> {
  const { writer } = server.database;
  const { rows } = await writer.execute("select run_id, seq_id, frames_before, data from run_event_arrivals", []);
  for (const { run_id, seq_id, frames_before, data } of rows)
    await writer.execute("insert into run_events (run_id, seq_id, frames_before, data) values ($1, $2, $3, $4)", [
      run_id,
      seq_id,
      frames_before,
      `${frames_before}${data}`,
    ]);
  await writer.execute("delete from run_event_arrivals", []);
}

test.each([
  ["everything", { stream_tokens: true }],
  ["whole messages", { stream_tokens: false }],
  ["some kinds of messages", { stream_tokens: true, include_return_message_types: ["tool_return_message"] }],
])(
  "a stream of %s is the same from every number on, read again and after a restart, as it was told",
  async (_, options) => {
    const { runId, live } = await told(options);
    expect(live.length).toBeGreaterThan(4);
    expect(live.at(-1)).toBe("data: [DONE]");
    const expectSame = async () => {
      for (let after = 0; after < live.length; after++)
        expect(await readAfter(runId, after)).toEqual(live.slice(after));
      for (const past of [live.length, live.length + 5]) expect(await readAfter(runId, past)).toEqual(["data: [DONE]"]);
    };
    await expectSame();
    await server.restarted();
    await expectSame();
    await move();
    await expectSame();
  },
);

/** How an older version kept a run: its options flat, and the frames of its stream, or none where nobody streamed. */
async function age(runId: string, frames: readonly string[], stream: string): Promise<void> {
  const { writer } = server.database;
  await writer.execute("delete from run_event_arrivals where run_id = $1", [runId]);
  await writer.execute("delete from run_events where run_id = $1", [runId]);
  for (const [index, frame] of frames.entries()) {
    const text = `${frame.replace(`"seq_id":${index + 1},`, '"seq_id":null,')}\n\n`;
    const table = index < 2 ? "run_events" : "run_event_arrivals";
    await writer.execute(`insert into ${table} (run_id, seq_id, data) values ($1, $2, $3)`, [runId, index + 1, text]);
  }
  const { rows } = await writer.execute("select request_config as config from runs where id = $1", [runId]);
  const { face, ...rest }: Answer = JSON.parse(String(rows[0]?.["config"]));
  const config = JSON.stringify({ ...rest, ...face.letta, stream });
  await writer.execute("update runs set request_config = $1 where id = $2", [config, runId]);
}

test("a stream that an older version told is read from every number on as it was told", async () => {
  const { runId, live } = await told({ stream_tokens: true });
  await age(runId, live, "tokens");
  for (let after = 0; after <= live.length; after++)
    expect(await readAfter(runId, after)).toEqual(after === live.length ? ["data: [DONE]"] : live.slice(after));
});

test("a run that was streaming when an older version stopped is read to its end, its numbers going on", async () => {
  const { runId, live } = await told({ stream_tokens: true });
  // The older version stopped where the tool had answered.
  const stopped = live.findIndex((frame) => frame.includes('"tool_return_message"')) + 1;
  await age(runId, live.slice(0, stopped), "tokens");
  const { writer } = server.database;
  await writer.execute("update runs set status = 'running', completed_at = null, stop_reason = null where id = $1", [
    runId,
  ]);
  const last = "select max(sequence_id) from messages where run_id = $1";
  for (const table of ["thread_messages", "messages"])
    await writer.execute(`delete from ${table} where sequence_id = (${last})`, [runId]);
  await writer.execute(
    "delete from steps where id in (select id from steps where run_id = $1 order by created_at desc limit 1)",
    [runId],
  );
  server.model.say({ text: "Where was I? It is written down." });
  const again = await server.restarted();
  await again.runner.recover();
  await again.runner.drain(5_000);
  const all = await readAfter(runId, 0);
  expect(all.slice(0, stopped)).toEqual(live.slice(0, stopped));
  expect(all.at(-1)).toBe("data: [DONE]");
  expect(all.join("")).toContain("Where");
  const numbers = all.map((frame) => /"seq_id":(\d+)/.exec(frame)?.[1]).filter((number) => number !== undefined);
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
  for (let after = 0; after < all.length; after++) expect(await readAfter(runId, after)).toEqual(all.slice(after));
});

test("a run that an older version kept no stream of is told from its messages", async () => {
  const run = await server.ok("POST", `/v1/agents/${agentId}/messages/async`, { input: "hello" });
  await server.server.runner.drain(5_000);
  const before = await readAfter(run.id, 0);
  expect(before.join("")).toContain('"assistant_message"');
  await age(run.id, [], "none");
  expect(await readAfter(run.id, 0)).toEqual(before);
  expect(await readAfter(run.id, 1)).toEqual(before.slice(1));
});

test("a run is shown as its request asked, where an older version kept that among the run's other options too", async () => {
  const asked = {
    use_assistant_message: false,
    assistant_message_tool_name: "say",
    assistant_message_tool_kwarg: "words",
    include_return_message_types: ["tool_return_message"],
  };
  const { runId, live } = await told({ stream_tokens: true, ...asked });
  const shown = async () => [
    (await server.ok("GET", `/v1/runs/${runId}`)).request_config,
    await server.ok("GET", `/v1/runs/${runId}/messages`),
    await readAfter(runId, 0),
  ];
  const before = await shown();
  expect(before[0]).toEqual(asked);
  expect(before[1].map((message: Answer) => message.message_type)).toEqual(["tool_return_message"]);
  expect(before[2]).toEqual(live);
  await age(runId, [], "tokens");
  const [config, messages, frames] = await shown();
  expect([config, messages]).toEqual(before.slice(0, 2));
  expect(frames.join("")).toContain('"tool_return_message"');
  expect(frames.join("")).not.toContain('"assistant_message"');
});

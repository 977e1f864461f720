import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

function send(agentId: string, text: string, extra: object = {}) {
  return server.request("POST", `/v1/agents/${agentId}/messages`, {
    messages: [{ role: "user", content: text }],
    ...extra,
  });
}

async function history(agentId: string): Promise<readonly Answer[]> {
  return (await server.request("GET", `/v1/agents/${agentId}/messages?order=asc`)).body;
}

function types(messages: readonly Answer[]): readonly string[] {
  return messages.map((message) => message.message_type);
}

test("a one-step message costs two commits and at most two flushes", async () => {
  const agentId = await server.agent();
  await send(agentId, "warm up");
  const [commits, flushes] = [server.database.commits(), server.database.flushes()];
  const { body } = await send(agentId, "hello");
  expect(body.stop_reason.stop_reason).toBe("end_turn");
  expect(server.database.commits() - commits).toBe(2);
  expect(server.database.flushes() - flushes).toBeLessThanOrEqual(2);
});

test("a memory tool's effect, its answer and the new prompt come together", async () => {
  const agentId = await server.agent();
  server.model.say(
    { calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "Likes tea", insert_line: -1 } }] },
    { text: "Noted." },
  );
  const { body } = await send(agentId, "I like tea");
  expect(types(body.messages)).toEqual(["tool_call_message", "tool_return_message", "assistant_message"]);
  expect(body.messages[1].status).toBe("success");
  const block = await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(block.body.value).toBe("Ada\nLikes tea");
  const [, afterTool] = server.model.requests;
  expect(JSON.stringify(afterTool?.messages[0]?.content)).toContain("Likes tea");
});

test("every call gets exactly one answer, also fifty at once, unknown tools and bad arguments", async () => {
  const agentId = await server.agent();
  const calls = Array.from({ length: 50 }, (_, index) => ({
    name: index % 2 === 0 ? "no_such_tool" : "memory_insert",
    arguments: { wrong: index },
  }));
  server.model.say({ calls }, { text: "Sorry." });
  const { body } = await send(agentId, "go");
  expect(body.stop_reason.stop_reason).toBe("end_turn");
  const second = server.model.requests[1]?.messages ?? [];
  const asked = second.flatMap((message) => (message.tool_calls ?? []).map((call) => call.id));
  const answered = second.flatMap((message) => message.tool_call_id ?? []);
  expect(asked).toHaveLength(50);
  expect(answered).toEqual(asked);
});

test("call ids that a provider uses again stay apart", async () => {
  const agentId = await server.agent();
  const call = { name: "memory_insert", arguments: { label: "human", new_string: "x", insert_line: -1 }, id: "call_0" };
  server.model.say({ calls: [call] }, { calls: [call] }, { text: "Twice." });
  await send(agentId, "go");
  const last = server.model.requests.at(-1)?.messages ?? [];
  const asked = last.flatMap((message) => (message.tool_calls ?? []).map((made) => made.id));
  expect(new Set(asked).size).toBe(2);
  expect(last.flatMap((message) => message.tool_call_id ?? [])).toEqual(asked);
});

test("call ids that only count are not kept, for a compaction may have taken the same one out of the context", async () => {
  const agentId = await server.agent();
  const call = { name: "conversation_search", arguments: { query: "tea" }, id: "functions.conversation_search:0" };
  server.model.say({ calls: [call] }, { text: "no" });
  await send(agentId, "first");
  await server.request("POST", "/v1/conversations/default/compact", { agent_id: agentId });
  server.model.say({ calls: [call] }, { text: "no" });
  await send(agentId, "second");
  const ids = (await history(agentId)).flatMap((message) => message.tool_call?.tool_call_id ?? []);
  expect([ids.length, new Set(ids).size]).toEqual([2, 2]);
});

test("a step that fails keeps what the person wrote, and the next message works", async () => {
  const agentId = await server.agent();
  server.model.say({ status: 400, body: '{"error":{"message":"nope"}}' });
  const failed = await send(agentId, "please keep this");
  expect(failed.status).toBe(400);
  expect(failed.body.error.type).toBe("llm_bad_request");
  expect(JSON.stringify(await history(agentId))).toContain("please keep this");
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect([run.status, run.stop_reason]).toEqual(["failed", "llm_api_error"]);
  expect((await send(agentId, "again")).body.stop_reason.stop_reason).toBe("end_turn");
});

test("an agent's tool never writes past a block's limit, and the model hears why", async () => {
  const agentId = await server.agent({ memory_blocks: [{ label: "human", value: "Ada", limit: 10 }] });
  server.model.say({
    calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "x".repeat(50), insert_line: -1 } }],
  });
  const { body } = await send(agentId, "go");
  expect(body.messages[1].status).toBe("error");
  expect(body.messages[1].tool_return).toMatch(/10/);
  expect((await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`)).body.value).toBe("Ada");
});

test("max_steps ends a run that would go on", async () => {
  const agentId = await server.agent();
  const again = { calls: [{ name: "conversation_search", arguments: { query: "x" } }] };
  server.model.say(again, again, again);
  const { body } = await send(agentId, "go", { max_steps: 2 });
  expect(body.stop_reason.stop_reason).toBe("max_steps");
  expect(body.usage.step_count).toBe(2);
});

test("a second message while a run is at work is refused with the run's id", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "slow", after: gate.promise });
  const first = send(agentId, "one");
  while (server.model.requests.length === 0) await Bun.sleep(1);
  const second = await send(agentId, "two");
  expect(second.status).toBe(409);
  expect(second.body.run_id).toMatch(/^run-/);
  expect(second.body.detail).toContain("is currently being processed");
  expect(second.headers.get("x-should-retry")).toBe("false");
  gate.resolve();
  expect((await first).body.stop_reason.stop_reason).toBe("end_turn");
});

test("a client's tool stops the run until the client answers, and words meanwhile are refused", async () => {
  const agentId = await server.agent();
  const client_tools = [{ name: "look", description: "looks", parameters: { type: "object", properties: {} } }];
  server.model.say({ calls: [{ name: "look", arguments: {} }] }, { text: "I saw it." });
  const asked = await send(agentId, "look!", { client_tools });
  expect(asked.body.stop_reason.stop_reason).toBe("requires_approval");
  const [request] = asked.body.messages;
  expect(request.message_type).toBe("approval_request_message");

  const words = await send(agentId, "hello?");
  expect([words.status, words.body.detail.code]).toEqual([409, "PENDING_APPROVAL"]);

  const wrong = {
    type: "approval",
    approvals: [{ type: "tool", tool_call_id: "call_other", tool_return: "x", status: "success" }],
  };
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [wrong] })).status).toBe(400);

  const right = {
    type: "approval",
    approvals: [
      { type: "tool", tool_call_id: request.tool_call.tool_call_id, tool_return: "a seal", status: "success" },
    ],
  };
  const done = await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [right], client_tools });
  expect(types(done.body.messages)).toEqual(["tool_return_message", "assistant_message"]);
  expect(done.body.messages[0].tool_return).toBe("a seal");
  const late = await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [right] });
  expect(late.status).toBe(400);
  expect((await send(agentId, "thanks")).status).toBe(200);
});

test("a stream is numbered in background mode and continues from any number", async () => {
  const agentId = await server.agent();
  server.model.say({ text: "one two three four five" });
  const body = {
    messages: [{ role: "user", content: "count" }],
    streaming: true,
    stream_tokens: true,
    background: true,
  };
  const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, body));
  const numbered = events.filter((event) => typeof event.seq_id === "number");
  expect(numbered.map((event) => event.seq_id)).toEqual(numbered.map((_, index) => index + 1));
  expect(events.at(-1)).toBe("[DONE]");
  for (let from = 0; from < events.length; from++) {
    const again = await eventsOf(
      await server.stream(`/v1/runs/${numbered[0].run_id}/stream`, { starting_after: from }),
    );
    expect(again).toEqual(events.slice(from));
  }
});

test("a client that goes away does not stop the run", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "still here", after: gate.promise });
  const body = { messages: [{ role: "user", content: "go" }], streaming: true, stream_tokens: true };
  const response = await server.stream(`/v1/agents/${agentId}/messages`, body);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  gate.resolve();
  await server.server.runner.drain(5_000);
  expect(JSON.stringify(await history(agentId))).toContain("still here");
});

test("cancel ends a run that waits for its model, and the next message works", async () => {
  const agentId = await server.agent();
  const gate = Promise.withResolvers<void>();
  server.model.say({ text: "never", after: gate.promise });
  const first = send(agentId, "one");
  while (server.model.requests.length === 0) await Bun.sleep(1);
  const cancelled = await server.request("POST", `/v1/agents/${agentId}/messages/cancel`, {});
  expect(Object.values(cancelled.body)).toEqual(["cancelled"]);
  expect((await first).body.stop_reason.stop_reason).toBe("cancelled");
  gate.resolve();
  expect((await send(agentId, "two")).body.stop_reason.stop_reason).toBe("end_turn");
});

test("older agent types speak through their tool, and think in its arguments", async () => {
  const agentId = await server.agent({ agent_type: "memgpt_v2_agent" });
  server.model.say(
    {
      calls: [
        {
          name: "memory_insert",
          arguments: {
            thinking: "Keep it.",
            label: "human",
            new_string: "Likes tea",
            insert_line: -1,
            request_heartbeat: true,
          },
        },
      ],
    },
    { calls: [{ name: "send_message", arguments: { thinking: "Greet.", message: "Hello, Ada" } }] },
  );
  const { body } = await send(agentId, "I like tea");
  expect(types(body.messages)).toEqual([
    "reasoning_message",
    "tool_call_message",
    "tool_return_message",
    "reasoning_message",
    "assistant_message",
  ]);
  expect(body.messages.at(-1).content).toBe("Hello, Ada");
  expect(body.stop_reason.stop_reason).toBe("end_turn");
});

test("agents that share a block see each other's edits", async () => {
  const { body: block } = await server.request("POST", "/v1/blocks/", { label: "team", value: "Plan A" });
  const writer = await server.agent({ memory_blocks: [], block_ids: [block.id] });
  const readerId = await server.agent({ memory_blocks: [], block_ids: [block.id] });
  server.model.say(
    { calls: [{ name: "memory_replace", arguments: { label: "team", old_string: "Plan A", new_string: "Plan B" } }] },
    { text: "ok" },
  );
  await send(writer, "change the plan");
  await send(readerId, "what is the plan?");
  expect(JSON.stringify(server.model.requests.at(-1)?.messages[0])).toContain("Plan B");
});

describe("agents that talk by tool", () => {
  /** What a reply's stream says, its pieces joined, and how many pieces each message came in. */
  async function streamed(agentId: string, extra: object = {}) {
    const body = { input: "hello", stream_tokens: true, ...extra };
    const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages/stream`, body));
    const joined = new Map<string, Answer>();
    for (const { otid, message_type: type, reasoning, content, tool_call } of events) {
      if (typeof otid !== "string") continue;
      const { text = "", count = 0 } = joined.get(otid) ?? {};
      const said = reasoning ?? content ?? tool_call?.arguments ?? "";
      joined.set(otid, { otid, type, text: text + said, count: count + 1 });
    }
    return [...joined.values()];
  }

  async function listed(agentId: string) {
    const messages = (await server.request("GET", `/v1/agents/${agentId}/messages?order=asc`)).body;
    return messages.map(({ otid, message_type: type, reasoning, content }: Answer) => ({
      otid,
      type,
      text: reasoning ?? content,
    }));
  }

  const speak = (args: object) => ({ calls: [{ name: "send_message", arguments: args }] });

  test("thought and speech are streamed token by token, as the messages that are listed later", async () => {
    for (const agent_type of ["memgpt_v2_agent", "memgpt_agent"]) {
      const agentId = await server.agent({ agent_type });
      const thinking = "The person greets me, so I greet back";
      const message = 'Hello "Ada" \u{1f600}, how are you?';
      server.model.say(speak({ thinking, message, request_heartbeat: false }));
      const [thought, reply, ...more] = await streamed(agentId);
      expect(thought).toMatchObject({ type: "reasoning_message", text: thinking });
      expect(reply).toMatchObject({ type: "assistant_message", text: message });
      expect(Math.min(thought.count, reply.count)).toBeGreaterThan(1);
      expect(more).toEqual([]);
      const shown = [thought, reply].map(({ otid, type, text }) => ({ otid, type, text }));
      expect(await listed(agentId)).toEqual(expect.arrayContaining(shown));
    }
  });

  test("speech without a thought before it comes whole, and so do other calls", async () => {
    const agentId = await server.agent({ agent_type: "memgpt_v2_agent" });
    server.model.say(speak({ message: "Only words", thinking: "Too late" }));
    const [late, ...rest] = await streamed(agentId);
    expect([late.type, late.text]).toEqual(["reasoning_message", "Too late"]);
    expect(rest.map((piece) => piece.text)).toEqual(["Only words"]);
    server.model.say(
      {
        calls: [
          { name: "conversation_search", arguments: { thinking: "Look", query: "tea", request_heartbeat: true } },
        ],
      },
      speak({ message: "No tea" }),
    );
    const pieces = await streamed(agentId);
    expect(pieces.map((piece) => piece.type)).toEqual([
      "reasoning_message",
      "tool_call_message",
      "tool_return_message",
      "assistant_message",
    ]);
    expect(JSON.parse(pieces[1].text)).toEqual({ query: "tea", request_heartbeat: true });
    expect(pieces.at(-1)).toMatchObject({ text: "No tea", count: 1 });
  });

  test("without use_assistant_message the call of the speaking tool is shown as it is", async () => {
    const agentId = await server.agent({ agent_type: "memgpt_v2_agent" });
    server.model.say(speak({ thinking: "Greet", message: "Hello" }));
    const pieces = await streamed(agentId, { use_assistant_message: false });
    expect(pieces.map((piece) => piece.type)).toEqual([
      "reasoning_message",
      "tool_call_message",
      "tool_return_message",
    ]);
    expect(JSON.parse(pieces[1].text)).toMatchObject({ message: "Hello" });
  });
});

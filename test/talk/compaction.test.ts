import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Message } from "../../src/agent/message.ts";
import { newMessage } from "../../src/agent/new-message.ts";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { type AgentId, DEFAULT_ACTOR } from "../../src/core/id.ts";
import { closeChecked } from "../_harness/contexts.ts";
import type { ScriptedReply } from "../_harness/model-server.ts";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => closeChecked(server));

const TOO_LONG: ScriptedReply = {
  status: 400,
  body: '{"error":{"code":"context_length_exceeded","message":"This model\'s maximum context length is 8 tokens"}}',
};
const BROKEN: ScriptedReply = { status: 400, body: '{"error":{"message":"no"}}' };
const SUMMARIES = { compaction_settings: { model: "openai/gpt-4o" } };

function send(agentId: string, text: string, extra: object = {}) {
  return server.request("POST", `/v1/agents/${agentId}/messages`, {
    messages: [{ role: "user", content: text }],
    ...extra,
  });
}

/** An agent that has talked for a while: `turns` questions with their answers. */
async function talkedTo(turns: number, extra: object = SUMMARIES, filler = ""): Promise<string> {
  const agentId = await server.agent(extra);
  for (let turn = 0; turn < turns; turn++) {
    server.model.say({ text: `answer ${turn}${filler}` });
    await send(agentId, `question ${turn}${filler}`);
  }
  return agentId;
}

async function messageIds(agentId: string): Promise<readonly string[]> {
  return (await server.request("GET", `/v1/agents/${agentId}`)).body.message_ids;
}

async function history(agentId: string): Promise<readonly Answer[]> {
  return (await server.request("GET", `/v1/agents/${agentId}/messages?order=asc&limit=1000`)).body;
}

/** What the model was sent last, as one text. */
function lastRequest(): string {
  return JSON.stringify(server.model.requests.at(-1)?.messages);
}

function types(messages: readonly Answer[]): readonly string[] {
  return messages.map((message) => message.message_type).filter((type) => type !== undefined);
}

test("a step that fills the window is followed by a compaction, and nothing is lost", async () => {
  const agentId = await talkedTo(10);
  const before = await messageIds(agentId);
  server.model.say({ text: "the last answer", totalTokens: 120_000 }, { text: "They asked ten questions." });
  const { status, body } = await send(agentId, "the last question");
  expect([status, body.stop_reason.stop_reason]).toEqual([200, "end_turn"]);
  expect(types(body.messages)).toEqual(["assistant_message"]);
  const summarising = server.model.requests.at(-1);
  expect(summarising?.model).toBe("gpt-4o");
  expect(lastRequest()).toContain("[user] question 0");
  expect(lastRequest()).not.toContain("the last answer");

  const after = await messageIds(agentId);
  expect(after.length).toBeLessThan(before.length);
  expect(after[0]).toBe(before[0] as string);
  const all = await history(agentId);
  expect(all.filter((message) => message.message_type === "assistant_message")).toHaveLength(11);
  expect(JSON.stringify(all)).toContain("question 0");
  expect(all[0].content).toContain(`${before.length + 3 - after.length} previous messages`);

  server.model.say({ text: "ok" });
  await send(agentId, "and now?");
  expect(lastRequest()).toContain("They asked ten questions.");
  expect(lastRequest()).toContain("the last answer");
  expect(lastRequest()).not.toContain("question 0");
  expect(
    server.model.requests
      .at(-1)
      ?.messages.map((message) => message.role)
      .slice(0, 2),
  ).toEqual(["system", "user"]);
});

test("a step below nine tenths of the window is not", async () => {
  const agentId = await talkedTo(3);
  const before = server.model.requests.length;
  server.model.say({ text: "fine", totalTokens: 115_200 });
  await send(agentId, "hello");
  expect(server.model.requests).toHaveLength(before + 1);
});

test("a stream tells of a compaction when asked to, and only then", async () => {
  const agentId = await talkedTo(6);
  const body = {
    messages: [{ role: "user", content: "go" }],
    streaming: true,
    stream_tokens: true,
    include_pings: false,
  };
  const path = `/v1/agents/${agentId}/messages`;
  server.model.say({ text: "one", totalTokens: 120_000 }, { text: "A summary." });
  const silent = await eventsOf(await server.stream(path, body));
  expect(types(silent)).toEqual(["assistant_message", "stop_reason", "usage_statistics"]);
  server.model.say({ text: "two", totalTokens: 120_000 }, { text: "Another summary." });
  const told = await eventsOf(await server.stream(path, { ...body, include_compaction_messages: true }));
  expect(types(told)).toEqual([
    "assistant_message",
    "event_message",
    "summary_message",
    "stop_reason",
    "usage_statistics",
  ]);
  const [, event, summary] = told;
  expect(event).toMatchObject({
    event_type: "compaction",
    otid: null,
    event_data: { trigger: "post_step_context_check", context_token_estimate: 120_000, context_window: 128_000 },
  });
  expect(summary.summary).toBe("Another summary.");
  expect(summary.compaction_stats).toMatchObject({
    trigger: "post_step_context_check",
    context_tokens_before: 120_000,
  });
  expect(summary.compaction_stats.messages_count_after).toBeLessThan(summary.compaction_stats.messages_count_before);
  server.model.say({ text: "three", totalTokens: 120_000 }, { text: "Third." });
  const whole = await send(agentId, "go", { include_compaction_messages: true });
  expect(types(whole.body.messages)).toEqual(["assistant_message", "summary_message"]);
  const kept = (await history(agentId)).filter((message) => String(message.content).includes("system_alert"));
  expect(types(kept)).toEqual(["user_message", "user_message", "user_message"]);
});

test("a request that the provider finds too long is compacted and made again", async () => {
  const agentId = await talkedTo(10);
  server.model.say(TOO_LONG, { text: "Ten questions, ten answers." }, { text: "here I am" });
  const { status, body } = await send(agentId, "still there?");
  expect(status).toBe(200);
  expect(body.messages[0].content).toBe("here I am");
  expect(lastRequest()).toContain("Ten questions, ten answers.");
  expect(lastRequest()).toContain("still there?");
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect([run.status, run.stop_reason]).toEqual(["completed", "end_turn"]);
  const steps = (await server.request("GET", `/v1/runs/${run.id}/steps`)).body;
  expect(steps).toHaveLength(1);
  expect(body.messages[0].step_id).toBe(steps[0].id);
  const [asked] = (await history(agentId)).filter((message) => message.content === "still there?");
  expect(asked.step_id).toBe(steps[0].id);
});

test("a provider that goes on refusing ends the run after everything else was left out, and the agent is not stuck", async () => {
  const agentId = await talkedTo(10, SUMMARIES, " and so on".repeat(300));
  const summary = { text: "Short." };
  server.model.say(TOO_LONG, summary, TOO_LONG, summary, TOO_LONG, summary, TOO_LONG, TOO_LONG);
  const before = server.model.requests.length;
  const { status, body } = await send(agentId, "x");
  expect([status, body.detail]).toEqual([400, expect.stringContaining("CONTEXT_WINDOW_EXCEEDED")]);
  const called = server.model.requests.slice(before).map((request) => request.model);
  const [own, other] = ["gpt-4o-mini", "gpt-4o"];
  expect(called).toEqual([own, other, own, other, own, other, own, own]);
  expect(server.model.requests.at(-1)?.messages.map((message) => message.role)).toEqual(["system", "user", "user"]);
  const again = await send(agentId, "again");
  expect(again.body.stop_reason.stop_reason).toBe("end_turn");
  expect(JSON.stringify(await history(agentId))).toContain("question 3");
});

test("a system prompt that alone is too long is named as the reason", async () => {
  const agentId = await server.agent({ system: "word ".repeat(6_000), context_window_limit: 5_000 });
  server.model.say(TOO_LONG);
  const { status, body } = await send(agentId, "hello");
  expect([status, body.detail]).toEqual([400, expect.stringMatching(/take up about \d+ tokens.*holds 5000/)]);
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect(run.stop_reason).toBe("context_window_overflow_in_system_prompt");
});

test("models that fail to summarise are passed over, and a note stands in for them", async () => {
  const agentId = await talkedTo(10);
  server.model.say({ text: "full", totalTokens: 120_000 }, BROKEN, { text: "By the agent's own model." });
  await send(agentId, "one");
  expect(server.model.requests.slice(-2).map((request) => request.model)).toEqual(["gpt-4o", "gpt-4o-mini"]);
  server.model.say({ text: "full again", totalTokens: 120_000 }, BROKEN, BROKEN);
  const { body } = await send(agentId, "two");
  expect(body.stop_reason.stop_reason).toBe("end_turn");
  await send(agentId, "three");
  expect(lastRequest()).toContain("No summary could be made");
  expect(lastRequest()).toContain("By the agent's own model.");
});

test("a summariser that nobody knows is passed over, too", async () => {
  const agentId = await talkedTo(6, { compaction_settings: { model: "nowhere/nothing" } });
  server.model.say({ text: "full", totalTokens: 120_000 }, { text: "By the agent's own model." });
  await send(agentId, "one");
  await send(agentId, "two");
  expect(lastRequest()).toContain("By the agent's own model.");
});

test("an agent that summarises by itself is asked in its own context", async () => {
  const agentId = await talkedTo(6, { compaction_settings: { mode: "self_compact_all" } });
  server.model.say({ text: "full", totalTokens: 120_000 }, { text: "What I remember." });
  await send(agentId, "one");
  const asked = server.model.requests.at(-1);
  expect(asked?.tools?.length).toBeGreaterThan(0);
  expect(asked?.messages.map((message) => message.role).slice(0, 3)).toEqual(["system", "user", "assistant"]);
  expect(await messageIds(agentId)).toHaveLength(2);
  await send(agentId, "two");
  expect(lastRequest()).toContain("What I remember.");
});

test("a transcript longer than the summariser's window is read in parts", async () => {
  const agentId = await server.agent({ context_window_limit: 2_000 });
  for (let turn = 0; turn < 6; turn++) {
    server.model.say({ text: `${turn} `.repeat(400) });
    await send(agentId, `question ${turn}`);
  }
  const before = server.model.requests.length;
  server.model.say({ text: "First part." }, { text: "Both parts." });
  const { body } = await server.request("POST", `/v1/agents/${agentId}/summarize`, {
    compaction_settings: { mode: "all" },
  });
  const asked = server.model.requests.slice(before);
  expect(asked.length).toBeGreaterThan(1);
  expect(JSON.stringify(asked[1]?.messages)).toContain("First part.");
  expect(body.num_messages_after).toBe(2);
});

test("what was evicted is still found by a search", async () => {
  const agentId = await talkedTo(10);
  server.model.say({ text: "They talked." });
  await server.request("POST", `/v1/agents/${agentId}/summarize`, { compaction_settings: { mode: "all" } });
  server.model.say(
    { calls: [{ name: "conversation_search", arguments: { query: "question 4" } }] },
    { text: "Found it." },
  );
  const { body } = await send(agentId, "what did I ask fifth?");
  expect(body.messages[1].tool_return).toContain("question 4");
});

test("summarize answers with the summary and the counts, and with what there is when nothing can go", async () => {
  const agentId = await talkedTo(10);
  server.model.say({ text: "Ten questions." });
  const path = `/v1/agents/${agentId}/summarize`;
  const first = await server.request("POST", path, {});
  expect(first.body).toEqual({ summary: "Ten questions.", num_messages_before: 21, num_messages_after: 17 });
  expect(await messageIds(agentId)).toHaveLength(17);
  server.model.say({ text: "All of it." });
  const whole = await server.request("POST", path, { compaction_settings: { mode: "all" } });
  expect(whole.body).toEqual({ summary: "All of it.", num_messages_before: 17, num_messages_after: 2 });
  const nothing = await server.request("POST", path, {});
  expect(nothing.body).toEqual({ summary: "All of it.", num_messages_before: 2, num_messages_after: 2 });
  expect(validateResponse("POST", path, 200, nothing.body)).toEqual([]);
});

test("summarize says so when nothing can go: of an empty conversation, and of words that wait for a reply", async () => {
  const agentId = await server.agent();
  const path = `/v1/agents/${agentId}/summarize`;
  const refused = async (count: number) => {
    const { status, body } = await server.request("POST", path, { compaction_settings: { mode: "all" } });
    expect([status, body.detail]).toEqual([400, expect.stringContaining(`of the ${count} messages`)]);
    expect(await messageIds(agentId)).toHaveLength(count);
  };
  await refused(1);
  for (const words of ["one", "two", "three"]) {
    server.model.say({ status: 401 });
    await send(agentId, words);
  }
  await refused(4);
  await send(agentId, "four");
  server.model.say({ text: "All." });
  const done = await server.request("POST", path, { compaction_settings: { mode: "all" } });
  expect([done.status, done.body.num_messages_after]).toEqual([200, 2]);
  await server.request("POST", path, {});
  server.model.say({ status: 401 });
  await send(agentId, "five");
  await refused(3);
});

test.each([false, true])("where a provider tells no usage it is estimated; streamed: %p", async (isStreamed) => {
  const agentId = await server.agent({ ...SUMMARIES, context_window_limit: 4_000 });
  let longest = 0;
  server.model.always(() => ({ respond: () => unbilled() }));
  const choice = { index: 0, finish_reason: "stop" };
  const common = { id: "c", created: 1, model: "gpt-4o-mini" };
  function unbilled(): Response {
    const request = server.model.requests.at(-1);
    longest = Math.max(longest, JSON.stringify(request?.messages).length);
    if (request?.stream !== true)
      return Response.json({ ...common, choices: [{ ...choice, message: { role: "assistant", content: "ok" } }] });
    const chunk = { ...common, object: "chat.completion.chunk", choices: [{ ...choice, delta: { content: "ok" } }] };
    return new Response(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`, {
      headers: { "content-type": "text/event-stream" },
    });
  }
  const filler = "words go on and on ".repeat(60);
  for (let turn = 0; turn < 16; turn++) {
    const extra = isStreamed ? { streaming: true, stream_tokens: true } : {};
    const body = { messages: [{ role: "user", content: `note ${turn} ${filler}` }], ...extra };
    const answer = await server.stream(`/v1/agents/${agentId}/messages`, body);
    expect([answer.status, (await answer.text()).includes("end_turn")]).toEqual([200, true]);
  }
  // Summaries are made from what is in the context, and from nothing that was sent since.
  expect(longest / 4).toBeLessThan(4_000 * 1.2);
  const [summary] = (await history(agentId)).filter((message) => String(message.content).includes("system_alert"));
  const { compaction_stats: stats } = JSON.parse(summary.content);
  expect(stats.context_tokens_before).toBeGreaterThan(stats.context_tokens_after);
  const { rows } = await server.database.reader.execute("select tokens from messages where role = 'user'", []);
  expect(rows.filter(({ tokens }) => tokens !== null).length).toBeGreaterThan(5);
});

test("of a context with more messages than are read none of the newest is left out, and a note says what is", async () => {
  const agentId = (await server.agent({ context_window_limit: 1_000_000 })) as AgentId;
  const rows = Array.from({ length: 20_100 }, (_, index) => filled(agentId, index, index % 2 === 0 ? "hm?" : "yes."));
  await server.server.store.write(DEFAULT_ACTOR, ({ messages }) => messages.append(agentId, rows));
  server.model.always(() => ({ text: "It was about the tide." }));
  expect((await send(agentId, "the newest words")).status).toBe(200);
  const heard = server.model.requests.findLast(({ tools }) => tools !== undefined)?.messages ?? [];
  expect(heard.length).toBeLessThan(18_000);
  expect([heard[0]?.role, JSON.stringify(heard.at(-1))]).toEqual([
    "system",
    expect.stringContaining("the newest words"),
  ]);
  expect(JSON.stringify(heard[1])).toContain("It was about the tide.");
  expect(heard.at(-2)?.content).toBe("yes.");
  const context = await messageIds(agentId);
  expect(context.length).toBe(heard.length + 1);
}, 30_000);

test("summarize is refused while a run is at work", async () => {
  const agentId = await talkedTo(4);
  const gate = Promise.withResolvers<void>();
  const asked = server.model.requests.length;
  server.model.say({ text: "slow", after: gate.promise });
  const running = send(agentId, "one");
  while (server.model.requests.length === asked) await Bun.sleep(1);
  const refused = await server.request("POST", `/v1/agents/${agentId}/summarize`, {});
  expect(refused.status).toBe(409);
  expect((await server.request("PATCH", `/v1/agents/${agentId}/reset-messages`, {})).status).toBe(409);
  gate.resolve();
  expect((await running).status).toBe(200);
});

test("a message that comes in while a summary is written wins", async () => {
  const agentId = await talkedTo(4);
  const gate = Promise.withResolvers<void>();
  const asked = server.model.requests.length;
  server.model.say({ text: "late", after: gate.promise });
  const compacting = server.request("POST", `/v1/agents/${agentId}/summarize`, {});
  while (server.model.requests.length === asked) await Bun.sleep(1);
  expect((await send(agentId, "quick")).status).toBe(200);
  gate.resolve();
  expect((await compacting).status).toBe(409);
  expect(await messageIds(agentId)).toHaveLength(11);
});

test("a request that waits for an approval survives a compaction", async () => {
  const agentId = await talkedTo(6);
  const client_tools = [{ name: "look", description: "looks", parameters: { type: "object", properties: {} } }];
  server.model.say(
    { text: "let me see", calls: [{ name: "look", arguments: {} }], totalTokens: 120_000 },
    { text: "Six." },
  );
  const asked = await send(agentId, "look!", { client_tools });
  expect(asked.body.stop_reason.stop_reason).toBe("requires_approval");
  const request = asked.body.messages.find((message: Answer) => message.message_type === "approval_request_message");
  server.model.say({ text: "Everything before." });
  const { body } = await server.request("POST", `/v1/agents/${agentId}/summarize`, {
    compaction_settings: { mode: "all" },
  });
  expect(body.num_messages_after).toBeLessThanOrEqual(4);
  expect((await send(agentId, "hello?")).status).toBe(409);
  const answer = {
    type: "approval",
    approvals: [
      { type: "tool", tool_call_id: request.tool_call.tool_call_id, tool_return: "a seal", status: "success" },
    ],
  };
  server.model.say({ text: "I saw it." });
  const done = await server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [answer], client_tools });
  expect(types(done.body.messages)).toEqual(["tool_return_message", "assistant_message"]);
});

test("a run that was cut off before its compaction is compacted and ended when it is continued", async () => {
  const agentId = await talkedTo(8);
  const asked = server.model.requests.length;
  const never = Promise.withResolvers<void>();
  server.model.say({ text: "the reply", totalTokens: 120_000 }, { text: "never", after: never.promise });
  const cut = send(agentId, "one");
  while (server.model.requests.length < asked + 2) await Bun.sleep(1);
  expect(JSON.stringify(await history(agentId))).toContain("the reply");
  const before = (await messageIds(agentId)).length;

  server.model.say({ text: "After the restart." });
  const restarted = await server.restarted();
  expect(await restarted.runner.recover()).toBe(1);
  await restarted.runner.drain(5_000);
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect([run.status, run.stop_reason]).toEqual(["completed", "end_turn"]);
  expect((await messageIds(agentId)).length).toBeLessThan(before);
  const replies = (await history(agentId)).filter((message) => message.message_type === "assistant_message");
  expect(replies).toHaveLength(9);
  expect(replies.at(-1).content).toBe("the reply");
  await server.server.runner.cancel(DEFAULT_ACTOR, run.id);
  await cut;
});

test("a run that was cut off before its compaction ends also when the clock was set back between its steps", async () => {
  const agentId = await talkedTo(8);
  const asked = server.model.requests.length;
  const never = Promise.withResolvers<void>();
  const search = { calls: [{ name: "conversation_search", arguments: { query: "question" } }] };
  server.model.say(search, { text: "the reply", totalTokens: 120_000 }, { text: "never", after: never.promise });
  const cut = send(agentId, "one");
  while (server.model.requests.length < asked + 3) await Bun.sleep(1);
  const restarted = await server.restarted();
  const [unfinished] = await restarted.store.unfinishedRuns();
  const later = "update steps set created_at = created_at + 60000 where run_id = $1 and stop_reason is null";
  expect(await server.database.writer.execute(later, [unfinished?.runId])).toMatchObject({ changes: 1 });
  expect(await restarted.runner.recover()).toBe(1);
  await restarted.runner.drain(5_000);
  expect((await history(agentId)).at(-1).content).toBe("the reply");
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect([run.status, run.stop_reason]).toEqual(["completed", "end_turn"]);
  await server.server.runner.cancel(DEFAULT_ACTOR, run.id);
  await cut;
});

test("a conversation is compacted and recompiled by itself, by its id or as the default one", async () => {
  const agentId = await talkedTo(6);
  const conversation = (await server.request("POST", `/v1/conversations/?agent_id=${agentId}`, {})).body;
  for (let turn = 0; turn < 6; turn++)
    await server.request("POST", `/v1/conversations/${conversation.id}/messages`, {
      messages: [{ role: "user", content: `in here ${turn}` }],
      streaming: false,
    });
  const own = await messageIds(agentId);
  server.model.say({ text: "Six in here." });
  const path = `/v1/conversations/${conversation.id}/compact`;
  const compacted = await server.request("POST", path, {});
  expect(compacted.body).toEqual({ summary: "Six in here.", num_messages_before: 13, num_messages_after: 11 });
  expect(validateResponse("POST", path, 200, compacted.body)).toEqual([]);
  expect(await messageIds(agentId)).toEqual(own);

  const listed = await server.request("GET", `/v1/conversations/${conversation.id}/messages?order=asc&limit=4`);
  expect(listed.body.map((message: Answer) => String(message.content).slice(0, 12))[1]).toBe("in here 0");
  const pages: string[] = [];
  for (let after = ""; ; ) {
    const page = await server.request(
      "GET",
      `/v1/conversations/${conversation.id}/messages?order=asc&limit=3${after === "" ? "" : `&after=${after}`}`,
    );
    if (page.body.length === 0) break;
    pages.push(...page.body.map((message: Answer) => message.id));
    after = page.body.at(-1).id;
  }
  expect(pages).toHaveLength(14);
  expect(new Set(pages).size).toBe(14);

  await server.request("PATCH", `/v1/agents/${agentId}/core-memory/blocks/human`, { value: "Grace" });
  const recompile = `/v1/conversations/${conversation.id}/recompile`;
  const dry = await server.request("POST", `${recompile}?dry_run=true`);
  expect(dry.body).toContain("Grace");
  expect(dry.body).toContain(conversation.id);
  const done = await server.request("POST", recompile);
  expect(done.body).toBe(dry.body);

  expect((await server.request("POST", "/v1/conversations/default/compact", {})).status).toBe(400);
  server.model.say({ text: "Six outside." });
  const direct = await server.request("POST", "/v1/conversations/default/compact", { agent_id: agentId });
  expect(direct.body.summary).toBe("Six outside.");
});

test("the context overview adds up, and follows a compaction", async () => {
  const agentId = await talkedTo(6);
  const path = `/v1/agents/${agentId}/context`;
  const { status, body } = await server.request("GET", path);
  expect(status).toBe(200);
  expect(validateResponse("GET", path, 200, body)).toEqual([]);
  const parts = Object.entries(body).filter(([name]) => name.startsWith("num_tokens_"));
  const total = parts.reduce((sum, [, tokens]) => sum + Number(tokens), 0);
  expect(body.context_window_size_current).toBe(total);
  expect(body.num_messages).toBe(13);
  expect(body.summary_memory).toBeNull();
  expect(body.core_memory).toContain("Ada");
  expect(body.num_tokens_functions_definitions).toBeGreaterThan(50);
  expect((await server.request("GET", path)).body).toEqual(body);
  server.model.say({ text: "Six questions." });
  await server.request("POST", `/v1/agents/${agentId}/summarize`, {});
  const after = (await server.request("GET", path)).body;
  expect(after.summary_memory).toBe("Six questions.");
  expect(after.num_messages).toBeLessThan(13);
  expect(validateResponse("GET", path, 200, after)).toEqual([]);
});

test("reset-messages empties the context, keeps the history, and ends a wait for an approval", async () => {
  const agentId = await talkedTo(3);
  const client_tools = [{ name: "look", description: "looks", parameters: { type: "object", properties: {} } }];
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  await send(agentId, "look!", { client_tools });
  const path = `/v1/agents/${agentId}/reset-messages`;
  const { status, body } = await server.request("PATCH", path, { add_default_initial_messages: true });
  expect([status, body.message_ids.length]).toEqual([200, 1]);
  expect(JSON.stringify(await history(agentId))).toContain("question 0");
  expect((await send(agentId, "hello")).status).toBe(200);
  expect(lastRequest()).not.toContain("question 0");
  const speaking = await server.agent({ agent_type: "memgpt_v2_agent" });
  const first = await messageIds(speaking);
  const kept = await server.request("PATCH", `/v1/agents/${speaking}/reset-messages`, {});
  expect(kept.body.message_ids).toEqual([first[0]]);
  const again = await server.request("PATCH", `/v1/agents/${speaking}/reset-messages`, {
    add_default_initial_messages: true,
  });
  expect(again.body.message_ids).toHaveLength(first.length);
});

test("a history of 10,000 messages is compacted within seconds, and costs nothing afterwards", async () => {
  const agentId = (await server.agent(SUMMARIES)) as AgentId;
  const rows = Array.from({ length: 10_000 }, (_, index): Message => {
    const who = index % 2 === 0 ? "question" : "answer";
    return filled(agentId, index, `${who} ${index}: ${"the tide comes in and goes out again ".repeat(4)}`);
  });
  await server.server.store.write(DEFAULT_ACTOR, ({ messages }) => messages.append(agentId, rows));
  const started = performance.now();
  const replies = Array.from({ length: 12 }, (_, part): ScriptedReply => ({ text: `Summary of part ${part}.` }));
  server.model.say({ text: "full", totalTokens: 400_000 }, ...replies);
  const { body } = await send(agentId, "enough?");
  expect(body.stop_reason.stop_reason).toBe("end_turn");
  expect(performance.now() - started).toBeLessThan(10_000);
  const after = await messageIds(agentId);
  expect(after.length).toBeLessThan(3_500);
  const again = performance.now();
  await send(agentId, "and again?");
  expect(performance.now() - again).toBeLessThan(1_000);
}, 30_000);

/** A message of a long history, of the user and the agent in turn. */
function filled(agentId: AgentId, index: number, text: string): Message {
  const place = { agentId, conversationId: null, runId: null, stepId: null, model: null };
  const role = index % 2 === 0 ? "user" : "assistant";
  const message = newMessage(realWorld(), place, { role, content: [{ type: "text", text }] });
  return { ...message, createdAt: instantOf(1_700_000_000_000 + index) };
}

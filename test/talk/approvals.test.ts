import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ACTOR, newId, requireId } from "../../src/core/id.ts";
import { closeChecked } from "../_harness/contexts.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => closeChecked(server));

const NAMES = ["look", "hear"];
const client_tools = NAMES.map((name) => ({ name, parameters: { type: "object", properties: {} } }));

async function post(agentId: string, body: object): Promise<{ readonly status: number; readonly body: Answer }> {
  return server.request("POST", `/v1/agents/${agentId}/messages`, body);
}

/** An agent that waits for the answers to these calls of its client's tools. */
async function waiting(count: number, extra: object = {}) {
  const agentId = await server.agent();
  const calls = NAMES.slice(0, count).map((name) => ({ name, arguments: {} }));
  server.model.say({ calls });
  const { body } = await post(agentId, { input: "go", client_tools, ...extra });
  const [request] = body.messages;
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  const ids: readonly string[] = request.tool_calls.map((call: Answer) => call.tool_call_id);
  return { agentId, requestId: request.id, first: ids[0] ?? "", second: ids[1] ?? "", runId: run.id };
}

function tool(tool_call_id: string, tool_return = "seen") {
  return { type: "tool", tool_call_id, tool_return, status: "success" };
}

function denial(tool_call_id: string) {
  return { type: "approval", tool_call_id, approve: false, reason: "no" };
}

function answer(...approvals: readonly object[]) {
  return { messages: [{ type: "approval", approvals }] };
}

type Waiting = Awaited<ReturnType<typeof waiting>>;

const WRONG: Readonly<Record<string, (asked: Waiting) => object>> = {
  "too few": ({ first }) => answer(tool(first)),
  "too many": ({ first, second }) => answer(tool(first), tool(second), tool("call_unknown")),
  "an unknown one": ({ first }) => answer(tool(first), tool("call_unknown")),
  "two for one call": ({ first }) => answer(tool(first), denial(first)),
  "one more for a call": ({ first, second }) => answer(tool(first), tool(second), denial(first)),
  "the request as a whole beside an unknown one": ({ requestId }) => answer(denial(requestId), denial("call_unknown")),
};

for (const [name, wrong] of Object.entries(WRONG)) {
  test(`answers that are not one for each call are refused and change nothing: ${name}`, async () => {
    const asked = await waiting(2);
    const refused = await post(asked.agentId, wrong(asked));
    const told = `Invalid tool call IDs. Expected '['${asked.first}', '${asked.second}']', but received '['`;
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining(told)]);
    const right = await post(asked.agentId, answer(tool(asked.second, "heard"), tool(asked.first)));
    const [returned] = right.body.messages;
    expect(returned.tool_returns.map((entry: Answer) => entry.tool_return)).toEqual(["seen", "heard"]);
    expect(right.body.stop_reason.stop_reason).toBe("end_turn");
  });
}

test("what is not pending cannot be answered, neither before, nor twice, and the conversation goes on", async () => {
  const idle = await server.agent();
  const none = await post(idle, answer(tool("call_unknown")));
  expect([none.status, none.body.detail]).toEqual([400, expect.stringContaining("No tool call is currently awaiting")]);
  const { agentId, first } = await waiting(1);
  expect((await post(agentId, answer(tool(first)))).status).toBe(200);
  expect((await post(agentId, answer(denial(first)))).status).toBe(400);
  expect((await post(agentId, { input: "thanks" })).status).toBe(200);
});

test("of two answers at once one is taken", async () => {
  const { agentId, first } = await waiting(1);
  const both = await Promise.all([post(agentId, answer(tool(first, "1"))), post(agentId, answer(tool(first, "2")))]);
  const statuses = both.map(({ status }) => status).toSorted();
  expect(statuses[0]).toBe(200);
  // The other one came while the first was at work, or after it.
  expect([400, 409]).toContain(statuses[1] ?? 0);
});

test("what was denied has neither output nor a name, and what ran beside it gives its own", async () => {
  const agentId = await server.agent();
  const tool_rules = [{ tool_name: "memory_insert", type: "requires_approval" }];
  await server.ok("PATCH", `/v1/agents/${agentId}`, { tool_rules });
  const insert = { name: "memory_insert", arguments: { label: "human", new_string: "likes seals" } };
  for (const [beside, name] of [
    [[], null],
    [[insert], "memory_insert"],
  ] as const) {
    server.model.say({ calls: [{ name: "look", arguments: {} }, ...beside] });
    const asked = await post(agentId, { input: "go", client_tools });
    const [first = "", ...others] = asked.body.messages.at(-1).tool_calls.map((call: Answer) => call.tool_call_id);
    const approved = others.map((tool_call_id: string) => ({ type: "approval", tool_call_id, approve: true }));
    const { body } = await post(agentId, { ...answer(denial(first), ...approved), client_tools });
    const [returned] = body.messages;
    const [denied] = returned.tool_returns;
    const wanted = { status: "error", stdout: null, stderr: null, tool_return: expect.stringContaining("denied") };
    expect(denied).toMatchObject(wanted);
    expect([returned.name, returned.stderr]).toEqual([name, null]);
  }
});

test("older clients answer a request as a whole by its message's id", async () => {
  const { agentId, requestId } = await waiting(2);
  const denied = await post(agentId, {
    messages: [{ approval_request_id: requestId, approve: false, reason: "later" }],
  });
  const [returned] = denied.body.messages;
  expect(returned.tool_returns).toHaveLength(2);
  for (const entry of returned.tool_returns) expect(entry.tool_return).toContain("denied. User reason: later");
  expect(denied.body.stop_reason.stop_reason).toBe("end_turn");
});

test("cancelling a run that waits for an approval denies it without a model, and frees the conversation", async () => {
  const { agentId, runId } = await waiting(2);
  const asks = server.model.requests.length;
  const path = `/v1/agents/${agentId}/messages/cancel`;
  const stranger = await server.agent();
  const foreign = await server.request("POST", `/v1/agents/${stranger}/messages/cancel`, { run_ids: [runId] });
  expect(foreign.body).toEqual({ [runId]: "failed" });
  expect((await server.request("POST", path, { run_ids: [runId] })).body).toEqual({ [runId]: "cancelled" });
  expect(server.model.requests).toHaveLength(asks);
  const { body: run } = await server.request("GET", `/v1/runs/${runId}`);
  expect([run.status, run.stop_reason]).toEqual(["cancelled", "cancelled"]);

  // What is finished stays as it is.
  expect((await server.request("POST", path, { run_ids: [runId, "nonsense"] })).body).toEqual({
    [runId]: "failed",
    nonsense: "failed",
  });
  expect((await server.request("POST", path, {})).status).toBe(409);

  expect((await post(agentId, { input: "hello" })).body.stop_reason.stop_reason).toBe("end_turn");
  const sent = server.model.requests.at(-1)?.messages ?? [];
  expect(sent.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool", "tool", "user"]);
  expect(JSON.stringify(sent)).toContain("The user cancelled the request");
});

test("cancelling without names reaches the request that a conversation waits for, and no other's", async () => {
  const { agentId, runId } = await waiting(1);
  const conversation = (await server.request("POST", `/v1/conversations/?agent_id=${agentId}`, {})).body.id;
  const elsewhere = await server.request("POST", `/v1/conversations/${conversation}/cancel`, {});
  expect(elsewhere.status).toBe(409);
  const cancelled = await server.request("POST", `/v1/conversations/default/cancel?agent_id=${agentId}`, {});
  expect(cancelled.body).toEqual({ [runId]: "cancelled" });
  const types = (
    await server.request("GET", `/v1/agents/${agentId}/messages?conversation_id=default&order=asc`)
  ).body.map((message: Answer) => message.message_type);
  expect(types.slice(-3)).toEqual(["approval_request_message", "approval_response_message", "tool_return_message"]);
});

test("a run that waits for an approval is not deleted, neither as a run nor as a job, until that is answered", async () => {
  const { agentId, runId, first } = await waiting(1);
  for (const path of [`/v1/runs/${runId}`, `/v1/jobs/${runId.replace("run", "job")}`])
    expect((await server.request("DELETE", path)).status).toBe(409);
  server.model.say({ text: "thanks" });
  await post(agentId, answer(tool(first)));
  expect((await server.request("DELETE", `/v1/runs/${runId}`)).status).toBe(200);
});

async function messageTypes(path: string): Promise<readonly string[]> {
  const { body } = await server.request("GET", `${path}?order=asc`);
  return body.map((message: Answer) => message.message_type);
}

/** What the model was sent last, without the system message. */
function lastSent(): Answer {
  return server.model.requests.at(-1)?.messages.slice(1);
}

const DENIED = ["approval_request_message", "approval_response_message", "tool_return_message"];

test("an answer that comes after the request was cancelled is refused, and what denied it is no part of the run's answer", async () => {
  const messages = [{ role: "user", content: "go", otid: "first" }];
  const { agentId, runId, first } = await waiting(1, { input: undefined, messages });
  await server.request("POST", `/v1/agents/${agentId}/messages/cancel`, { run_ids: [runId] });
  const asked = server.model.requests.length;
  const late = await post(agentId, answer(tool(first)));
  expect([late.status, late.body.detail]).toEqual([400, expect.stringContaining("No tool call is currently awaiting")]);
  expect(server.model.requests).toHaveLength(asked);
  const again = await post(agentId, { messages, client_tools });
  const types = again.body.messages.map((message: Answer) => message.message_type);
  expect(types).toEqual(["approval_request_message"]);
});

test("reset-messages denies what the conversation waits for, ends its run, and refuses answers that come later", async () => {
  const { agentId, runId, first, second } = await waiting(2, { approval_timeout_seconds: 3_600 });
  const asked = server.model.requests.length;
  const reset = await server.request("PATCH", `/v1/agents/${agentId}/reset-messages`, {});
  expect([reset.status, reset.body.message_ids.length]).toEqual([200, 1]);
  expect(reset.body.last_stop_reason).toBe("cancelled");
  const { body: run } = await server.request("GET", `/v1/runs/${runId}`);
  expect([run.status, run.stop_reason]).toEqual(["cancelled", "cancelled"]);
  expect(run.metadata).not.toHaveProperty("approval_expires_at");

  const path = `/v1/agents/${agentId}/messages`;
  expect((await messageTypes(path)).slice(-3)).toEqual(DENIED);
  const returned = (await server.request("GET", `${path}?order=asc`)).body.at(-1);
  expect(returned.tool_returns.map((entry: Answer) => [entry.tool_call_id, entry.status])).toEqual([
    [first, "error"],
    [second, "error"],
  ]);
  const late = await post(agentId, answer(tool(first), tool(second)));
  expect([late.status, late.body.detail]).toEqual([400, expect.stringContaining("No tool call is currently awaiting")]);
  expect((await server.request("POST", `${path}/cancel`, { run_ids: [runId] })).body).toEqual({ [runId]: "failed" });
  expect(server.model.requests).toHaveLength(asked);
  expect((await post(agentId, { input: "hello" })).status).toBe(200);
  expect(lastSent().map((message: Answer) => message.role)).toEqual(["user"]);
});

test("reset-messages with nothing to wait for ends no run", async () => {
  const agentId = await server.agent();
  await post(agentId, { input: "hello" });
  await server.request("PATCH", `/v1/agents/${agentId}/reset-messages`, {});
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  expect([run.status, run.stop_reason]).toEqual(["completed", "end_turn"]);
  expect(await messageTypes(`/v1/agents/${agentId}/messages`)).not.toContain("tool_return_message");
});

test("a fork of a conversation that waits takes messages at once, and the original goes on waiting", async () => {
  const { agentId, runId, requestId, first } = await waiting(1);
  const fork = (await server.request("POST", `/v1/conversations/default/fork?agent_id=${agentId}`)).body;
  const path = `/v1/conversations/${fork.id}/messages`;
  expect((await messageTypes(path)).slice(-3)).toEqual(DENIED);
  const shown = (await server.request("GET", `/v1/conversations/${fork.id}`)).body.in_context_message_ids;
  expect(fork.in_context_message_ids).toEqual(shown);

  expect((await server.request("POST", path, { ...answer(tool(first)), streaming: false })).status).toBe(400);
  expect((await server.request("POST", `/v1/conversations/${fork.id}/cancel`, {})).status).toBe(409);
  expect((await server.request("POST", path, { input: "and here?", streaming: false })).status).toBe(200);
  expect(lastSent().map((message: Answer) => message.role)).toEqual(["user", "assistant", "tool", "user"]);
  expect(JSON.stringify(lastSent())).toContain("The conversation was forked before");

  expect((await post(agentId, { input: "hello" })).body.detail.pending_request_id).toBe(requestId);
  const answered = await post(agentId, answer(tool(first)));
  expect(answered.body.messages[0].tool_return).toBe("seen");
  expect(JSON.stringify(lastSent())).not.toContain("forked");
  const { body: messages } = await server.request("GET", `/v1/runs/${runId}/messages`);
  expect(JSON.stringify(messages)).not.toContain("forked");
});

test("a call that was approved and did not run yet runs in the original alone", async () => {
  const agentId = await server.agent({ tool_rules: [{ type: "requires_approval", tool_name: "memory_insert" }] });
  server.model.say({ calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "likes seals" } }] });
  const asked = await post(agentId, { input: "go" });
  const { tool_call_id } = asked.body.messages[0].tool_call;
  // As a crash leaves it after the approval was stored, and before the call was made.
  await server.server.store.write(DEFAULT_ACTOR, async ({ messages }) => {
    const threadId = requireId("agent", agentId);
    const request = (await messages.context(threadId)).at(-1);
    const approvals = [{ type: "approval", toolCallId: tool_call_id, approve: true, reason: null }] as const;
    const id = newId("message", { uuid: () => crypto.randomUUID(), fraction: () => 0 });
    if (request !== undefined)
      await messages.append(threadId, [{ ...request, id, toolCalls: [], approvals, otid: "decided" }]);
  });
  const fork = (await server.request("POST", `/v1/conversations/default/fork?agent_id=${agentId}`)).body.id;
  for (const path of [`/v1/conversations/${fork}/messages`, `/v1/agents/${agentId}/messages`])
    expect((await server.request("POST", path, { input: "go on", streaming: false })).status).toBe(200);
  const block = await server.request("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
  expect(block.body.value.match(/likes seals/g)).toHaveLength(1);
});

test("a cancelled request for approval does not expire later", async () => {
  const agentId = await server.agent();
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  await post(agentId, { input: "go", client_tools, approval_timeout_seconds: 0.4 });
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  const [cancelled] = await Promise.all([
    server.request("POST", `/v1/agents/${agentId}/messages/cancel`, { run_ids: [run.id] }),
    Bun.sleep(600),
  ]);
  expect(cancelled.body).toEqual({ [run.id]: "cancelled" });
  expect((await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body).toHaveLength(1);
});

/** Every way to send: its path for an agent, and what it adds to the body. */
const WAYS: Readonly<Record<string, { path(agentId: string): string; readonly body: object }>> = {
  "waiting for the reply": { path: (id) => `/v1/agents/${id}/messages`, body: {} },
  "streaming steps": { path: (id) => `/v1/agents/${id}/messages`, body: { streaming: true } },
  "streaming in the background": {
    path: (id) => `/v1/agents/${id}/messages`,
    body: { streaming: true, stream_tokens: true, background: true },
  },
  "on the older path": { path: (id) => `/v1/agents/${id}/messages/stream`, body: {} },
  "for later": { path: (id) => `/v1/agents/${id}/messages/async`, body: {} },
  "in the conversation 'default'": { path: () => "/v1/conversations/default/messages", body: { streaming: false } },
  "streaming in the conversation": { path: () => "/v1/conversations/default/messages", body: {} },
};

for (const [name, { path, body }] of Object.entries(WAYS)) {
  const send = (agentId: string, input: object) => {
    const agent_id = path("").includes("/conversations/") ? { agent_id: agentId } : {};
    return server.request("POST", path(agentId), { ...input, ...body, ...agent_id });
  };

  test(`while an approval is awaited words are refused with its request, sent ${name}`, async () => {
    const { agentId, requestId, first } = await waiting(1);
    const refused = await send(agentId, { input: "hello" });
    const detail = { code: "PENDING_APPROVAL", pending_request_id: requestId };
    expect([refused.status, refused.body.detail]).toEqual([409, expect.objectContaining(detail)]);
    expect((await send(agentId, answer(tool("call_unknown")))).status).toBe(400);
    // Neither started a run, and the right answer is taken this way, too.
    expect((await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body).toHaveLength(1);
    expect((await send(agentId, answer(tool(first)))).status).toBe(200);
    await server.server.runner.drain(5_000);
    expect((await post(agentId, { input: "hello" })).status).toBe(200);
  });

  test(`while a run is at work words and answers are refused with its id, sent ${name}`, async () => {
    const agentId = await server.agent();
    const gate = Promise.withResolvers<void>();
    server.model.say({ text: "Slow.", after: gate.promise });
    const { body: run } = await server.request("POST", `/v1/agents/${agentId}/messages/async`, { input: "go" });
    for (const input of [{ input: "hello" }, answer(tool("call_unknown"))]) {
      const refused = await send(agentId, input);
      expect([refused.status, refused.body.run_id]).toEqual([409, run.id]);
    }
    gate.resolve();
    await server.server.runner.drain(5_000);
    expect((await send(agentId, { input: "hello" })).status).toBe(200);
  });
}

import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "./_test-server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const NAMES = ["look", "hear"];
const client_tools = NAMES.map((name) => ({ name, parameters: { type: "object", properties: {} } }));

async function post(agentId: string, body: object): Promise<{ readonly status: number; readonly body: Answer }> {
  return server.request("POST", `/v1/agents/${agentId}/messages`, body);
}

/** An agent that waits for the answers to these calls of its client's tools. */
async function waiting(count: number) {
  const agentId = await server.agent();
  const calls = NAMES.slice(0, count).map((name) => ({ name, arguments: {} }));
  server.model.say({ calls });
  const { body } = await post(agentId, { input: "go", client_tools });
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
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("Invalid tool call ids")]);
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

test("a cancelled request for approval does not expire later", async () => {
  const agentId = await server.agent();
  server.model.say({ calls: [{ name: "look", arguments: {} }] });
  await post(agentId, { input: "go", client_tools, approval_timeout_seconds: 0.05 });
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  const [cancelled] = await Promise.all([
    server.request("POST", `/v1/agents/${agentId}/messages/cancel`, { run_ids: [run.id] }),
    Bun.sleep(150),
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

import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Clients that know nothing of what a failed run keeps send the same once more, under new otids or none.

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

// A failure that says nothing of what was sent: what a provider refuses to read goes out of the context at once.
const BROKEN = { status: 401, body: '{"error":{"message":"broken"}}' };
const client_tools = [{ name: "look", parameters: { type: "object", properties: {} } }];

async function post(agentId: string, ...messages: readonly object[]): Promise<{ status: number; body: Answer }> {
  return server.request("POST", `/v1/agents/${agentId}/messages`, { messages, client_tools });
}

function user(content: string) {
  return { role: "user", content, otid: crypto.randomUUID() };
}

/** The roles and texts of the last request, without the system prompt. */
function heard(): readonly string[] {
  const messages = server.model.requests.at(-1)?.messages.slice(1) ?? [];
  return messages.map(({ role, content }) => `${role} ${typeof content === "string" ? content : ""}`.trim());
}

async function history(agentId: string, query = ""): Promise<readonly string[]> {
  const { body } = await server.request("GET", `/v1/agents/${agentId}/messages?order=asc${query}`);
  return body
    .slice(1)
    .map((message: Answer) => `${message.message_type} ${message.is_err === true ? "(repeated)" : ""}`.trim());
}

test("a message that is sent again after a failure is told once, and the earlier one is kept as an error", async () => {
  const agentId = await server.agent();
  server.model.say(BROKEN, BROKEN, { text: "Hello." });
  expect((await post(agentId, user("hi"))).status).toBe(401);
  expect((await post(agentId, user("hi"))).status).toBe(401);
  expect((await post(agentId, user("hi"), user("there?"))).status).toBe(200);
  expect(heard()).toEqual(["user hi", "user there?"]);
  expect(await history(agentId)).toEqual(["user_message", "user_message", "assistant_message"]);
  expect(await history(agentId, "&include_err=true")).toEqual([
    "user_message (repeated)",
    "user_message (repeated)",
    "user_message",
    "user_message",
    "assistant_message",
  ]);
  const found = await server.request("POST", "/v1/messages/search", { query: "hi", agent_id: agentId });
  expect(found.body.map((hit: Answer) => hit.content)).toEqual(["hi"]);
});

test("other words after a failure, or the same after a reply, are new", async () => {
  const agentId = await server.agent();
  server.model.say(BROKEN, { text: "One." }, { text: "Two." });
  await post(agentId, user("first"));
  await post(agentId, user("second"));
  expect(heard()).toEqual(["user first", "user second"]);
  await post(agentId, user("second"));
  expect(heard()).toEqual(["user first", "user second", "assistant One.", "user second"]);
});

test("only what failed last is repeated, also when more was left before it", async () => {
  const agentId = await server.agent();
  server.model.say(BROKEN, BROKEN, { text: "Yes." });
  await post(agentId, user("first"));
  await post(agentId, user("second"));
  await post(agentId, user("second"));
  expect(heard()).toEqual(["user first", "user second"]);
});

test("answers to calls that are sent again after a failure let the run go on, with words or without", async () => {
  for (const extra of [[], [user("and?")]]) {
    const agentId = await server.agent();
    server.model.say({ calls: [{ name: "look", arguments: {} }] }, BROKEN, BROKEN, { text: "A seal." });
    const asked = await post(agentId, user("look!"));
    const [{ tool_call_id }] = asked.body.messages[0].tool_calls;
    const answer = () => ({
      type: "approval",
      otid: crypto.randomUUID(),
      approvals: [{ type: "tool", tool_call_id, tool_return: "a seal", status: "success" }],
    });
    expect((await post(agentId, answer())).status).toBe(401);
    expect((await post(agentId, answer(), ...extra)).status).toBe(401);
    const done = await post(agentId, answer(), ...extra);
    expect([done.status, done.body.messages.at(-1).content]).toEqual([200, "A seal."]);
    const roles = heard().map((line) => line.split(" ")[0]);
    expect(roles).toEqual(["user", "assistant", "tool", ...extra.map(() => "user")]);
    // Once it has been heard, there is nothing left to answer.
    expect((await post(agentId, answer())).status).toBe(400);
  }
});

test("a request that was taken again is known by its new otids", async () => {
  const agentId = await server.agent();
  server.model.say(BROKEN, { text: "Once." });
  await post(agentId, user("hi"));
  const again = user("hi");
  const [first, second] = [await post(agentId, again), await post(agentId, again)];
  expect(second.body.messages).toEqual(first.body.messages);
  expect(await history(agentId)).toEqual(["user_message", "assistant_message"]);
});

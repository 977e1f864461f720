import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Routes of Letta's that its document does not show, or that are older than it.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

function captured(said: string, answer: unknown, more: readonly object[] = []) {
  const request_messages = [{ role: "system", content: "Be kind." }, ...more, { role: "user", content: said }];
  return {
    provider: "anthropic",
    model: "claude",
    request_messages,
    response_dict: { role: "assistant", content: answer },
  };
}

test("messages/capture keeps a turn in the history and in searches, and out of the context", async () => {
  const id = await server.agent();
  const before = await server.ok("GET", `/v1/agents/${id}`);
  const body = captured(
    "I grow quinces",
    [{ type: "text", text: "Lovely" }, { type: "image" }],
    [{ role: "user", content: [{ type: "text", text: "Hello there" }] }],
  );
  const kept = await server.ok("POST", `/v1/agents/${id}/messages/capture`, body);
  expect(kept).toEqual({ success: true, messages_created: 3, run_ids: [] });
  const listed = await server.ok("GET", `/v1/agents/${id}/messages?order=asc`);
  expect(listed.slice(1).map((one: Answer) => [one.message_type, one.content])).toEqual([
    ["user_message", "Hello there"],
    ["user_message", "I grow quinces"],
    ["assistant_message", "Lovely"],
  ]);
  expect((await server.ok("GET", `/v1/agents/${id}`)).message_ids).toEqual(before.message_ids);
  const found = await server.ok("POST", "/v1/messages/search", { query: "quinces", agent_id: id });
  expect(found.map((one: Answer) => one.content)).toEqual(["I grow quinces"]);

  server.model.say({ text: "Go on." });
  await server.ok("POST", `/v1/agents/${id}/messages`, { input: "And now?" });
  const asked = server.model.requests.at(-1);
  expect(JSON.stringify(asked)).toContain("And now?");
  expect(JSON.stringify(asked)).not.toContain("quinces");
});

test("messages/capture has the companion read of it", async () => {
  const id = await server.agent({ enable_sleeptime: true });
  server.model.say({ calls: [{ name: "memory_finish_edits", arguments: {} }] });
  const { run_ids } = await server.ok("POST", `/v1/agents/${id}/messages/capture`, captured("I grow medlars", "Nice"));
  expect(run_ids).toHaveLength(1);
  for (let tries = 0; tries < 500; tries++) {
    if ((await server.ok("GET", `/v1/runs/${run_ids[0]}`)).completed_at !== null) break;
    await Bun.sleep(10);
  }
  const read = await server.ok("GET", `/v1/runs/${run_ids[0]}/messages`);
  expect(JSON.stringify(read)).toContain("[user] I grow medlars");
});

test("messages/capture refuses what is no turn, and keeps nothing of it", async () => {
  const id = await server.agent();
  const path = `/v1/agents/${id}/messages/capture`;
  const wrong: readonly (readonly [object, string])[] = [
    [{}, "body.provider"],
    [captured("x", 5), "body.response_dict.content"],
    [{ ...captured("x", "y"), request_messages: [{ role: "user", content: 1 }] }, "body.request_messages.content"],
    [{ ...captured("x", "y"), request_messages: [{}] }, "body.request_messages.0.role"],
  ];
  for (const [body, told] of wrong) {
    const { status, body: answer } = await server.request("POST", path, body);
    expect([status, answer.detail]).toEqual([422, expect.stringContaining(told)]);
  }
  expect(await server.ok("GET", `/v1/agents/${id}/messages`)).toHaveLength(1);
  const nobody = "agent-123e4567-e89b-42d3-8456-426614174000";
  const { status } = await server.request("POST", `/v1/agents/${nobody}/messages/capture`, captured("x", "y"));
  expect(status).toBe(404);
});

test("an agent answers OpenAI's clients under its own path and the older one, whatever model they name", async () => {
  const id = await server.agent();
  const paths = [`/v1/agents/${id}/chat/completions`, `/openai/v1/${id}/chat/completions/`];
  for (const path of paths) {
    server.model.say({ text: "Hello." }, { text: "Hello." });
    const body = { model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] };
    const whole = await server.ok("POST", path, body);
    expect(whole).toMatchObject({ model: id, choices: [{ message: { content: "Hello." } }] });
    const streamed = await (await server.stream(path, { ...body, stream: true })).text();
    expect(streamed).toContain('"object":"chat.completion.chunk"');
    const refused = await server.request("POST", path, { messages: [] });
    expect([refused.status, refused.body.error.type]).toEqual([400, "invalid_request_error"]);
  }
});

test("voice-beta says that it is gone and what to use instead", async () => {
  const { status, body } = await server.request("POST", "/v1/voice-beta/agent-1/chat/completions", {});
  expect([status, body.detail]).toEqual([410, expect.stringContaining("/v1/agents/agent-1/chat/completions")]);
});

test("cache-warm has nothing to warm, and takes only what Letta takes", async () => {
  const path = "/v1/_internal_search/cache-warm";
  const { status, body } = await server.request("POST", path, { collection: "messages", scope: {} });
  expect([status, body]).toEqual([202, { collection: "messages", status: "ACCEPTED", warmed: true }]);
  for (const wrong of [{}, { collection: "tools", scope: {} }, { collection: "messages", scope: { a: 1 } }])
    expect((await server.request("POST", path, wrong)).status).toBe(422);
});

test("messages of agents cannot be changed, as in Letta", async () => {
  const id = await server.agent();
  const [first] = await server.ok("GET", `/v1/agents/${id}/messages`);
  const { status, body } = await server.request("PATCH", `/v1/agents/${id}/messages/${first.id}`, { content: "x" });
  expect([status, body.detail]).toEqual([405, expect.stringContaining("cannot be changed")]);
});

test("what belongs to hosted accounts and proxies says that it is not built", async () => {
  for (const [method, path] of [
    ["POST", "/v1/anthropic/v1/messages"],
    ["POST", "/v1/zai/v1/messages"],
    ["GET", "/v1/git/agent-1/state.git/info/refs"],
  ] as const) {
    const { status, body } = await server.request(method, path, method === "GET" ? undefined : {});
    expect([path, status, body.detail]).toEqual([path, 501, expect.stringMatching(/not built yet|hosted product/)]);
  }
});

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// What OpenAI's own clients look for in answers, who use an agent as a model.

let server: TestServer;
let agentId = "";

beforeAll(async () => {
  server = await startTestServer();
  agentId = await server.agent();
});

afterAll(() => server.close());

const messages = [{ role: "user", content: "hi" }];

async function stream(extra: object): Promise<readonly Answer[]> {
  return eventsOf(await server.stream("/v1/chat/completions", { model: agentId, messages, stream: true, ...extra }));
}

test("a streamed completion tells its usage once, last, when it was asked to", async () => {
  const events = await stream({ stream_options: { include_usage: true } });
  expect(events.at(-1)).toBe("[DONE]");
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  expect(events.at(-2)).toMatchObject({ object: "chat.completion.chunk", choices: [], usage });
  for (const event of events.slice(0, -2)) expect([event.choices.length, event.usage]).toEqual([1, null]);
  for (const extra of [{}, { stream_options: null }, { stream_options: { include_usage: false } }])
    for (const event of (await stream(extra)).slice(0, -1)) expect("usage" in event).toBe(false);
});

test("a completion that failed is an error with a body, whole and streamed", async () => {
  server.model.say({ status: 401 }, { status: 401 });
  const whole = await server.request("POST", "/v1/chat/completions", { model: agentId, messages });
  expect([whole.status, whole.body.error]).toMatchObject([
    401,
    { type: "llm_authentication", message: expect.stringContaining("Authentication"), param: null, code: null },
  ]);
  const events = await stream({});
  expect(events.filter((event) => event.choices?.[0]?.finish_reason != null)).toEqual([]);
  expect(events.at(-2).error).toMatchObject({ type: "llm_authentication", message: expect.any(String) });
});

test("a completion that is refused has OpenAI's error beside Letta's", async () => {
  const bodies = [
    { status: 400, sent: { model: "gpt-4o", messages } },
    { status: 400, sent: { model: agentId, messages: [] } },
    { status: 422, sent: { model: agentId } },
    { status: 422, sent: "{" },
    { status: 404, sent: { model: "agent-123e4567-e89b-42d3-8456-426614174000", messages } },
  ];
  for (const { status, sent } of bodies) {
    const answer = await server.request("POST", "/v1/chat/completions", sent);
    expect([answer.status, typeof answer.body.detail]).toEqual([status, "string"]);
    expect(answer.body.error).toEqual({
      type: "invalid_request_error",
      message: answer.body.detail,
      param: null,
      code: null,
    });
  }
});

test("an answer that was cut short says so", async () => {
  const respond = () =>
    Response.json({
      choices: [{ index: 0, message: { role: "assistant", content: "half" }, finish_reason: "length" }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
  server.model.say({ respond });
  const { choices } = await server.ok("POST", "/v1/chat/completions", { model: agentId, messages });
  expect(choices).toMatchObject([{ message: { content: "half" }, finish_reason: "length" }]);
});

test("OpenAI's clients are shown agents and models in their own shape, all others in Letta's", async () => {
  for (const path of ["/v1/models", "/v1/models/"]) {
    for (const userAgent of ["OpenAI/JS 7.59.0", "OpenAI/Python 2.1.0", "AsyncOpenAI/Python 2.1.0"]) {
      const response = await server.server.api.request(`http://localhost${path}`, {
        headers: { "user-agent": userAgent },
      });
      const { object, data } = (await response.json()) as Answer;
      expect([object, data[0].id]).toEqual(["list", agentId]);
      expect(data.map((model: Answer) => model.id)).toContain("openai/gpt-4o-mini");
      for (const model of data)
        expect(model).toMatchObject({ object: "model", created: expect.any(Number), owned_by: expect.any(String) });
    }
    for (const userAgent of ["Letta/JS 1.12.1", "curl/8.0"]) {
      const response = await server.server.api.request(`http://localhost${path}`, {
        headers: { "user-agent": userAgent },
      });
      expect((await response.json()) as Answer).toBeArray();
    }
  }
});

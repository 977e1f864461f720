import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ANSWER_BYTES_MAX } from "../../src/llm/call/guarded-fetch.ts";
import { chunk, type ScriptedReply } from "../_harness/model-server.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// What a provider can do wrong, through the whole server and in every way of sending. Whatever it is, the run ends in
// time and says why, and the next message is answered.

/** Long enough for retries, short enough to wait for. */
const REQUEST_MS = 700;
const STREAM_MS = 1_500;
/** A run must have ended by then, all its tries included. */
const BOUND_MS = 6_000;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ llmRequestTimeoutMs: REQUEST_MS, llmStreamTimeoutMs: STREAM_MS });
});

afterAll(() => server.close());

interface Fault {
  /** Every answer of the provider until it is well again. */
  readonly reply: ScriptedReply;
  readonly errorType: string;
  /** The status of a request that waits for the reply. */
  readonly status: number;
  readonly detail: RegExp;
  /** Only when the provider is asked to stream, or only when not. */
  readonly only?: "tokens" | "whole";
}

function streaming(...parts: readonly (string | Uint8Array)[]): ScriptedReply {
  const bytes = new Blob(parts.map((part) => (typeof part === "string" ? part : new Uint8Array(part))));
  return { respond: () => new Response(bytes, { headers: { "content-type": "text/event-stream" } }) };
}

function json(text: string): ScriptedReply {
  return { respond: () => new Response(text, { headers: { "content-type": "application/json" } }) };
}

/** An answer of which `next` gives the pieces, for as long as it is read. */
function endless(next: () => string | undefined, paceMs: number, type: string): ScriptedReply {
  const body = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        await Bun.sleep(paceMs);
        const text = next();
        if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
        else await new Promise(() => {});
      },
    });
  return { respond: () => new Response(body(), { headers: { "content-type": type } }) };
}

const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

const FAULTS: Readonly<Record<string, Fault>> = {
  "429 Too Many Requests": {
    reply: { status: 429, body: '{"error":{"message":"slow down"}}' },
    errorType: "llm_rate_limit",
    status: 429,
    detail: /slow down/,
  },
  "500 with a body that says nothing": {
    reply: { status: 500, body: "" },
    errorType: "llm_error",
    status: 500,
    detail: /500/,
  },
  "503 with HTML": {
    reply: { status: 503, body: HTML },
    errorType: "llm_error",
    status: 500,
    detail: /502 Bad Gateway/,
  },
  "401": { reply: { status: 401 }, errorType: "llm_authentication", status: 401, detail: /UNAUTHENTICATED/ },
  "402": { reply: { status: 402 }, errorType: "llm_insufficient_credits", status: 402, detail: /PAYMENT_REQUIRED/ },
  "200 with HTML": {
    reply: { respond: () => new Response(HTML, { headers: { "content-type": "text/html" } }) },
    errorType: "llm_error",
    status: 500,
    detail: /502 Bad Gateway/,
  },
  "half of a JSON body": {
    reply: json('{"id":"c","choices":[{"mess'),
    errorType: "llm_error",
    status: 500,
    detail: /./,
    only: "whole",
  },
  "JSON of another shape": {
    reply: json('{"hello":1}'),
    errorType: "llm_error",
    status: 500,
    detail: /./,
    only: "whole",
  },
  "a stream that breaks off inside an event": {
    reply: streaming(chunk({ content: "Hel" }), 'data: {"id":"c","choi'),
    errorType: "llm_error",
    status: 500,
    detail: /./,
    only: "tokens",
  },
  "an event that is no JSON": {
    reply: streaming(chunk({ content: "Hel" }), "data: {nonsense}\n\n", chunk({}, "stop")),
    errorType: "llm_error",
    status: 500,
    detail: /./,
    only: "tokens",
  },
  "an empty answer": { reply: { text: "" }, errorType: "llm_empty_response", status: 500, detail: /Empty answer/ },
  "silence for ever": {
    reply: { after: new Promise(() => {}) },
    errorType: "llm_timeout",
    status: 504,
    detail: /TIMEOUT/,
  },
  "silence after the headers": {
    reply: endless(() => undefined, 0, "text/event-stream"),
    errorType: "llm_timeout",
    status: 504,
    detail: /TIMEOUT/,
    only: "tokens",
  },
  "tokens without end": {
    reply: endless(() => chunk({ content: "more " }), 5, "text/event-stream"),
    errorType: "llm_timeout",
    status: 504,
    detail: /longer than a call may take/,
    only: "tokens",
  },
  "a flood of tokens": {
    reply: endless(() => chunk({ content: "more ".repeat(20_000) }), 0, "text/event-stream"),
    errorType: "llm_error",
    status: 500,
    detail: /longer than 4000000 characters/,
    only: "tokens",
  },
  "a body without end": {
    reply: endless(() => " ".repeat(1_024), 5, "application/json"),
    errorType: "llm_timeout",
    status: 504,
    detail: /TIMEOUT/,
    only: "whole",
  },
  "keep-alive comments and nothing else": {
    reply: endless(() => ": keep-alive\n\n", 20, "text/event-stream"),
    errorType: "llm_timeout",
    status: 504,
    detail: /TIMEOUT/,
    only: "tokens",
  },
};

/** How a request is sent, and what it asks of the provider. */
interface Way {
  readonly name: string;
  readonly kind: "tokens" | "whole";
  readonly body: object;
  readonly path: string;
}

const WAYS: readonly Way[] = [
  { name: "waiting for the reply", kind: "whole", body: {}, path: "messages" },
  { name: "streaming steps", kind: "whole", body: { streaming: true }, path: "messages" },
  { name: "streaming tokens", kind: "tokens", body: { streaming: true, stream_tokens: true }, path: "messages" },
  {
    name: "streaming tokens in the background",
    kind: "tokens",
    body: { streaming: true, stream_tokens: true, background: true },
    path: "messages",
  },
  { name: "in the background", kind: "whole", body: {}, path: "messages/async" },
];

async function endedRun(agentId: string): Promise<Answer> {
  for (let tries = 0; tries < BOUND_MS / 10; tries++) {
    const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
    if (run !== undefined && run.status !== "running" && run.status !== "created") return run;
    await Bun.sleep(10);
  }
  throw new Error("The run did not end");
}

/** Sends in this way while the provider is broken, and checks how it ends. */
async function suffer(fault: Fault, way: Way): Promise<string> {
  const { body, path } = way;
  const agentId = await server.agent();
  const startedMs = performance.now();
  const response = await server.stream(`/v1/agents/${agentId}/${path}`, { input: "hello", ...body });
  if ("streaming" in body) await expectStream(response, fault);
  else if (path === "messages") await expectAnswer(response, fault);
  else expect(response.status).toBe(200);
  const run = await endedRun(agentId);
  expect(performance.now() - startedMs).toBeLessThan(BOUND_MS);
  expect([run.status, run.stop_reason]).toEqual(["failed", "llm_api_error"]);
  expect(run.metadata.error.error_type).toBe(fault.errorType);
  expect(run.metadata.error.detail).toMatch(fault.detail);
  return agentId;
}

async function expectStream(response: Response, fault: Fault): Promise<void> {
  expect(response.status).toBe(200);
  const events = await eventsOf(response);
  const error = events.find((event) => event.message_type === "error_message");
  expect(error).toMatchObject({ error_type: fault.errorType });
  expect(events.at(-1)).toBe("[DONE]");
  expect(events.find((event) => event.message_type === "stop_reason")?.stop_reason).toBe("llm_api_error");
}

async function expectAnswer(response: Response, fault: Fault): Promise<void> {
  const body = (await response.json()) as Answer;
  expect([response.status, typeof (body.error?.message ?? body.detail)]).toEqual([fault.status, "string"]);
}

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`a provider that answers with ${name} ends the run, and the next message is answered`, async () => {
    const ways = WAYS.filter((way) => fault.only === undefined || way.kind === fault.only);
    server.model.always(() => fault.reply);
    const agents = await Promise.all(ways.map((way) => suffer(fault, way)));
    server.model.always(() => undefined);
    for (const agentId of agents) {
      const next = await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "again" });
      expect([next.status, next.body.messages?.at(-1)?.content]).toEqual([200, "Done."]);
    }
  }, 20_000);
}

/** The calls of a reply, all under one id. */
function calls(count: number): ScriptedReply {
  const made = Array.from({ length: count }, (_, index) => ({
    id: "call_same",
    name: index % 2 === 0 ? "no_such_tool" : "conversation_search",
    arguments: { wrong: index },
  }));
  return { calls: made };
}

describe("what a provider says in an odd way is taken", () => {
  test.each(WAYS.map((way) => [way.name, way] as const))("fifty calls at once, %s", async (_, { body, path }) => {
    const agentId = await server.agent();
    server.model.say(calls(50), { text: "Sorry." });
    const asked = server.model.requests.length;
    const response = await server.stream(`/v1/agents/${agentId}/${path}`, { input: "go", ...body });
    await response.text();
    expect((await endedRun(agentId)).stop_reason).toBe("end_turn");
    const { messages } = server.model.requests[asked + 1] ?? { messages: [] };
    const made = messages.flatMap((message) => message.tool_calls?.map((call) => call.id) ?? []);
    const answered = messages.flatMap((message) => message.tool_call_id ?? []);
    expect([new Set(made).size, answered]).toEqual([50, made]);
  });

  test("a text with broken UTF-8 between two chunks", async () => {
    const agentId = await server.agent();
    const whole = new TextEncoder().encode(chunk({ content: "caf\u00e9!" }));
    const at = whole.indexOf(0xc3);
    const torn = [...whole.slice(0, at), 0xff, ...whole.slice(at + 2)];
    server.model.say(streaming(new Uint8Array(torn), chunk({}, "stop"), "data: [DONE]\n\n"));
    const body = { input: "go", streaming: true, stream_tokens: true };
    const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, body));
    expect(events.find((event) => event.message_type === "assistant_message")?.content).toBe("caf\ufffd!");
    expect((await endedRun(agentId)).stop_reason).toBe("end_turn");
  });

  test("a reply that breaks off between its last word and its bill is kept, and nobody says what it used", async () => {
    const agentId = await server.agent();
    const torn = 'data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tok';
    server.model.say(streaming(chunk({ content: "Whole." }), chunk({}, "stop"), torn));
    const messages = [{ role: "user", content: "go", otid: "bill-1" }];
    const sent = { messages, streaming: true, stream_tokens: true };
    const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, sent));
    const unknown = { completion_tokens: 0, total_tokens: 0, step_count: 1, context_tokens: null };
    expect(events.find((event) => event.message_type === "usage_statistics")).toMatchObject(unknown);
    const run = await endedRun(agentId);
    const [step] = (await server.request("GET", `/v1/runs/${run.id}/steps`)).body;
    expect(step).toMatchObject({ status: "success", completion_tokens: null, prompt_tokens: null, total_tokens: null });
    // From the rows it is the same.
    const again = await server.request("POST", `/v1/agents/${agentId}/messages`, { messages });
    expect(again.body.usage).toMatchObject(unknown);
    expect(again.body.messages.map((message: Answer) => message.content)).toEqual(["Whole."]);
  });

  test("more calls than one reply may hold, but no further", async () => {
    const agentId = await server.agent();
    server.model.say(calls(1_000));
    const answer = await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
    expect([answer.status, answer.body.error.type]).toEqual([500, "llm_error"]);
    expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "again" })).status).toBe(200);
  });

  test.each([false, true])("less than nothing that was used, streamed: %p", async (streamed) => {
    const agentId = await server.agent();
    const usage = { prompt_tokens: -1_000_000, completion_tokens: -5, total_tokens: -1_000_005 };
    const head = { id: "c", object: "chat.completion", created: 1, model: "gpt-4o-mini" };
    const message = { role: "assistant", content: "Paid." };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const bill = `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [], usage })}\n\n`;
    const stream = streaming(chunk({ content: "Paid." }), chunk({}, "stop"), bill, "data: [DONE]\n\n");
    server.model.say(streamed ? stream : json(JSON.stringify({ ...head, choices, usage })));
    const body = { input: "go", ...(streamed && { streaming: true, stream_tokens: true }) };
    await (await server.stream(`/v1/agents/${agentId}/messages`, body)).text();
    const run = await endedRun(agentId);
    expect(run.stop_reason).toBe("end_turn");
    const [step] = await server.ok("GET", `/v1/runs/${run.id}/steps`);
    expect(step).toMatchObject({ status: "success", completion_tokens: null, prompt_tokens: null, total_tokens: null });
    const next = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "again" });
    expect([next.messages.at(-1).content, next.usage.total_tokens]).toEqual(["Done.", 15]);
  });

  test("calls whose ids are none, or those of calls before, get ids of their own", async () => {
    const agentId = await server.agent();
    const asked = server.model.requests.length;
    const search = { name: "conversation_search", arguments: { query: "tea" } };
    const ids = ["", "call_same", "call_same", "\u001b]0;x\u0007", "x".repeat(100_000)];
    server.model.say({ calls: [{ ...search, id: "call_same" }] }, { calls: ids.map((id) => ({ ...search, id })) });
    const answer = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
    expect(answer.stop_reason.stop_reason).toBe("end_turn");
    await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "again" });
    for (const [at, count] of [
      [1, 1],
      [2, 6],
      [3, 6],
    ] as const) {
      const messages = server.model.requests[asked + at]?.messages ?? [];
      const made = messages.flatMap((message) => message.tool_calls?.map(({ id }) => id) ?? []);
      expect(messages.flatMap((message) => message.tool_call_id ?? [])).toEqual(made);
      expect([new Set(made).size, made.every((id) => /^[\w-]{1,64}$/.test(id))]).toEqual([count, true]);
    }
  });

  test("pieces of a call that nobody began end the run or are left out, and the next message is answered", async () => {
    for (const piece of [{ index: 7 }, { index: 7, id: "call_nobody" }, { index: -1 }, { index: 1e9 }, {}]) {
      const agentId = await server.agent();
      const stray = chunk({ tool_calls: [{ ...piece, function: { arguments: '{"a":1}' } }] });
      server.model.say(streaming(chunk({ content: "So." }), stray, chunk({}, "tool_calls"), "data: [DONE]\n\n"));
      const body = { input: "go", streaming: true, stream_tokens: true };
      const events = await eventsOf(await server.stream(`/v1/agents/${agentId}/messages`, body));
      expect([piece, events.at(-1)]).toEqual([piece, "[DONE]"]);
      expect(["completed", "failed"]).toContain((await endedRun(agentId)).status);
      const next = await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "again" });
      expect([piece, next.status, next.body.messages?.at(-1)?.content]).toEqual([piece, 200, "Done."]);
      server.model.always(() => undefined);
    }
  });

  test("a body far beyond what is read is given up", async () => {
    const patient = await startTestServer({ llmRequestTimeoutMs: 60_000, llmStreamTimeoutMs: 60_000 });
    const agentId = await patient.agent();
    const piece = " ".repeat(1024 * 1024);
    let [sent, asked] = [0, 0];
    const next = () => {
      sent++;
      return piece;
    };
    patient.model.always(() => {
      asked++;
      return endless(next, 0, "application/json");
    });
    const told = await patient.request("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
    expect([told.status, told.body.error.detail]).toEqual([
      500,
      expect.stringContaining(`longer than ${ANSWER_BYTES_MAX} bytes`),
    ]);
    // What lies in buffers on the way is more than was read.
    expect(sent / asked).toBeLessThan(2 * (ANSWER_BYTES_MAX / piece.length));
    patient.model.always(() => undefined);
    const again = await patient.ok("POST", `/v1/agents/${agentId}/messages`, { input: "again" });
    expect(again.messages.at(-1).content).toBe("Done.");
    await patient.close();
  }, 60_000);
});

import { afterEach, describe, expect, test } from "bun:test";
import { chatPiece, events, type FakeProvider, fakeProvider, json, named, stalled } from "./_test-provider.ts";
import { heard, joinedDeltas, realWorld, request, testLimits } from "./_test-world.ts";
import { createLanguageModel } from "./call/adapter.ts";
import type { CallLimits } from "./call/limits.ts";
import { llmConfigOf } from "./catalog.ts";
import { ModelFailure } from "./failure.ts";
import { familyOf } from "./families/all.ts";
import type { ModelReply } from "./model.ts";
import type { ProviderKind } from "./provider.ts";

// What servers do that speak almost one of the protocols, over every protocol: see docs/providers.md.

let provider: FakeProvider | undefined;
afterEach(() => provider?.stop());

/** How a protocol says "Hello", and that it ends. */
interface Wire {
  readonly model: string;
  readonly said: readonly string[];
  /** What tells the reason of the end. */
  readonly reason: string;
  /** The mark at the end; empty where the protocol has none. */
  readonly mark: string;
  readonly whole: object;
  /** One event with an error in it. */
  error(error: object): string;
}

const CHAT: Wire = {
  model: "qwen2.5",
  said: [chatPiece({ role: "assistant", content: "Hel" }), chatPiece({ content: "lo" })],
  reason: chatPiece({}, "stop"),
  mark: "data: [DONE]\n\n",
  whole: {
    id: "x",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { content: "Hello" }, finish_reason: "stop" }],
  },
  error: (error) => `data: ${JSON.stringify({ error })}\n\n`,
};

const MESSAGE = { id: "m", type: "message", role: "assistant", model: "c", stop_reason: null, stop_sequence: null };
const CLAUDE: Wire = {
  model: "claude-sonnet-4-5-20250929",
  said: [
    named("message_start", { message: { ...MESSAGE, content: [], usage: { input_tokens: 3, output_tokens: 1 } } }),
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hel" } }),
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text: "lo" } }),
    named("content_block_stop", { index: 0 }),
  ],
  reason: named("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }),
  mark: named("message_stop", {}),
  whole: {
    ...MESSAGE,
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 3, output_tokens: 2 },
  },
  error: (error) => named("error", { error }),
};

const gemini = (text: string, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 },
});
const GEMINI: Wire = {
  model: "gemini-2.5-flash",
  said: [`data: ${JSON.stringify(gemini("Hel"))}\n\n`, `data: ${JSON.stringify(gemini("lo"))}\n\n`],
  reason: `data: ${JSON.stringify(gemini("", { finishReason: "STOP" }))}\n\n`,
  mark: "",
  whole: gemini("Hello", { finishReason: "STOP" }),
  error: (error) => `data: ${JSON.stringify({ error })}\n\n`,
};

const ITEM = { id: "msg_1", type: "message", status: "completed", role: "assistant" };
const RESPONSE = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  model: "m",
  usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
};
const TEXT = { type: "output_text", text: "Hello", annotations: [] };
const delta = (text: string) => ({ item_id: "msg_1", output_index: 0, content_index: 0, delta: text });
const RESPONSES: Wire = {
  model: "gpt-5-mini",
  said: [
    named("response.created", { response: { ...RESPONSE, status: "in_progress", output: [] } }),
    named("response.output_item.added", { output_index: 0, item: { ...ITEM, status: "in_progress", content: [] } }),
    named("response.output_text.delta", delta("Hel")),
    named("response.output_text.delta", delta("lo")),
    named("response.output_item.done", { output_index: 0, item: { ...ITEM, content: [TEXT] } }),
  ],
  reason: "",
  mark: named("response.completed", { response: { ...RESPONSE, output: [{ ...ITEM, content: [TEXT] }] } }),
  whole: { ...RESPONSE, output: [{ ...ITEM, content: [TEXT] }] },
  error: (error) => named("error", { sequence_number: 9, ...error, error }),
};

const WIRES: readonly (readonly [ProviderKind, Wire])[] = [
  ["openai", CHAT],
  ["azure", CHAT],
  ["groq", CHAT],
  ["mistral", CHAT],
  ["deepseek", CHAT],
  ["together", CHAT],
  ["openrouter", CHAT],
  ["ollama", CHAT],
  ["vllm", CHAT],
  ["anthropic", CLAUDE],
  ["google_ai", GEMINI],
  ["openai", RESPONSES],
  ["xai", { ...RESPONSES, model: "grok-4" }],
];

interface Asked {
  readonly stream?: boolean;
  readonly limits?: Partial<CallLimits>;
}

async function ask(
  kind: ProviderKind,
  wire: Wire,
  answer: () => Response,
  { stream = true, limits = {} }: Asked = {},
): Promise<ModelReply> {
  provider?.stop();
  // What is asked of a server before the call itself has no answer here.
  provider = fakeProvider(({ body }) => (body === undefined ? new Response("", { status: 404 }) : answer()));
  const settings = { name: kind, kind, baseUrl: `${provider.url}/v1`, apiKey: "k" };
  const model = createLanguageModel({
    settings,
    config: llmConfigOf(settings, wire.model),
    family: familyOf(kind),
    world: realWorld(),
    limits: testLimits({ requestTimeoutMs: 4_000, idleTimeoutMs: 4_000, thinkingTimeoutMs: 4_000, ...limits }),
  });
  const { reply, events: deltas } = await heard(model, request({ stream }));
  expect(joinedDeltas(deltas, "text_delta")).toBe(reply.parts.map((part) => part.text).join(""));
  return reply;
}

async function failureOf(asked: Promise<unknown>): Promise<ModelFailure> {
  const thrown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ModelFailure) return thrown;
  throw new Error(`It did not fail: ${thrown}`);
}

const HELLO = { parts: [{ type: "text", text: "Hello" }], finishReason: "stop" };

describe.each(WIRES)("%s %#", (kind, wire) => {
  const all = [...wire.said, wire.reason, wire.mark].filter((event) => event !== "");
  const body = all.join("");
  const strays = [
    "data: null",
    "data:",
    'data: {"type":"ping"}',
    "data: {}",
    "data: []",
    "data: pong",
    'data: {"detail":"x"}',
  ];
  const before = (event: string) => wire.said.concat(event, wire.reason, wire.mark);

  test.each([
    ["as it should be", all],
    ["without the empty line at the end", [body.trimEnd()]],
    ["lines that end in CR LF", [body.replaceAll("\n", "\r\n")]],
    ["lines that end in CR", [body.replaceAll("\n", "\r")]],
    ["a byte order mark", [`\ufeff${body}`]],
    ["no space after the colon", [body.replaceAll("data: ", "data:")]],
    ["data over several lines", [body.replaceAll(/^data: (\{)/gm, "data: $1\ndata: ")]],
    [
      "comments, ids and times to come back",
      [`: hi\n\nretry: 5\n\n${body.replaceAll("data:", ": keep\nid: 7\ndata:")}`],
    ],
    ["events that are none of it, first", [...strays.map((stray) => `${stray}\n\n`), ...all]],
    ["events that are none of it, between", before(strays.map((stray) => `${stray}\n\n`).join(""))],
    ["no names of events", [body.replaceAll(/^event: .*\n/gm, "")]],
  ])("%s", async (_, pieces) => {
    expect(await ask(kind, wire, () => events(pieces, 11))).toMatchObject(HELLO);
  });

  test("ended, with the connection open", async () => {
    const from = performance.now();
    expect(await ask(kind, wire, () => stalled(all))).toMatchObject(HELLO);
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  // All that speak chat completions go through one reader, and this waits for two seconds.
  test.skipIf(wire.reason === "" || (wire === CHAT && kind !== "openai"))(
    "the reason of the end, but no mark, with the connection open",
    async () => {
      expect(await ask(kind, wire, () => stalled([...wire.said, wire.reason]))).toMatchObject(HELLO);
    },
  );

  test.skipIf(wire.reason === "")("the reason of the end, but no mark", async () => {
    expect(await ask(kind, wire, () => events([...wire.said, wire.reason]))).toMatchObject(HELLO);
  });

  test("broken off", async () => {
    const failure = await failureOf(ask(kind, wire, () => events(wire.said)));
    expect(failure.type).toBe("llm_error");
  });

  test.each([
    [{ code: 429, message: "slow" }, "llm_rate_limit"],
    [{ code: "rate_limit_exceeded", message: "slow" }, "llm_rate_limit"],
    [{ type: "authentication_error", message: "who" }, "llm_authentication"],
    [{ code: 401, message: "who" }, "llm_authentication"],
    [{ code: 400, message: "what", status: "INVALID_ARGUMENT" }, "llm_bad_request"],
    [{ type: "invalid_request_error", code: null, message: "what" }, "llm_bad_request"],
    [{ type: "insufficient_quota", message: "none left" }, "llm_insufficient_credits"],
    [{ code: 403, message: "no", status: "PERMISSION_DENIED" }, "llm_permission_denied"],
    [{ type: "overloaded_error", message: "busy" }, "llm_error"],
    [{ code: 400, message: "maximum context length is 5 tokens" }, "llm_context_window_exceeded"],
  ])("an error in a success: %p", async (error, type) => {
    const first = await failureOf(ask(kind, wire, () => events([wire.error(error)])));
    const later = await failureOf(ask(kind, wire, () => events([...wire.said.slice(0, -1), wire.error(error)])));
    const bare = await failureOf(ask(kind, wire, () => events([`data: ${JSON.stringify({ error })}\n\n`])));
    const whole = await failureOf(ask(kind, wire, () => json({ error }), { stream: false }));
    expect([first.type, later.type, bare.type, whole.type] as string[]).toEqual([type, type, type, type]);
    expect(first.detail).toContain(error.message);
    expect(whole.detail).toContain(error.message);
  });

  test("an error by its status", async () => {
    for (const [status, type] of [
      [400, "llm_bad_request"],
      [401, "llm_authentication"],
      [429, "llm_rate_limit"],
      [503, "llm_error"],
    ] as const)
      for (const stream of [true, false]) {
        const failure = await failureOf(ask(kind, wire, () => json({ error: { message: "why" } }, status), { stream }));
        expect(failure).toMatchObject({ type, status });
        expect(failure.detail).toEndWith(`Error code: ${status} - {'error': {'message': 'why'}}`);
      }
  });

  test("a page in place of an answer", async () => {
    const page = "<html><head><title>Bad gateway</title></head></html>";
    for (const contentType of ["text/html", "text/event-stream", "application/json", "text/plain"])
      for (const stream of [true, false]) {
        const answer = () => new Response(page, { headers: { "content-type": contentType } });
        expect((await failureOf(ask(kind, wire, answer, { stream }))).type).toBe("llm_error");
      }
  });

  test("whole, after blank lines, with a byte order mark, or streamed all the same", async () => {
    const whole = JSON.stringify(wire.whole);
    for (const text of [whole, `\n\n\n${whole}`, `\ufeff${whole}`, JSON.stringify(wire.whole, null, 2)]) {
      const answer = () => new Response(text, { headers: { "content-type": "application/json" } });
      expect(await ask(kind, wire, answer, { stream: false })).toMatchObject(HELLO);
    }
  });

  test("signs of life are waited for", async () => {
    const answer = () => {
      const pieces = [": working\n\n", ": working\n\n", ...all];
      return new Response(
        new ReadableStream({
          async pull(controller) {
            const piece = pieces.shift();
            if (piece === undefined) return controller.close();
            if (piece.startsWith(":")) await Bun.sleep(400);
            controller.enqueue(new TextEncoder().encode(piece));
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    };
    const silence = { requestTimeoutMs: 600, idleTimeoutMs: 600, thinkingTimeoutMs: 600 };
    expect(await ask(kind, wire, answer, { limits: silence })).toMatchObject(HELLO);
  });
});

const chatEnd = (choice: object) => ({ id: "x", created: 1, model: "m", choices: [{ index: 0, ...choice }] });
const blocked = {
  promptFeedback: { blockReason: "PROHIBITED_CONTENT", blockReasonMessage: "Not in this house" },
  usageMetadata: { promptTokenCount: 3 },
};
const safety = { candidates: [{ index: 0, content: {}, finishReason: "SAFETY" }] };
const REFUSED = { ...RESPONSE, output: [{ ...ITEM, content: [{ type: "refusal", refusal: "I will not" }] }] };
const CUT = { ...RESPONSE, status: "incomplete", incomplete_details: { reason: "content_filter" }, output: [] };
const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;

test.each([
  [
    "openai",
    CHAT,
    [chatPiece({}, "content_filter"), CHAT.mark],
    chatEnd({ message: {}, finish_reason: "content_filter" }),
    "content_filter",
  ],
  [
    "groq",
    CHAT,
    [chatPiece({ refusal: "I will not" }), CHAT.reason],
    chatEnd({ message: { refusal: "I will not" }, finish_reason: "stop" }),
    "I will not",
  ],
  [
    "anthropic",
    CLAUDE,
    [CLAUDE.said[0], CLAUDE.reason.replace("end_turn", "refusal"), CLAUDE.mark],
    { ...CLAUDE.whole, content: [], stop_reason: "refusal" },
    "refusal",
  ],
  ["google_ai", GEMINI, [data(blocked)], blocked, "PROHIBITED_CONTENT: Not in this house"],
  ["google_ai", GEMINI, [data(safety)], safety, "SAFETY"],
  [
    "openai",
    RESPONSES,
    [named("response.refusal.delta", delta("I will not")), named("response.completed", { response: REFUSED })],
    REFUSED,
    "I will not",
  ],
  ["openai", RESPONSES, [RESPONSES.said[0], named("response.incomplete", { response: CUT })], CUT, "content_filter"],
] as const)("a refusal is told once and in its words: %s %#", async (kind, wire, streamed, whole, words) => {
  for (const stream of [true, false]) {
    const failure = await failureOf(
      ask(kind, wire, () => (stream ? events(streamed.map(String)) : json(whole)), {
        stream,
        limits: { retriesMax: 2 },
      }),
    );
    expect(failure).toMatchObject({ type: "llm_refusal", kind: "refused" });
    expect(failure.detail).toContain(words);
    expect(provider?.requests.filter(({ body }) => body !== undefined)).toHaveLength(1);
  }
});

test.each([
  ["openai", CHAT, [...CHAT.said, chatPiece({}, "content_filter"), CHAT.mark]],
  ["anthropic", CLAUDE, [...CLAUDE.said, CLAUDE.reason.replace("end_turn", "refusal"), CLAUDE.mark]],
  ["google_ai", GEMINI, [...GEMINI.said, GEMINI.reason.replace("STOP", "SAFETY")]],
  ["openai", RESPONSES, [...RESPONSES.said, named("response.incomplete", { response: CUT })]],
] as const)("what a filter cut off is kept, and not whole: %s %#", async (kind, wire, streamed) => {
  expect(await ask(kind, wire, () => events(streamed.map(String)))).toMatchObject({
    ...HELLO,
    finishReason: "filtered",
  });
});

test.each([
  [[...CHAT.said, chatPiece({}, "error"), CHAT.mark], "llm_error"],
  [[...CHAT.said, `data: ${JSON.stringify({ choices: [], error: {} })}\n\n`, CHAT.reason, CHAT.mark], undefined],
])("an answer that ended with an error is none, and an error that says nothing is none: %#", async (pieces, type) => {
  const asked = ask("openrouter", CHAT, () => events(pieces));
  expect<string>(type === undefined ? (await asked).finishReason : (await failureOf(asked)).type).toBe(type ?? "stop");
});

test("llama.cpp's error on a line of its own name is judged", async () => {
  const error = { code: 400, message: "the request exceeds the available context size", type: "invalid_request_error" };
  const pieces = [`error: ${JSON.stringify(error)}\n\n`, CHAT.mark];
  expect((await failureOf(ask("llamacpp", CHAT, () => events(pieces)))).type).toBe("llm_context_window_exceeded");
});

test.each([
  [{ error: "out of memory" }, "llm_error"],
  [{ object: "error", message: "who are you", code: 401 }, "llm_authentication"],
])("an error of another shape: %p", async (value, type) => {
  for (const stream of [true, false]) {
    const answer = () => (stream ? events([...CHAT.said, data(value)]) : json(value));
    expect<string>((await failureOf(ask("vllm", CHAT, answer, { stream }))).type).toBe(type);
  }
});

test.each([
  ["beyond all sense", { prompt_tokens: -1e9, completion_tokens: 1e308 }],
  ["of zeros", { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
  ["that is none", null],
])("usage %s is unknown", async (_, usage) => {
  expect(
    await ask("vllm", CHAT, () => events([...CHAT.said, data({ choices: [], usage }), CHAT.reason, CHAT.mark])),
  ).toMatchObject({ ...HELLO, usage: null });
});

test("usage that only some numbers of make sense keeps those", async () => {
  const usage = { prompt_tokens: 9, completion_tokens: 1e308, prompt_tokens_details: { cached_tokens: -3 } };
  const reply = await ask("vllm", CHAT, () => events([...CHAT.said, data({ choices: [], usage }), CHAT.reason]));
  expect(reply.usage).toMatchObject({ promptTokens: 9, completionTokens: 0, cachedInputTokens: null });
});

const { content: _content, ...bare } = CLAUDE.whole as { readonly content: object };
const unnamed = (event: string) => event.replace(/,"usage":\{[^}]*\}/, "");
const NEW_BLOCK = { index: 1, content_block: { type: "hologram", id: "h" } };

test.each([
  ["without usage", [...CLAUDE.said, CLAUDE.reason, CLAUDE.mark].map(unnamed)],
  [
    "without a content in its first event",
    [CLAUDE.said[0]?.replace('"content":[],', ""), ...CLAUDE.said.slice(1), CLAUDE.reason],
  ],
  ["ended by its mark alone", [...CLAUDE.said, CLAUDE.mark]],
  [
    "with kinds of events, blocks and pieces that are new",
    [
      named("weather", { index: 0 }),
      ...CLAUDE.said.slice(0, 3),
      named("content_block_delta", { index: 0, delta: { type: "smell_delta", smell: "tea" } }),
      ...CLAUDE.said.slice(3),
      named("content_block_start", NEW_BLOCK),
      named("content_block_delta", { index: 1, delta: { type: "text_delta", text: "no" } }),
      named("content_block_stop", { index: 1 }),
      CLAUDE.reason,
      CLAUDE.mark,
    ],
  ],
] as const)("an answer in Anthropic's protocol %s is read", async (_, pieces) => {
  expect(await ask("anthropic", CLAUDE, () => events(pieces.map(String)))).toMatchObject(HELLO);
});

test("a whole answer in Anthropic's protocol needs neither usage nor blocks that are known", async () => {
  const content = [
    { type: "hologram", id: "h" },
    { type: "text", text: "Hello" },
  ];
  const whole = { ...bare, usage: undefined, content };
  expect(await ask("anthropic", CLAUDE, () => json(whole), { stream: false })).toMatchObject({ ...HELLO, usage: null });
});

test("events of the Responses API that are new are passed over", async () => {
  const pieces = [
    ...RESPONSES.said.slice(0, 3),
    named("response.hologram.delta", delta("no")),
    ...RESPONSES.said.slice(3),
  ];
  expect(await ask("openai", RESPONSES, () => events([...pieces, RESPONSES.mark]))).toMatchObject(HELLO);
});

test("Gemini's call that cannot be read is asked for again", async () => {
  const none = { candidates: [{ index: 0, content: {}, finishReason: "MALFORMED_FUNCTION_CALL" }] };
  for (const stream of [true, false]) {
    const answer = () => (stream ? events([data(none)]) : json(none));
    const failure = await failureOf(ask("google_ai", GEMINI, answer, { stream, limits: { retriesMax: 1 } }));
    expect(failure.type).toBe("llm_error");
    expect(provider?.requests).toHaveLength(2);
  }
});

test("a chat completion is read as it comes, whatever was asked for", async () => {
  const streamed = () => events([...CHAT.said, CHAT.reason, CHAT.mark]);
  expect(await ask("groq", CHAT, streamed, { stream: false })).toMatchObject(HELLO);
  const headers = { "content-type": "application/json" };
  const whole = () => new Response(JSON.stringify(CHAT.whole, null, 2), { headers });
  expect(await ask("groq", CHAT, whole, { stream: true })).toMatchObject(HELLO);
});

test.each([
  ["deepseek", CHAT],
  ["anthropic", { ...CLAUDE, model: "claude-3-5-haiku-20241022" }],
] as const)("empty lines before a whole answer are signs of life: %s", async (kind, wire) => {
  const answer = () => {
    const pieces = ["\n", "\n", JSON.stringify(wire.whole)];
    const body = new ReadableStream({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) return controller.close();
        await Bun.sleep(400);
        controller.enqueue(new TextEncoder().encode(piece));
      },
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  expect(await ask(kind, wire, answer, { stream: false, limits: { requestTimeoutMs: 600 } })).toMatchObject(HELLO);
});

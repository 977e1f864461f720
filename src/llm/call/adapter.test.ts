import { afterEach, describe, expect, test } from "bun:test";
import {
  chatAnswer,
  chatPiece,
  chatStream,
  endless,
  events,
  type FakeProvider,
  fakeProvider,
  json,
  named,
  type ProviderRequest,
  stalled,
} from "../_test-provider.ts";
import { heard, joinedDeltas, realWorld, request, testLimits } from "../_test-world.ts";
import { llmConfigOf } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import { ModelFailure } from "../failure.ts";
import { familyOf } from "../families/all.ts";
import type { LanguageModel, ModelRequest, ToolSchema } from "../model.ts";
import type { ProviderKind } from "../provider.ts";
import { createLanguageModel } from "./adapter.ts";
import type { CallLimits } from "./limits.ts";
import { DETAIL_CHARS_MAX } from "./provider-error.ts";

const KEY = "sk-test-secret-1234567890";
let provider: FakeProvider | undefined;
afterEach(() => provider?.stop());

function serve(answer: (request: ProviderRequest, count: number) => Response | Promise<Response>): FakeProvider {
  provider = fakeProvider(answer);
  return provider;
}

interface Opened {
  readonly kind?: ProviderKind;
  readonly model?: string;
  readonly config?: Partial<LlmConfig>;
  readonly limits?: Partial<CallLimits>;
}

function open(url: string, { kind = "openai", model = "gpt-4o-mini", config, limits }: Opened = {}): LanguageModel {
  const settings = { name: kind, kind, baseUrl: `${url}/v1`, apiKey: KEY };
  return createLanguageModel({
    settings,
    config: { ...llmConfigOf(settings, model), ...config },
    family: familyOf(kind),
    world: realWorld(),
    limits: testLimits(limits),
  });
}

const ROLL: ToolSchema = {
  name: "roll",
  description: "Rolls.",
  parameters: { type: "object", properties: { sides: { type: "integer" } }, required: ["sides"] },
};

async function failureOf(calling: Promise<unknown>): Promise<ModelFailure> {
  try {
    await calling;
  } catch (error) {
    if (error instanceof ModelFailure) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

describe("OpenAI chat completions", () => {
  test("whole and streamed answers make the same reply", async () => {
    const text = "Grüße, 世界! 👋 Fine.";
    const { url, requests } = serve(({ body }) =>
      body.stream
        ? events(chatStream([{ role: "assistant", content: "" }, ...[...text].map((content) => ({ content }))]), 3)
        : chatAnswer({ content: text }),
    );
    const model = open(url);
    const whole = await heard(model, request());
    const streamed = await heard(model, request({ stream: true }));
    expect(whole.reply).toEqual({
      parts: [{ type: "text", text }],
      toolCalls: [],
      finishReason: "stop",
      usage: {
        promptTokens: 11,
        completionTokens: 7,
        totalTokens: 18,
        cachedInputTokens: 3,
        cacheWriteTokens: null,
        reasoningTokens: 2,
      },
    });
    expect(streamed.reply).toEqual(whole.reply);
    expect(joinedDeltas(streamed.events, "text_delta")).toBe(text);
    expect(streamed.events.length).toBe([...text].length);
    expect(requests[0]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(requests[0]?.body).toMatchObject({
      model: "gpt-4o-mini",
      max_tokens: 16_384,
      temperature: 1,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hello there" },
      ],
    });
    expect(requests[0]?.body.tools).toBeUndefined();
  });

  test("tool calls keep the text that the model wrote", async () => {
    const args = '{"sides": 6}';
    const call = { id: "call_1", type: "function", function: { name: "roll", arguments: args } };
    const { url, requests } = serve(({ body }) =>
      body.stream
        ? events(
            chatStream(
              [
                {
                  tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "roll", arguments: "" } }],
                },
                ...[...args].map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
              ],
              "tool_calls",
            ),
          )
        : chatAnswer({ tool_calls: [call] }, "tool_calls"),
    );
    for (const stream of [false, true]) {
      const asked = request({ tools: [ROLL], parallelToolCalls: true, toolChoice: { tool: "roll" }, stream });
      const { reply, events: said } = await heard(open(url), asked);
      expect(reply.toolCalls).toEqual([{ id: "call_1", name: "roll", arguments: args }]);
      expect(reply.finishReason).toBe("tool_calls");
      expect(said[0]).toEqual({ type: "tool_call_start", id: "call_1", name: "roll" });
      expect(joinedDeltas(said, "tool_call_delta")).toBe(args);
    }
    expect(requests[0]?.body).toMatchObject({
      parallel_tool_calls: true,
      tool_choice: { type: "function", function: { name: "roll" } },
      tools: [{ type: "function", function: { name: "roll", parameters: ROLL.parameters } }],
    });
  });

  test("tool call ids are made plain and different from all others", async () => {
    const calls = ["bad id!", "", "0", "0"].map((id) => ({
      id,
      type: "function",
      function: { name: "roll", arguments: "{}" },
    }));
    const { url } = serve(() => chatAnswer({ tool_calls: calls }, "tool_calls"));
    const messages: ModelRequest["messages"] = [
      { role: "user", parts: [{ type: "text", text: "go" }] },
      { role: "assistant", parts: [], toolCalls: [{ id: "0", name: "roll", arguments: "{}" }] },
      { role: "tool", answers: [{ toolCallId: "0", toolName: "roll", parts: [], isError: false }] },
    ];
    const { reply } = await heard(open(url), request({ tools: [ROLL], messages }));
    const ids = reply.toolCalls.map((call) => call.id);
    expect(new Set([...ids, "0"]).size).toBe(5);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
  });

  test("the conversation goes out as it was", async () => {
    const { url, requests } = serve(() => chatAnswer({ content: "ok" }));
    const messages: ModelRequest["messages"] = [
      {
        role: "user",
        parts: [
          { type: "image", mediaType: "image/png", data: "aGk=" },
          { type: "text", text: "look" },
        ],
      },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", text: "hm", signature: "claude's" },
          { type: "text", text: "So." },
        ],
        toolCalls: [{ id: "call_a", name: "roll", arguments: '{"sides":  6}' }],
      },
      {
        role: "tool",
        answers: [
          {
            toolCallId: "call_a",
            toolName: "roll",
            parts: [
              { type: "text", text: "4" },
              { type: "image", mediaType: "image/png", data: "aGk=" },
            ],
            isError: true,
          },
        ],
      },
      { role: "system", text: "Note this." },
    ];
    await heard(open(url), request({ messages, tools: [ROLL] }));
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } };
    expect(requests[0]?.body.messages.slice(1)).toEqual([
      { role: "user", content: [image, { type: "text", text: "look" }] },
      {
        role: "assistant",
        content: "So.",
        tool_calls: [{ id: "call_a", type: "function", function: { name: "roll", arguments: '{"sides":  6}' } }],
      },
      { role: "tool", tool_call_id: "call_a", content: "4\n[image, shown below]" },
      { role: "user", content: [image] },
      { role: "system", content: "Note this." },
    ]);
  });

  test("an answer's shape goes out as asked", async () => {
    const { url, requests } = serve(() => chatAnswer({ content: "{}" }));
    const schema = { type: "object", properties: {} };
    await heard(
      open(url),
      request({ responseFormat: { type: "json_schema", jsonSchema: { name: "shape", strict: true, schema } } }),
    );
    await heard(open(url), request({ responseFormat: { type: "json_object" } }));
    expect(requests[0]?.body.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "shape", strict: true, schema },
    });
    expect(requests[1]?.body.response_format).toEqual({ type: "json_object" });
  });

  test("fifty calls at once do not mix", async () => {
    const { url } = serve(async ({ body }, count) => {
      await Bun.sleep((count * 7) % 20);
      const content = `re: ${body.messages.at(-1).content}`;
      return body.stream
        ? events(chatStream([...content].map((piece) => ({ content: piece }))), 40)
        : chatAnswer({ content });
    });
    const model = open(url);
    const calls = Array.from({ length: 50 }, async (_, i) => {
      const messages: ModelRequest["messages"] = [{ role: "user", parts: [{ type: "text", text: `n${i}` }] }];
      const { reply } = await heard(model, request({ messages, stream: i % 2 === 0 }));
      expect(reply.parts).toEqual([{ type: "text", text: `re: n${i}` }]);
    });
    await Promise.all(calls);
  });
});

describe("OpenAI's Responses API", () => {
  const reasoning = {
    type: "reasoning",
    id: "rs_1",
    encrypted_content: "ENC",
    summary: ["One.", "Two."].map((text) => ({ type: "summary_text", text })),
  };
  const message = {
    type: "message",
    id: "msg_1",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: "Hi there", annotations: [] }],
  };
  const call = {
    type: "function_call",
    id: "fc_1",
    call_id: "call_1",
    name: "roll",
    arguments: '{"sides": 6}',
    status: "completed",
  };
  const usage = {
    input_tokens: 5,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 4,
    output_tokens_details: { reasoning_tokens: 1 },
    total_tokens: 9,
  };
  const base = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status: "completed",
    error: null,
    incomplete_details: null,
    model: "gpt-5-mini",
    usage,
  };

  function streamOf(items: readonly object[]): readonly string[] {
    const at = { item_id: "rs_1", output_index: 0 };
    return [
      named("response.created", { response: { ...base, status: "in_progress", output: [], usage: null } }),
      named("response.output_item.added", { output_index: 0, item: { type: "reasoning", id: "rs_1", summary: [] } }),
      ...["One.", "Two."].flatMap((text, summary_index) => [
        named("response.reasoning_summary_part.added", {
          ...at,
          summary_index,
          part: { type: "summary_text", text: "" },
        }),
        named("response.reasoning_summary_text.delta", { ...at, summary_index, delta: text }),
        named("response.reasoning_summary_part.done", { ...at, summary_index, part: { type: "summary_text", text } }),
      ]),
      named("response.output_item.done", { output_index: 0, item: reasoning }),
      named("response.output_item.added", {
        output_index: 1,
        item: { ...message, status: "in_progress", content: [] },
      }),
      ...["Hi ", "there"].map((delta) =>
        named("response.output_text.delta", {
          item_id: "msg_1",
          output_index: 1,
          content_index: 0,
          delta,
          logprobs: [],
        }),
      ),
      named("response.output_item.done", { output_index: 1, item: message }),
      named("response.output_item.added", { output_index: 2, item: { ...call, status: "in_progress", arguments: "" } }),
      ...['{"sid', 'es": 6}'].map((delta) =>
        named("response.function_call_arguments.delta", { item_id: "fc_1", output_index: 2, delta }),
      ),
      named("response.output_item.done", { output_index: 2, item: call }),
      named("response.completed", { response: { ...base, output: items } }),
    ];
  }

  test("reasoning comes, is kept, and goes back", async () => {
    const output = [reasoning, message, call];
    const { url, requests } = serve(({ body }) =>
      body.stream ? events(streamOf(output), 11) : json({ ...base, output }),
    );
    const model = open(url, { model: "gpt-5-mini", config: { reasoningEffort: "low", maxTokens: 2000 } });
    const asked = request({ tools: [ROLL], parallelToolCalls: true });
    const whole = await heard(model, asked);
    const streamed = await heard(model, { ...asked, stream: true });
    expect(whole.reply.parts).toEqual([
      { type: "reasoning", text: "One.\n\nTwo.", encrypted: "ENC", id: "rs_1" },
      { type: "text", text: "Hi there" },
    ]);
    expect(whole.reply.toolCalls).toEqual([{ id: "call_1", name: "roll", arguments: '{"sides": 6}' }]);
    expect(whole.reply.usage).toMatchObject({ promptTokens: 5, completionTokens: 4, reasoningTokens: 1 });
    expect(streamed.reply).toEqual(whole.reply);
    expect(joinedDeltas(streamed.events, "reasoning_delta")).toBe("One.\n\nTwo.");
    expect(requests[0]?.path).toBe("/v1/responses");
    expect(requests[0]?.body).toMatchObject({
      store: false,
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "low", summary: "auto" },
      max_output_tokens: 2000,
      parallel_tool_calls: true,
      text: { verbosity: "medium" },
      tools: [{ type: "function", name: "roll", strict: false }],
    });
    expect(requests[0]?.body.temperature).toBeUndefined();

    const { parts, toolCalls } = whole.reply;
    const answer = {
      toolCallId: "call_1",
      toolName: "roll",
      parts: [{ type: "text" as const, text: "4" }],
      isError: false,
    };
    await heard(model, {
      ...asked,
      messages: [...asked.messages, { role: "assistant", parts, toolCalls }, { role: "tool", answers: [answer] }],
    });
    const input = requests.at(-1)?.body.input;
    expect(input[2]).toMatchObject({
      type: "reasoning",
      id: "rs_1",
      encrypted_content: "ENC",
      summary: [{ text: "One.\n\nTwo." }],
    });
    expect(input.slice(-2)).toMatchObject([
      { type: "function_call", call_id: "call_1", name: "roll", arguments: '{"sides": 6}' },
      { type: "function_call_output", call_id: "call_1", output: "4" },
    ]);
  });

  test("tools are strict when the configuration says so and the schema can be", async () => {
    const { url, requests } = serve(() => json({ ...base, output: [message] }));
    const loose = {
      ...ROLL,
      name: "loose",
      parameters: { type: "object", properties: { x: { type: "string" } }, required: [] },
    };
    await heard(open(url, { model: "gpt-5-mini", config: { strict: true } }), request({ tools: [ROLL, loose] }));
    expect(requests[0]?.body.tools).toMatchObject([
      { name: "roll", strict: true, parameters: { additionalProperties: false } },
      { name: "loose", strict: false },
    ]);
  });

  test("reasoning that cannot be referred to stays here", async () => {
    const { url, requests } = serve(() => json({ ...base, output: [message] }));
    const parts = [
      { type: "reasoning" as const, text: "no encrypted form", id: "rs_9" },
      { type: "reasoning" as const, text: "someone else's", signature: "sig" },
      { type: "text" as const, text: "hm" },
    ];
    const messages: ModelRequest["messages"] = [
      ...request().messages,
      { role: "assistant", parts, toolCalls: [] },
      ...request().messages,
    ];
    await heard(open(url, { model: "o3" }), request({ messages }));
    expect(JSON.stringify(requests[0]?.body.input)).not.toContain("reasoning");
  });
});

describe("Anthropic", () => {
  const usage = { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 6 };
  const content = [
    { type: "thinking", thinking: "Let me see.", signature: "c2ln" },
    { type: "redacted_thinking", data: "HIDDEN" },
    { type: "text", text: "Rolling." },
    { type: "tool_use", id: "toolu_1", name: "roll", input: { sides: 6 } },
  ];
  const base = { id: "msg_1", type: "message", role: "assistant", model: "claude", stop_sequence: null };
  const claude = {
    kind: "anthropic" as const,
    model: "claude-sonnet-4-5-20250929",
    config: { maxReasoningTokens: 2048 },
  };

  const stream = [
    named("message_start", {
      message: { ...base, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    }),
    named("content_block_start", { index: 0, content_block: { type: "thinking", thinking: "", signature: "" } }),
    ...["Let me ", "see."].map((thinking) =>
      named("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking } }),
    ),
    named("content_block_delta", { index: 0, delta: { type: "signature_delta", signature: "c2ln" } }),
    named("content_block_stop", { index: 0 }),
    named("content_block_start", { index: 1, content_block: { type: "redacted_thinking", data: "HIDDEN" } }),
    named("content_block_stop", { index: 1 }),
    named("ping", {}),
    named("content_block_start", { index: 2, content_block: { type: "text", text: "" } }),
    named("content_block_delta", { index: 2, delta: { type: "text_delta", text: "Rolling." } }),
    named("content_block_stop", { index: 2 }),
    named("content_block_start", {
      index: 3,
      content_block: { type: "tool_use", id: "toolu_1", name: "roll", input: {} },
    }),
    ...['{"sid', 'es":6}'].map((partial_json) =>
      named("content_block_delta", { index: 3, delta: { type: "input_json_delta", partial_json } }),
    ),
    named("content_block_stop", { index: 3 }),
    named("message_delta", { delta: { stop_reason: "tool_use", stop_sequence: null }, usage }),
    named("message_stop", {}),
  ];

  test("thinking comes, is kept, and goes back", async () => {
    const { url, requests } = serve(({ body }) =>
      body.stream ? events(stream, 13) : json({ ...base, content, stop_reason: "tool_use", usage }),
    );
    const model = open(url, claude);
    const asked = request({ tools: [ROLL] });
    const whole = await heard(model, asked);
    const streamed = await heard(model, { ...asked, stream: true });
    expect(whole.reply).toEqual({
      parts: [
        { type: "reasoning", text: "Let me see.", signature: "c2ln" },
        { type: "reasoning", text: "", redacted: "HIDDEN" },
        { type: "text", text: "Rolling." },
      ],
      toolCalls: [{ id: "toolu_1", name: "roll", arguments: '{"sides":6}' }],
      finishReason: "tool_calls",
      usage: {
        promptTokens: 15,
        completionTokens: 6,
        totalTokens: 21,
        cachedInputTokens: 3,
        cacheWriteTokens: 2,
        reasoningTokens: null,
      },
    });
    expect(streamed.reply).toEqual(whole.reply);
    expect(requests[0]?.path).toBe("/v1/messages");
    expect(requests[0]?.headers.get("x-api-key")).toBe(KEY);
    expect(requests[0]?.body).toMatchObject({
      thinking: { type: "enabled", budget_tokens: 2048 },
      max_tokens: 16_384,
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      system: [{ type: "text", text: "Be brief." }],
    });

    const { parts, toolCalls } = whole.reply;
    const answer = {
      toolCallId: "toolu_1",
      toolName: "roll",
      parts: [{ type: "text" as const, text: "no dice" }],
      isError: true,
    };
    const messages: ModelRequest["messages"] = [
      ...asked.messages,
      { role: "assistant", parts, toolCalls },
      { role: "tool", answers: [answer] },
      { role: "system", text: "Hurry." },
    ];
    await heard(model, { ...asked, messages });
    const [, assistant, user] = requests.at(-1)?.body.messages ?? [];
    expect(assistant.content).toMatchObject([
      { type: "thinking", thinking: "Let me see.", signature: "c2ln" },
      { type: "redacted_thinking", data: "HIDDEN" },
      { type: "text", text: "Rolling." },
      { type: "tool_use", id: "toolu_1", name: "roll", input: { sides: 6 } },
    ]);
    expect(user.content).toMatchObject([
      { type: "tool_result", tool_use_id: "toolu_1", content: "no dice", is_error: true },
      { type: "text", text: "<system>\nHurry.\n</system>" },
    ]);
  });

  test("it does not think where Claude would refuse to", async () => {
    const { url, requests } = serve(() =>
      json({ ...base, content: [{ type: "text", text: "ok" }], stop_reason: "end_turn", usage }),
    );
    const unsigned: ModelRequest["messages"] = [
      ...request().messages,
      { role: "assistant", parts: [], toolCalls: [{ id: "call_1", name: "roll", arguments: "{}" }] },
      {
        role: "tool",
        answers: [{ toolCallId: "call_1", toolName: "roll", parts: [{ type: "text", text: "4" }], isError: false }],
      },
    ];
    await heard(open(url, claude), request({ tools: [ROLL], messages: unsigned }));
    const interrupted: ModelRequest["messages"] = [
      ...unsigned,
      { role: "user", parts: [{ type: "text", text: "No" }] },
    ];
    await heard(open(url, claude), request({ tools: [ROLL], messages: interrupted }));
    await heard(open(url, claude), request({ tools: [ROLL], toolChoice: "required" }));
    await heard(open(url, { ...claude, config: { enableReasoner: false } }), request());
    await heard(open(url, { ...claude, model: "claude-opus-4-6", config: {} }), request());
    const types = requests.map(({ body }) => body.thinking?.type);
    expect(types).toEqual([undefined, undefined, undefined, undefined, "adaptive"]);
    expect(requests[2]?.body.tool_choice).toMatchObject({ type: "any" });
  });

  test("an error inside a stream is told by its words", async () => {
    const { url } = serve(() =>
      events([named("error", { error: { type: "overloaded_error", message: "Overloaded" } })]),
    );
    const failure = await failureOf(heard(open(url, claude), request({ stream: true })));
    expect(failure).toMatchObject({ type: "llm_error", status: 529 });
    expect(failure.detail).toContain("Overloaded");
  });
});

describe("OpenAI-compatible servers", () => {
  test("reasoning is heard and not sent back, unknown words are not sent", async () => {
    const { url, requests } = serve(({ body }) =>
      body?.stream
        ? events(chatStream([{ reasoning_content: "Hm." }, { content: "Hi" }]))
        : chatAnswer({ content: "Hi", reasoning_content: "Hm." }),
    );
    const model = open(url, { kind: "ollama", model: "qwen3:8b" });
    for (const stream of [false, true]) {
      const { reply } = await heard(model, request({ stream, tools: [ROLL] }));
      expect(reply.parts).toEqual([
        { type: "reasoning", text: "Hm." },
        { type: "text", text: "Hi" },
      ]);
      await heard(
        model,
        request({
          messages: [
            ...request().messages,
            { role: "assistant", parts: reply.parts, toolCalls: [] },
            ...request().messages,
          ],
        }),
      );
    }
    expect(JSON.stringify(requests.map(({ body }) => body))).not.toMatch(/Hm|parallel_tool_calls|max_tokens/);
  });
});

describe("Google", () => {
  test("a call's thought signature is kept with the reasoning and goes back on the call", async () => {
    const parts = [
      { text: "Thinking.", thought: true },
      { functionCall: { name: "roll", args: { sides: 6 } }, thoughtSignature: "SIG" },
    ];
    const candidate = { content: { role: "model", parts }, finishReason: "STOP", index: 0 };
    const answer = {
      candidates: [candidate],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 7 },
    };
    const { url, requests } = serve(({ path }) =>
      path.includes("stream") ? events([`data: ${JSON.stringify(answer)}\n\n`]) : json(answer),
    );
    const model = open(url, { kind: "google_ai", model: "gemini-3-pro" });
    const asked = request({ tools: [ROLL] });
    for (const stream of [false, true]) {
      const { reply } = await heard(model, { ...asked, stream });
      expect(reply.parts).toEqual([{ type: "reasoning", text: "Thinking.", encrypted: "SIG", id: "google" }]);
      expect(reply.toolCalls).toMatchObject([{ name: "roll", arguments: '{"sides":6}' }]);
      const [call] = reply.toolCalls;
      const answered = {
        toolCallId: call?.id ?? "",
        toolName: "roll",
        parts: [{ type: "text" as const, text: "4" }],
        isError: false,
      };
      await heard(model, {
        ...asked,
        messages: [
          ...asked.messages,
          { role: "assistant", parts: reply.parts, toolCalls: reply.toolCalls },
          { role: "tool", answers: [answered] },
        ],
      });
      expect(requests.at(-1)?.body.contents[1].parts).toMatchObject([
        { functionCall: { name: "roll", args: { sides: 6 } }, thoughtSignature: "SIG" },
      ]);
    }
    expect(requests[0]?.headers.get("x-goog-api-key")).toBe(KEY);
  });
});

describe("what goes wrong", () => {
  const error = (message: string, code = "mock_error") => ({ error: { message, type: "server_error", code } });

  test.each([
    [
      400,
      "llm_bad_request",
      "The request to the LLM model provider was invalid.",
      "INVALID_ARGUMENT: Bad request to OpenAI: Error code: 400",
    ],
    [
      401,
      "llm_authentication",
      "Authentication failed with the LLM model provider.",
      "UNAUTHENTICATED: Authentication failed with OpenAI: Error code: 401",
    ],
    [
      429,
      "llm_rate_limit",
      "Rate limit exceeded for LLM model provider. Please wait before making another request.",
      "RATE_LIMIT_EXCEEDED: Rate limited by OpenAI: Error code: 429",
    ],
    [
      500,
      "llm_error",
      "An error occurred with the LLM request.",
      "INTERNAL_SERVER_ERROR: OpenAI API error: Error code: 500",
    ],
  ] as const)("%p is named as clients know it", async (status, type, message, detail) => {
    const { url } = serve(() => json(error(`mock error ${status}`), status));
    for (const stream of [false, true]) {
      const failure = await failureOf(heard(open(url), request({ stream })));
      expect(failure).toMatchObject({ type, message, status });
      expect(failure.detail).toStartWith(detail);
      expect(failure.detail).toContain(`mock error ${status}`);
    }
  });

  test("passing failures are tried again, lasting ones are not", async () => {
    const again = serve((_, count) => (count < 3 ? json(error("busy"), 503) : chatAnswer({ content: "ok" })));
    const { reply } = await heard(open(again.url, { limits: { retriesMax: 2 } }), request());
    expect(reply.parts).toEqual([{ type: "text", text: "ok" }]);
    expect(again.requests.length).toBe(3);
    again.stop();
    const never = serve(() => json(error("no"), 400));
    await failureOf(heard(open(never.url, { limits: { retriesMax: 2 } }), request()));
    expect(never.requests.length).toBe(1);
  });

  test("a server that is not there is an error within a second", async () => {
    const { url, stop } = serve(() => json({}));
    stop();
    const failure = await failureOf(heard(open(url), request()));
    expect(failure).toMatchObject({ type: "llm_error", status: undefined });
  });

  test("nothing is tried again once a word was heard", async () => {
    const { url, requests } = serve(() => events([chatPiece({ content: "Half a" })]));
    const said: string[] = [];
    const model = open(url, { limits: { retriesMax: 2 } });
    const calling = model.call(request({ stream: true }), new AbortController().signal, (delta) =>
      said.push(delta.type),
    );
    const failure = await failureOf(calling);
    expect(failure.detail).toContain("broke off");
    expect(said).toEqual(["text_delta"]);
    expect(requests.length).toBe(1);
  });

  test.each([
    [
      "an HTML page",
      () => new Response("<html><title>Bad day</title></html>", { headers: { "content-type": "text/html" } }),
      /HTML page titled "Bad day"/,
    ],
    ["half JSON", () => new Response('{"id":"x","choi', { headers: { "content-type": "application/json" } }), /choi/],
    ["nothing", () => new Response("", { headers: { "content-type": "application/json" } }), /./],
    [
      "a redirect",
      () => new Response(null, { status: 307, headers: { location: "http://elsewhere.example/" } }),
      /Error code: 307/,
    ],
    [
      "broken bytes",
      () => new Response(new Uint8Array([123, 255, 254, 0]), { headers: { "content-type": "application/json" } }),
      /./,
    ],
    ["a huge error", () => new Response("x".repeat(5_000_000), { status: 500 }), /x{500}/],
    [
      "a huge answer",
      () => new Response(new Uint8Array(70 * 1024 * 1024), { headers: { "content-type": "application/json" } }),
      /70|bytes/,
    ],
  ] as const)("%s is an error, soon and short", async (_, answer, detail) => {
    const { url } = serve(answer);
    const failure = await failureOf(heard(open(url), request()));
    expect(failure.type).toBe("llm_error");
    expect(failure.detail).toMatch(detail);
    expect(failure.detail.length).toBeLessThanOrEqual(DETAIL_CHARS_MAX + 3);
  });

  test.each([
    ["an HTML page", () => new Response("<html></html>", { headers: { "content-type": "text/html" } })],
    ["half a piece", () => events([chatPiece({ content: "a" }), 'data: {"choices":[{"ind', "\n\n"])],
    ["no pieces", () => events([])],
    ["an error", () => events([`data: ${JSON.stringify(error("inside"))}\n\n`])],
  ] as const)("%s in place of a stream is an error", async (_, answer) => {
    const { url } = serve(answer);
    expect((await failureOf(heard(open(url), request({ stream: true })))).type).toBe("llm_error");
  });

  test("what was said before an error in the same piece is heard", async () => {
    const { url } = serve(() =>
      events([chatPiece({ content: "Well" }), `data: ${JSON.stringify(error("inside"))}\n\n`], 10_000),
    );
    let said = "";
    const calling = open(url).call(request({ stream: true }), new AbortController().signal, (delta) => {
      if (delta.type === "text_delta") said += delta.text;
    });
    expect((await failureOf(calling)).detail).toContain("inside");
    expect(said).toBe("Well");
  });

  test("broken UTF-8 inside a text does not stop it", async () => {
    const [before = "", after = ""] = chatPiece({ content: "a@b" }).split("@");
    const bytes = Buffer.concat([
      Buffer.from(before),
      Buffer.from([0xff]),
      Buffer.from(after),
      Buffer.from(chatStream([]).join("")),
    ]);
    const { url } = serve(() => new Response(bytes, { headers: { "content-type": "text/event-stream" } }));
    const { reply } = await heard(open(url), request({ stream: true }));
    expect(reply.parts).toEqual([{ type: "text", text: "a\ufffdb" }]);
  });

  test("an empty answer is an error of its own, but not after a tool", async () => {
    const { url } = serve(({ body }) =>
      body.stream ? events(chatStream([{ content: "" }])) : chatAnswer({ content: "" }),
    );
    for (const stream of [false, true]) {
      expect((await failureOf(heard(open(url), request({ stream })))).type).toBe("llm_empty_response");
      const messages: ModelRequest["messages"] = [
        ...request().messages,
        { role: "assistant", parts: [], toolCalls: [{ id: "a", name: "roll", arguments: "{}" }] },
        {
          role: "tool",
          answers: [{ toolCallId: "a", toolName: "roll", parts: [{ type: "text", text: "4" }], isError: false }],
        },
      ];
      expect((await heard(open(url), request({ stream, messages }))).reply.parts).toEqual([]);
    }
  });

  test("the key is never shown", async () => {
    const { url } = serve(() =>
      json(error(`Incorrect API key provided: ${KEY}; also Bearer abcdef and sk-proj-abcdefghijklmnop`), 401),
    );
    const { detail } = await failureOf(heard(open(url), request()));
    expect(detail).not.toContain(KEY);
    expect(detail).not.toMatch(/abcdef/);
  });

  test("a prompt that is too long and an empty account are told apart", async () => {
    const cases: readonly (readonly [number, string, string])[] = [
      [400, "This model's maximum context length is 128000 tokens.", "llm_context_window_exceeded"],
      [400, "prompt is too long: 210000 tokens > 200000 maximum", "llm_context_window_exceeded"],
      [413, "Request too large", "llm_context_window_exceeded"],
      [500, "the request exceeds the available context size (4096 tokens)", "llm_context_window_exceeded"],
      [429, "You exceeded your current quota, please check your plan", "llm_insufficient_credits"],
      [400, "Your credit balance is too low to access the API", "llm_insufficient_credits"],
      [402, "Payment required", "llm_insufficient_credits"],
      [404, "The model `x` does not exist", "llm_not_found"],
    ];
    let now = cases[0];
    const { url } = serve(() => json(error(now?.[1] ?? ""), now?.[0]));
    for (const each of cases) {
      now = each;
      expect((await failureOf(heard(open(url), request()))).type as string).toBe(each[2]);
    }
  });
});

describe("what takes too long", () => {
  const soon = { requestTimeoutMs: 80, idleTimeoutMs: 80, streamTimeoutMs: 400, thinkingTimeoutMs: 80 };

  test("silence before the first word", async () => {
    const { url } = serve(() => new Promise<Response>(() => undefined));
    for (const stream of [false, true]) {
      const failure = await failureOf(heard(open(url, { limits: { ...soon, retriesMax: 2 } }), request({ stream })));
      expect(failure).toMatchObject({ type: "llm_timeout", status: undefined });
      expect(failure.detail).toContain("first answer");
    }
  });

  test("silence after some words", async () => {
    const { url } = serve(() => stalled([chatPiece({ content: "Well" })]));
    const failure = await failureOf(heard(open(url, { limits: soon }), request({ stream: true })));
    expect(failure.detail).toContain("stopped coming");
  });

  test("words without end, by length or by time", async () => {
    const { url } = serve(() => endless(chatPiece({ content: "blah " })));
    const byLength = await failureOf(
      heard(open(url, { limits: { outputCharsMax: 2_000 } }), request({ stream: true })),
    );
    expect(byLength.detail).toContain("longer than 2000 characters");
    const byTime = await failureOf(heard(open(url, { limits: soon }), request({ stream: true })));
    expect(byTime.detail).toContain("longer than a call may take");
  });

  test("ends at once when the caller cancels", async () => {
    const gone = Promise.withResolvers<void>();
    const { url } = serve(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode(chatPiece({ content: "Well" }))),
            cancel: () => gone.resolve(),
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
    );
    const controller = new AbortController();
    const reason = new Error("cancelled by the person");
    const calling = open(url).call(request({ stream: true }), controller.signal, () =>
      setTimeout(() => controller.abort(reason), 20),
    );
    await expect(calling).rejects.toBe(reason);
    await expect(heard(open(url), request(), controller.signal)).rejects.toBe(reason);
    await gone.promise;
  });

  test("lets go of the connection when the caller aborts at the first word", async () => {
    const gone = Promise.withResolvers<void>();
    const { url } = serve(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode(chatPiece({ content: "Well" }))),
            cancel: () => gone.resolve(),
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
    );
    const reason = new Error("heard enough");
    const controller = new AbortController();
    const calling = open(url).call(request({ stream: true }), controller.signal, () => controller.abort(reason));
    await expect(calling).rejects.toBe(reason);
    await gone.promise;
  });
});

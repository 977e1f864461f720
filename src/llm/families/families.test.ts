import { afterEach, describe, expect, test } from "bun:test";
import {
  chatAnswer,
  chatStream,
  events,
  type FakeProvider,
  fakeProvider,
  json,
  type ProviderRequest,
  usageLastStream,
} from "../_test-provider.ts";
import { heard, realWorld, request, testLimits } from "../_test-world.ts";
import { createLanguageModel } from "../call/adapter.ts";
import { llmConfigOf } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import type { ModelRequest, ToolSchema } from "../model.ts";
import type { ProviderSettings } from "../provider.ts";
import { familyOf } from "./all.ts";

let provider: FakeProvider | undefined;
afterEach(() => provider?.stop());

function serve(answer: (request: ProviderRequest) => Response): FakeProvider {
  provider = fakeProvider(answer);
  return provider;
}

function open(settings: ProviderSettings, model: string, config: Partial<LlmConfig> = {}) {
  return createLanguageModel({
    settings,
    config: { ...llmConfigOf(settings, model), ...config },
    family: familyOf(settings.kind),
    world: realWorld(),
    limits: testLimits(),
  });
}

const ROLL: ToolSchema = {
  name: "roll",
  description: "Rolls.",
  parameters: { type: "object", properties: { sides: { type: "integer" } }, required: ["sides"] },
};
const STEP: ModelRequest["messages"] = [
  { role: "user", parts: [{ type: "text", text: "go" }] },
  { role: "assistant", parts: [], toolCalls: [{ id: "call_abcdef_123", name: "roll", arguments: '{"sides": 6}' }] },
  {
    role: "tool",
    answers: [
      { toolCallId: "call_abcdef_123", toolName: "roll", parts: [{ type: "text", text: "4" }], isError: false },
    ],
  },
];
const CALL = { id: "abcdefghi", type: "function", function: { name: "roll", arguments: '{"sides": 6}' } };

describe.each([
  ["groq", "llama-3.3-70b", "/chat/completions"],
  ["mistral", "mistral-large-latest", "/chat/completions"],
  ["deepseek", "deepseek-chat", "/chat/completions"],
  ["together", "meta/llama", "/chat/completions"],
  ["openrouter", "anthropic/claude-sonnet-4.5", "/chat/completions"],
  ["ollama", "llama3.2", "/chat/completions"],
  ["lmstudio", "qwen", "/chat/completions"],
  ["llamacpp", "default", "/chat/completions"],
  ["vllm", "Qwen/Qwen3-8B", "/chat/completions"],
] as const)("%s", (kind, model, path) => {
  const streamOf = kind === "groq" || kind === "mistral" ? usageLastStream : chatStream;

  test("calls tools and takes their answers, whole and streamed", async () => {
    const { url, requests } = serve(({ body }) =>
      body?.stream
        ? events(
            streamOf([{ role: "assistant", content: "Go." }, { tool_calls: [{ index: 0, ...CALL }] }], "tool_calls"),
            50,
          )
        : chatAnswer({ content: "Go.", tool_calls: [CALL] }, "tool_calls"),
    );
    const opened = open({ name: kind, kind, baseUrl: `${url}/v1`, apiKey: "secret-key" }, model);
    for (const stream of [false, true]) {
      const { reply } = await heard(
        opened,
        request({ stream, tools: [ROLL], parallelToolCalls: true, messages: STEP }),
      );
      expect(reply.parts).toEqual([{ type: "text", text: "Go." }]);
      expect(reply.toolCalls).toMatchObject([{ name: "roll" }]);
      expect(JSON.parse(reply.toolCalls[0]?.arguments ?? "")).toEqual({ sides: 6 });
      expect(reply.finishReason).toBe("tool_calls");
      expect(reply.usage).toMatchObject({ promptTokens: 11, completionTokens: 7 });
    }
    // What Ollama is asked beforehand has no body.
    const first = requests.find(({ body }) => body !== undefined);
    expect(first?.path).toBe(`/v1${path}`);
    expect(first?.headers.get("authorization")).toBe("Bearer secret-key");
    expect(first?.body).toMatchObject({
      model,
      temperature: 1,
      tools: [{ type: "function", function: { name: "roll" } }],
    });
    const [, , assistant, tool] = first?.body.messages ?? [];
    expect(JSON.parse(assistant.tool_calls[0].function.arguments)).toEqual({ sides: 6 });
    expect(tool).toMatchObject({ role: "tool", tool_call_id: assistant.tool_calls[0].id });
    if (kind === "mistral") expect(tool.tool_call_id).toMatch(/^[a-zA-Z0-9]{9}$/);
    else expect(tool.tool_call_id).toBe("call_abcdef_123");
    if (kind === "groq" || kind === "vllm") expect(first?.body.parallel_tool_calls).toBe(true);
  });
});

describe("an answer of a certain shape beside tools", () => {
  const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  const shaped = {
    responseFormat: { type: "json_schema", jsonSchema: { name: "shape", schema } },
    tools: [ROLL],
  } as const;

  test.each([
    ["groq", "llama-3.3-70b"],
    ["openai", "gpt-4o"],
    ["openai", "gpt-5"],
    ["anthropic", "claude-sonnet-4-5"],
    ["google_ai", "gemini-3-pro"],
    ["mistral", "mistral-large-latest"],
    ["deepseek", "deepseek-chat"],
    ["openrouter", "anthropic/claude-sonnet-4.5"],
    ["xai", "grok-4"],
    ["azure", "gpt-4o"],
    ["bedrock", "anthropic.claude-sonnet-4-20250514-v1:0"],
    ["vllm", "Qwen/Qwen3-8B"],
  ] as const)("%s is told of it (%s)", async (kind, model) => {
    const { url, requests } = serve(() => json({ error: { message: "no" } }, 400));
    const settings = { name: kind, kind, baseUrl: url, apiKey: "k", region: "us-east-1", apiVersion: "v1" };
    await heard(open(settings, model), request(shaped)).catch(() => undefined);
    // Where the provider has no field for a schema, the package puts it into the prompt.
    const sent = JSON.stringify(requests[0]?.body).replaceAll('\\"', '"');
    expect(sent).toContain('"a":{"type":"integer"}');
    expect(sent).toContain('"roll"');
  });

  test("groq's answer is given as a tool's arguments, and is the answer", async () => {
    const call = { index: 0, id: "c1", type: "function", function: { name: "json", arguments: '{"a": 1}' } };
    const { url, requests } = serve(({ body }) =>
      body?.stream
        ? events(usageLastStream([{ tool_calls: [call] }], "tool_calls"), 50)
        : chatAnswer({ content: null, tool_calls: [call] }, "tool_calls"),
    );
    const opened = open({ name: "groq", kind: "groq", baseUrl: url, apiKey: "k" }, "llama-3.3-70b");
    for (const stream of [false, true]) {
      const { reply } = await heard(opened, request({ ...shaped, stream }));
      expect(reply).toMatchObject({ parts: [{ type: "text", text: '{"a": 1}' }], toolCalls: [], finishReason: "stop" });
    }
    expect(requests[0]?.body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      "roll",
      "json",
    ]);
  });
});

test("openrouter gives back the details of reasoning", async () => {
  const details = [{ type: "reasoning.text", text: "Hm.", signature: "sig", format: "anthropic-claude-v1", index: 0 }];
  const { url, requests } = serve(({ body }) =>
    body.stream
      ? events(chatStream([{ reasoning: "Hm.", reasoning_details: details }, { content: "Hi" }]), 50)
      : chatAnswer({ content: "Hi", reasoning: "Hm.", reasoning_details: details }),
  );
  const opened = open(
    { name: "openrouter", kind: "openrouter", baseUrl: url, apiKey: "k" },
    "anthropic/claude-sonnet-4.5",
    { maxReasoningTokens: 2000 },
  );
  for (const stream of [false, true]) {
    const { reply } = await heard(opened, request({ stream }));
    expect(reply.parts).toMatchObject([
      { type: "reasoning", text: "Hm.", id: "openrouter" },
      { type: "text", text: "Hi" },
    ]);
    const messages: ModelRequest["messages"] = [
      ...request().messages,
      { role: "assistant", parts: reply.parts, toolCalls: [] },
      ...request().messages,
    ];
    await heard(opened, request({ messages }));
    expect(requests.at(-1)?.body.messages[2].reasoning_details).toMatchObject([{ text: "Hm.", signature: "sig" }]);
  }
  expect(requests[0]?.body).toMatchObject({ usage: { include: true }, reasoning: { max_tokens: 2000 } });
});

test("xai speaks the Responses protocol and stores nothing there", async () => {
  const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
  const message = {
    type: "message",
    id: "msg_1",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: "Hi", annotations: [] }],
  };
  const { url, requests } = serve(() =>
    json({
      id: "r",
      object: "response",
      created_at: 1,
      status: "completed",
      model: "grok-4",
      output: [message],
      usage,
    }),
  );
  const { reply } = await heard(
    open({ name: "xai", kind: "xai", baseUrl: `${url}/v1`, apiKey: "k" }, "grok-4", { reasoningEffort: "low" }),
    request(),
  );
  expect(reply).toMatchObject({
    parts: [{ type: "text", text: "Hi" }],
    finishReason: "stop",
    usage: { promptTokens: 3, completionTokens: 2 },
  });
  expect(requests[0]).toMatchObject({ path: "/v1/responses", body: { store: false, reasoning: { effort: "low" } } });
});

describe("azure", () => {
  test("addresses a deployment by a dated version, or the resource by the current one", async () => {
    const { url, requests } = serve(() => chatAnswer({ content: "Hi" }));
    const settings: ProviderSettings = { name: "azure", kind: "azure", baseUrl: url, apiKey: "secret-key" };
    await heard(open({ ...settings, apiVersion: "2024-09-01-preview" }, "my-gpt-4o"), request());
    await heard(open(settings, "my-gpt-4o"), request());
    expect(requests[0]?.path).toBe("/openai/deployments/my-gpt-4o/chat/completions?api-version=2024-09-01-preview");
    expect(requests[1]?.path).toStartWith("/openai/");
    expect(requests[0]?.headers.get("api-key")).toBe("secret-key");
  });
});

describe("bedrock", () => {
  test("signs its requests and keeps Claude's thinking", async () => {
    const content = [{ reasoningContent: { reasoningText: { text: "Hm.", signature: "sig" } } }, { text: "Hi" }];
    const usage = { inputTokens: 5, outputTokens: 3, totalTokens: 8 };
    const { url, requests } = serve(() =>
      json({ output: { message: { role: "assistant", content } }, stopReason: "end_turn", usage }),
    );
    const settings: ProviderSettings = {
      name: "bedrock",
      kind: "bedrock",
      baseUrl: url,
      region: "eu-west-1",
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "secret-access",
    };
    const opened = open(settings, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", { maxReasoningTokens: 1500 });
    const { reply } = await heard(opened, request());
    expect(reply.parts).toEqual([
      { type: "reasoning", text: "Hm.", signature: "sig" },
      { type: "text", text: "Hi" },
    ]);
    expect(requests[0]?.path).toContain("/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse");
    expect(requests[0]?.headers.get("authorization")).toStartWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    expect(requests[0]?.body.additionalModelRequestFields.thinking).toEqual({ type: "enabled", budget_tokens: 1500 });
    const messages: ModelRequest["messages"] = [
      ...request().messages,
      { role: "assistant", parts: reply.parts, toolCalls: [] },
      ...request().messages,
    ];
    await heard(opened, request({ messages }));
    expect(requests[1]?.body.messages[1].content[0]).toEqual(content[0]);
  });
});

describe("an image in a tool's answer", () => {
  const data = "iVBORw0KGgo=";
  const url = `data:image/png;base64,${data}`;
  const [person, called] = STEP;
  const parts = [
    { type: "text", text: "seen" },
    { type: "image", mediaType: "image/png", data },
  ] as const;
  const answers = [{ toolCallId: "call_abcdef_123", toolName: "roll", parts, isError: false }];
  const messages = [person, called, { role: "tool", answers }] as ModelRequest["messages"];

  const words = { type: "input_text", text: "seen" };
  test.each([
    [
      "anthropic",
      "claude-sonnet-4-5",
      [
        { type: "text", text: "seen" },
        { type: "image", source: { type: "base64", media_type: "image/png", data } },
      ],
    ],
    [
      "bedrock",
      "anthropic.claude-sonnet-4-5",
      [{ text: "seen" }, { image: { format: "png", source: { bytes: data } } }],
    ],
    ["google_ai", "gemini-2.5-flash", { inlineData: { mimeType: "image/png", data } }],
    ["google_ai", "gemini-3-pro", [{ inlineData: { mimeType: "image/png", data } }]],
    ["openai", "gpt-5", [words, { type: "input_image", image_url: url }]],
    ["azure", "gpt-5", [words, { type: "input_image", image_url: url }]],
    // The others have no place for it there, so it follows in a message of its own.
    ["xai", "grok-4", [{ type: "input_image", image_url: url }]],
    ["openai", "gpt-4o", [{ type: "image_url", image_url: { url } }]],
    ["openrouter", "openai/gpt-4o", [{ type: "image_url", image_url: { url } }]],
    ["mistral", "pixtral-large", [{ type: "image_url", image_url: url }]],
    ["ollama", "llava", [{ type: "image_url", image_url: { url } }]],
  ] as const)("goes out in the form of %s (%s)", async (kind, model, image) => {
    const opened = open({ name: kind, kind, baseUrl: "http://127.0.0.1:1", apiKey: "secret-key" }, model);
    const sent = JSON.stringify(await opened.preview(request({ tools: [ROLL], messages })));
    expect(sent).toContain(JSON.stringify(image));
    expect(sent).toContain("seen");
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { chatAnswer, type FakeProvider, fakeProvider, json, type ProviderRequest } from "../_test-provider.ts";
import { heard, joinedDeltas, realWorld, request, testLimits } from "../_test-world.ts";
import type { ModelRequest } from "../model.ts";
import { createModels } from "../registry.ts";

let provider: FakeProvider | undefined;
afterEach(() => provider?.stop());

interface Ollama {
  readonly running?: readonly object[];
  readonly show?: (model: string) => object | undefined;
  readonly chat?: (request: ProviderRequest) => Response;
}

/** A server that answers as Ollama does, and what it was asked. */
function serve({ running = [], show = () => ({}), chat = () => lines([]) }: Ollama) {
  provider = fakeProvider((asked) => {
    if (asked.path === "/v1/models") return json({ data: [{ id: "llama3.2:latest" }, { id: "hf.co/x/tiny:q4" }] });
    if (asked.path === "/api/ps") return json({ models: running });
    if (asked.path === "/api/show") return json(show(asked.body.model) ?? {}, show(asked.body.model) ? 200 : 500);
    return asked.path === "/api/chat" ? chat(asked) : new Response("404 page not found", { status: 404 });
  });
  const settings = { name: "ollama", kind: "ollama" as const, baseUrl: `${provider.url}/v1` };
  return { models: createModels({ ...realWorld(), providers: [settings], limits: testLimits() }), provider };
}

function lines(objects: readonly object[]): Response {
  const text = objects.map((object) => `${JSON.stringify({ model: "llama3.2", ...object })}\n`).join("");
  return new Response(text, { headers: { "content-type": "application/x-ndjson" } });
}

const END = { done: true, done_reason: "stop", prompt_eval_count: 11, eval_count: 7 };
const message = (fields: object) => ({ role: "assistant", content: "", ...fields });
const MADE = { model_info: { "llama.context_length": 131_072 } };

describe("the window of a model", () => {
  test.each([
    ["what it runs with", [{ name: "llama3.2:latest", context_length: 4_096 }], MADE, 4_096],
    ["what its Modelfile says", [], { ...MADE, parameters: 'stop "x"\nnum_ctx                        8192' }, 8_192],
    ["room for an agent", [{ name: "other:latest", context_length: 4_096 }], MADE, 16_384],
    ["never more than it was made for", [], { model_info: { "gemma.context_length": 8_192 } }, 8_192],
    ["room for an agent, where nothing is told", [], undefined, 16_384],
  ] as const)("is %s", async (_, running, shown, window) => {
    const { models } = serve({ running, show: () => shown });
    const info = await models.find("ollama/llama3.2:latest");
    expect(info).toMatchObject({ maxContextWindow: window, config: { contextWindow: window } });
  });

  test("is guessed where nobody speaks Ollama's own API", async () => {
    provider = fakeProvider(({ path }) =>
      path === "/v1/models" ? json({ data: [{ id: "llama3.2" }] }) : json({ data: [] }),
    );
    const settings = { name: "ollama", kind: "ollama" as const, baseUrl: provider.url };
    const models = createModels({ ...realWorld(), providers: [settings], limits: testLimits() });
    expect((await models.find("ollama/llama3.2"))?.maxContextWindow).toBe(131_072);
    expect(provider.requests.map(({ path }) => path)).toEqual(["/v1/models", "/api/ps"]);
  });
});

async function ask(served: ReturnType<typeof serve>, asked: Partial<ModelRequest>) {
  const info = await served.models.find("ollama/llama3.2:latest");
  if (info === undefined) throw new Error("It is not listed");
  const answer = await heard(
    served.models.open({ ...info.config, contextWindow: 9_000, maxTokens: 50 }),
    request(asked),
  );
  return { ...answer, sent: served.provider.requests.findLast(({ path }) => path === "/api/chat")?.body };
}

const PIECES = [
  { message: message({ thinking: "Hm." }), done: false },
  { message: message({ content: "Hel" }), done: false },
  { message: message({ content: "lo" }), done: false },
  { message: message({}), ...END },
];
const WHOLE = { message: message({ thinking: "Hm.", content: "Hello" }), ...END };

describe("a call", () => {
  test.each([true, false])("takes the agent's window along, streamed: %p", async (stream) => {
    const served = serve({ chat: () => (stream ? lines(PIECES) : json(WHOLE)) });
    const { reply, events, sent } = await ask(served, { stream });
    expect(reply).toMatchObject({
      parts: [
        { type: "reasoning", text: "Hm." },
        { type: "text", text: "Hello" },
      ],
      finishReason: "stop",
      usage: { promptTokens: 11, completionTokens: 7 },
    });
    expect(joinedDeltas(events, "text_delta")).toBe("Hello");
    expect(sent).toEqual({
      model: "llama3.2:latest",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hello there" },
      ],
      stream,
      truncate: false,
      shift: false,
      options: { num_ctx: 9_000, temperature: 1, num_predict: 50 },
    });
  });

  test.each([true, false])("calls tools and takes their answers, streamed: %p", async (stream) => {
    const calls = [
      { function: { name: "roll", arguments: { sides: 6 } } },
      { function: { name: "roll", arguments: {} } },
    ];
    const chat = () =>
      stream
        ? lines([...calls.map((call) => ({ message: message({ tool_calls: [call] }), done: false })), END])
        : json({ message: message({ tool_calls: calls }), ...END });
    const { reply, sent } = await ask(serve({ chat }), {
      stream,
      tools: [{ name: "roll", description: "Rolls.", parameters: { type: "object", properties: {} } }],
      responseFormat: { type: "json_schema", jsonSchema: { schema: { type: "object" } } },
      messages: [
        {
          role: "user",
          parts: [
            { type: "text", text: "look" },
            { type: "image", mediaType: "image/png", data: "AAAA" },
          ],
        },
        { role: "assistant", parts: [], toolCalls: [{ id: "call_1", name: "roll", arguments: '{"sides": 4}' }] },
        {
          role: "tool",
          answers: [{ toolCallId: "call_1", toolName: "roll", parts: [{ type: "text", text: "3" }], isError: false }],
        },
      ],
    });
    expect(reply.finishReason).toBe("tool_calls");
    expect(reply.toolCalls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual([
      ["roll", { sides: 6 }],
      ["roll", {}],
    ]);
    expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(2);
    expect(sent).toMatchObject({ format: { type: "object" }, tools: [{ function: { name: "roll" } }] });
    expect(sent.messages.slice(1)).toMatchObject([
      { role: "user", content: "look", images: ["AAAA"] },
      { role: "assistant", tool_calls: [{ function: { name: "roll", arguments: { sides: 4 } } }] },
      { role: "tool", content: "3", tool_name: "roll" },
    ]);
  });

  test.each([
    ["an error in its stream", () => lines([PIECES[1] ?? {}, { error: "out of memory" }]), "llm_error"],
    ["an end that never came", () => lines(PIECES.slice(0, 3)), "llm_error"],
    [
      "a prompt that is too long",
      () => json({ error: "the input length exceeds the context length" }, 400),
      "llm_context_window_exceeded",
    ],
    ["a model that is gone", () => json({ error: "model 'llama3.2' not found" }, 404), "llm_not_found"],
  ])("tells %s", async (_, chat, type) => {
    expect(await ask(serve({ chat }), { stream: true }).catch((error) => error.type)).toBe(type);
  });

  test("goes out in OpenAI's protocol where nobody speaks Ollama's", async () => {
    provider = fakeProvider(({ path, body }) => {
      if (body !== undefined) return chatAnswer({ content: "Hello" });
      return path === "/v1/models" ? json({ data: [{ id: "llama3.2:latest" }] }) : new Response("", { status: 404 });
    });
    const settings = { name: "ollama", kind: "ollama" as const, baseUrl: provider.url };
    const models = createModels({ ...realWorld(), providers: [settings], limits: testLimits() });
    await ask({ models, provider }, { stream: false });
    await ask({ models, provider }, { stream: false });
    expect(provider.requests.map(({ path }) => path)).toEqual([
      "/v1/models",
      "/api/ps",
      "/api/ps",
      "/v1/chat/completions",
      "/v1/chat/completions",
    ]);
  });
});

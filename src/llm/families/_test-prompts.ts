import type { LlmConfig } from "../config.ts";
import type { ModelMessage, ModelRequest, ToolSchema } from "../model.ts";
import type { ProviderKind } from "../provider.ts";

/** One request whose body is recorded. */
export interface RecordedCase {
  readonly kind: ProviderKind;
  readonly model: string;
  readonly config: Partial<LlmConfig>;
  readonly request: ModelRequest;
}

const image = { type: "image", mediaType: "image/png", data: "aGk=" } as const;
const text = (words: string) => ({ type: "text", text: words }) as const;
const said = (...parts: Extract<ModelMessage, { role: "user" }>["parts"]): ModelMessage => ({ role: "user", parts });
const tool = (name: string): ToolSchema => ({
  name,
  description: `Does ${name}.`,
  parameters: { type: "object", properties: { sides: { type: "integer" } }, required: ["sides"] },
});

const CALLS: readonly ModelMessage[] = [
  said(text("go")),
  {
    role: "assistant",
    parts: [{ type: "reasoning", text: "Think.", signature: "s" }, text("On it.")],
    toolCalls: [
      { id: "call_abcdef_1", name: "roll", arguments: '{"sides": 6}' },
      { id: "abcdefghi", name: "look", arguments: "{}" },
    ],
  },
  {
    role: "tool",
    answers: [
      { toolCallId: "call_abcdef_1", toolName: "roll", parts: [text("4"), text("more")], isError: false },
      { toolCallId: "abcdefghi", toolName: "look", parts: [text("seen"), image], isError: true },
    ],
  },
  { role: "system", text: "Note this." },
  { role: "assistant", parts: [], toolCalls: [{ id: "x:1", name: "roll", arguments: "not json" }] },
  { role: "tool", answers: [{ toolCallId: "x:1", toolName: "roll", parts: [], isError: false }] },
];
const IMAGES: readonly ModelMessage[] = [
  said(text("look"), image),
  { role: "assistant", parts: [text("I see"), text("it")], toolCalls: [] },
  said(text("a"), text("b")),
];

/** A talk in which the model thinks in two turns, with what `of` makes of each thought. */
function thinking(of: (thought: string) => object): readonly ModelMessage[] {
  const thought = (words: string) => ({ type: "reasoning", text: words, ...of(words) }) as const;
  return [
    said(text("go")),
    { role: "assistant", parts: [thought("Old."), text("Said.")], toolCalls: [] },
    said(text("again")),
    {
      role: "assistant",
      parts: [thought("New.")],
      toolCalls: [{ id: "c1", name: "roll", arguments: '{"sides":2}' }],
    },
    { role: "tool", answers: [{ toolCallId: "c1", toolName: "roll", parts: [text("1")], isError: false }] },
  ];
}

const details = (words: string) => ({
  id: "openrouter",
  encrypted: JSON.stringify([
    { type: "reasoning.text", text: words, signature: `sig ${words}`, format: "anthropic-claude-v1", index: 0 },
    { type: "reasoning.text", text: `unsigned ${words}`, index: 1 },
    {
      type: "reasoning.encrypted",
      data: `secret ${words}`,
      id: `rs_${words}`,
      format: "openai-responses-v1",
      index: 2,
    },
  ]),
});

const SCHEMA = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const SHAPE = {
  type: "json_schema",
  jsonSchema: { name: "shape", description: "A", strict: true, schema: SCHEMA },
} as const;
const PLAIN = { system: "Be brief.", tools: [], toolChoice: "auto", parallelToolCalls: false } as const;
const TOOLS = { ...PLAIN, tools: [tool("roll"), tool("json")], parallelToolCalls: true } as const;

const FAMILIES: readonly (readonly [ProviderKind, string])[] = [
  ["groq", "openai/gpt-oss-120b"],
  ["mistral", "magistral-medium-latest"],
  ["deepseek", "deepseek-reasoner"],
  ["together", "deepseek-ai/DeepSeek-R1"],
  ["openrouter", "anthropic/claude-sonnet-4.5"],
  ["vllm", "gpt-5"],
];

/** What is asked of every family: each thing that one of them writes in a way of its own. */
const ASKED: readonly (readonly [Partial<LlmConfig>, ModelRequest])[] = [
  [{}, { ...TOOLS, messages: CALLS, stream: true }],
  [{}, { ...TOOLS, messages: CALLS, stream: false, toolChoice: "required", responseFormat: SHAPE }],
  [{}, { ...TOOLS, messages: CALLS, stream: false, toolChoice: { tool: "roll" }, responseFormat: SHAPE }],
  [
    { temperature: 0.2, maxTokens: 77, frequencyPenalty: 0.5, reasoningEffort: "low" },
    { ...TOOLS, messages: IMAGES, stream: true, toolChoice: "none", parallelToolCalls: false, responseFormat: SHAPE },
  ],
  [
    { temperature: null, maxTokens: null },
    { ...PLAIN, messages: IMAGES, stream: true, responseFormat: { type: "json_object" } },
  ],
  [{}, { ...PLAIN, system: "", messages: IMAGES, stream: false, responseFormat: { type: "json_object" } }],
  [
    { maxReasoningTokens: 2000, enableReasoner: true },
    { ...PLAIN, messages: thinking(() => ({})), stream: false, responseFormat: SHAPE },
  ],
];

const allAsked = ([kind, model]: readonly [ProviderKind, string]): readonly RecordedCase[] =>
  ASKED.map(([config, request]) => ({ kind, model, config, request }));

/** A tool whose schema has what OpenAI does not take. */
const ODD: ToolSchema = {
  name: "odd",
  description: "",
  parameters: {
    type: "object",
    $defs: { Side: { type: "string", pattern: "^(?!x)" }, "a/b": { type: "string", pattern: "[(?!]" } },
    properties: {
      propertyNames: { type: "object", propertyNames: { minLength: 1 }, additionalProperties: { type: "integer" } },
      side: { allOf: [{ $ref: "#/$defs/Side" }], description: "A side." },
      both: { allOf: [{ $ref: "#/$defs/Side" }, { type: "string" }] },
      list: { type: "array", items: { anyOf: [{ type: "null" }, { type: "string", pattern: "(?<=a)b" }] } },
      pairs: { type: "array", items: [{ type: "string", pattern: "a\\(?=b" }, { type: "null" }] },
    },
  },
};
const ROOTED = { ...SCHEMA, allOf: [{ $ref: "#/$defs/Root" }], $defs: { Root: { type: "object", title: "Root" } } };

/** What is asked of OpenAI's models beyond the others. */
const OPENAI_ASKED: readonly (readonly [string, Partial<LlmConfig>, ModelRequest])[] = [
  ["gpt-4o-mini", { strict: true }, { ...TOOLS, tools: [tool("roll"), ODD], messages: CALLS, stream: true }],
  [
    "gpt-4o",
    { verbosity: "low", strict: true },
    {
      ...PLAIN,
      messages: CALLS,
      stream: true,
      responseFormat: { ...SHAPE, jsonSchema: { strict: true, schema: ROOTED } },
    },
  ],
  [
    "gpt-4o",
    {},
    { ...PLAIN, messages: IMAGES, stream: true, responseFormat: { type: "json_schema", jsonSchema: SCHEMA } },
  ],
  [
    "gpt-4.1",
    {},
    {
      ...TOOLS,
      messages: thinking((words) => ({ id: `rs_${words}`, encrypted: words })),
      stream: true,
      responseFormat: { type: "text" },
    },
  ],
  ["gpt-oss-120b", { reasoningEffort: "low" }, { ...TOOLS, messages: CALLS, stream: true }],
];
/** A model of each kind that is asked in chat completions. */
const OPENAI_MODELS = ["gpt-4o-mini", "gpt-4o-search-preview", "gpt-5-chat-latest", "gpt-5.1-chat-latest", "gpt-6-sol"];

/** Every {@link RecordedCase}, in the order of the record. */
export const RECORDED_CASES: readonly RecordedCase[] = [
  ...FAMILIES.flatMap(allAsked),
  ...["deepseek-chat", "deepseek-v4-pro"].map(
    (model): RecordedCase => ({
      kind: "deepseek",
      model,
      config: {},
      request: { ...TOOLS, messages: thinking(() => ({})), stream: true },
    }),
  ),
  {
    kind: "openrouter",
    model: "anthropic/claude-sonnet-4.5",
    config: {},
    request: { ...TOOLS, messages: thinking(details), stream: true },
  },
  ...OPENAI_MODELS.flatMap((model) => allAsked(["openai", model])),
  ...OPENAI_ASKED.map(([model, config, request]): RecordedCase => ({ kind: "openai", model, config, request })),
];

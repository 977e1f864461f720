import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4ReasoningPart,
} from "@ai-sdk/provider";
import { isRecord, type Json, type JsonObject, parseJson } from "../../core/json.ts";
import type { Fetch } from "../../core/world.ts";
import type { ModelRequest } from "../model.ts";
import { baseUrlOf, type ProviderSettings, requestHeadersOf } from "../provider.ts";
import { RefusedAnswer } from "./embedding-call.ts";
import { responseFormatOf } from "./prompt.ts";

/** How a family writes chat completions where families differ. */
export interface ChatWords {
  /** What stands for the words of a reply that only calls tools. */
  readonly noWords: "" | null;
  /** In whose name the system speaks; its own when absent. */
  readonly system?: "developer";
  /** What the most tokens that an answer may have are called; `max_tokens` when absent. */
  readonly limit?: "max_completion_tokens";
  /** The schema of a tool as these servers take it; as it is when absent. */
  readonly schema?: (schema: JsonObject) => JsonObject;
  /** Whose words are always a list of parts; a text alone is a text otherwise. */
  readonly inParts?: "system" | "user";
  /** An image is its address; otherwise an object that holds it. */
  readonly bareImages?: boolean;
  /** The answers of tools repeat the tools' names. */
  readonly namesTools?: boolean;
  /** What means that some tool must be called; `required` when absent. */
  readonly mustCall?: string;
  /** Usage must be asked for when an answer is streamed. */
  readonly asksUsage?: boolean;
  /** What of a reply's thoughts goes back. `isOfThisTurn`: no person has spoken since. */
  readonly thoughts?: (parts: readonly LanguageModelV4ReasoningPart[], isOfThisTurn: boolean) => JsonObject;
}

/** What a family's own options to a chat completion are filed under, which go into its body as they are. */
export const CHAT_FIELDS = "chat";

/** The body of a request for a chat completion. */
export function chatBody(model: string, options: LanguageModelV4CallOptions, words: ChatWords): JsonObject {
  const { prompt, maxOutputTokens, temperature, frequencyPenalty, providerOptions } = options;
  const spokeLast = prompt.findLastIndex(({ role }) => role === "user");
  return {
    model,
    ...(maxOutputTokens !== undefined && { [words.limit ?? "max_tokens"]: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    messages: prompt.flatMap((message, place) => messagesOf(message, words, place > spokeLast)),
    ...toolFields(options, words),
    ...providerOptions?.[CHAT_FIELDS],
  };
}

function messagesOf(message: LanguageModelV4Message, words: ChatWords, isOfThisTurn: boolean): readonly JsonObject[] {
  switch (message.role) {
    case "system": {
      const { content } = message;
      const said = words.inParts === "system" ? [{ type: "text", text: content }] : content;
      return [{ role: words.system ?? "system", content: said }];
    }
    case "user":
      return [{ role: "user", content: saidBy(message.content, words) }];
    case "assistant":
      return [{ role: "assistant", ...reply(message.content, words, isOfThisTurn) }];
    default:
      return message.content.flatMap((answer) => (answer.type === "tool-result" ? [toolAnswer(answer, words)] : []));
  }
}

type Content<Role> = Extract<LanguageModelV4Message, { role: Role }>["content"];

function saidBy(parts: Content<"user">, words: ChatWords): Json {
  const [first] = parts;
  if (parts.length === 1 && first?.type === "text" && words.inParts !== "user") return first.text;
  return parts.map((part) => {
    if (part.type === "text") return { type: "text", text: part.text };
    // A prompt of ours holds no other data than this.
    const url = `data:${part.mediaType};base64,${part.data.type === "data" ? String(part.data.data) : ""}`;
    return { type: "image_url", image_url: words.bareImages === true ? url : { url } };
  });
}

function reply(parts: Content<"assistant">, words: ChatWords, isOfThisTurn: boolean): JsonObject {
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const thoughts = parts.filter((part) => part.type === "reasoning");
  const calls = parts.flatMap((part) => {
    if (part.type !== "tool-call") return [];
    const called = { name: part.toolName, arguments: argumentsOf(part.input) };
    return [{ id: part.toolCallId, type: "function", function: called }];
  });
  return {
    content: text === "" ? words.noWords : text,
    ...words.thoughts?.(thoughts, isOfThisTurn),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** The text of a call's arguments. The model's own goes back as it is if it can be read. */
function argumentsOf(input: unknown): string {
  if (typeof input !== "string") return JSON.stringify(input);
  return isRecord(parseJson(input)) ? input : "{}";
}

function toolAnswer(
  answer: Extract<Content<"tool">[number], { type: "tool-result" }>,
  { namesTools }: ChatWords,
): JsonObject {
  const { toolCallId, toolName, output } = answer;
  // The dialects of these families put answers into words.
  const content = output.type === "text" ? output.value : "";
  return { role: "tool", ...(namesTools === true && { name: toolName }), tool_call_id: toolCallId, content };
}

function toolFields({ tools, toolChoice }: LanguageModelV4CallOptions, { mustCall, schema }: ChatWords): JsonObject {
  if (tools === undefined || toolChoice === undefined) return {};
  const written = tools.flatMap((tool) => {
    if (tool.type !== "function") return [];
    const { name, description, inputSchema, strict } = tool;
    const parameters = schema?.(inputSchema) ?? inputSchema;
    const described = { name, ...(description !== undefined && { description }), parameters };
    return [{ type: "function", function: { ...described, ...(strict !== undefined && { strict }) } }];
  });
  const named = toolChoice.type === "required" ? (mustCall ?? "required") : toolChoice.type;
  const choice = toolChoice.type === "tool" ? { type: "function", function: { name: toolChoice.toolName } } : named;
  return { tools: written, tool_choice: choice };
}

/**
 * The field for the shape of answer that a request asks for. `strict` says whether its schema binds; undefined is for
 * servers that take no schema. `taken` makes of a schema what the servers take.
 */
export function shapeField(
  request: ModelRequest,
  strict: boolean | undefined,
  taken?: ChatWords["schema"],
): { response_format?: JsonObject } {
  const format = responseFormatOf(request.responseFormat);
  if (format?.type !== "json") return {};
  const { schema, name = "response", description } = format;
  if (schema === undefined || strict === undefined) return { response_format: { type: "json_object" } };
  const shape = { schema: taken?.(schema) ?? schema, strict, name, ...(description !== undefined && { description }) };
  return { response_format: { type: "json_schema", json_schema: shape } };
}

/** What a model that is asked in chat completions is made of. */
export interface ChatModelOptions {
  readonly settings: ProviderSettings;
  readonly model: string;
  readonly fetch: Fetch;
  readonly words: ChatWords;
  /** The call as the family means it, where its servers lack something; the call itself when absent. */
  readonly meant?: (options: LanguageModelV4CallOptions) => LanguageModelV4CallOptions;
}

/** A model in the packages' shape that sends chat completions. It gives no answer: whoever lent it `fetch` takes that. */
export function createChatModel({ settings, model, fetch, words, meant }: ChatModelOptions): LanguageModelV4 {
  async function send(options: LanguageModelV4CallOptions, more: JsonObject): Promise<never> {
    const body = { ...chatBody(model, meant?.(options) ?? options, words), ...more };
    const response = await fetch(`${baseUrlOf(settings)}/chat/completions`, {
      method: "POST",
      headers: { ...requestHeadersOf(settings), "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(options.abortSignal !== undefined && { signal: options.abortSignal }),
    });
    if (!response.ok) throw new RefusedAnswer(response, await response.text());
    throw new Error("Nobody took the answer");
  }

  const streamed = { stream: true, ...(words.asksUsage === true && { stream_options: { include_usage: true } }) };
  return {
    specificationVersion: "v4",
    provider: settings.kind,
    modelId: model,
    supportedUrls: {},
    doGenerate: (options) => send(options, {}),
    doStream: (options) => send(options, streamed),
  };
}

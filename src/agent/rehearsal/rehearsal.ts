import type { JsonObject } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import { type LlmConfig, type ModelInfo, UNSET } from "../../llm/config.ts";
import type { LanguageModel, ModelDelta, ModelReply, ModelRequest, ToolCall, Usage } from "../../llm/model.ts";
import type { BuiltInModel } from "../../llm/models.ts";
import { turnOf } from "./rehearsal-turn.ts";

const NAME = "rehearsal";
const PROVIDER = "selkie";
const HANDLE = `${PROVIDER}/${NAME}`;
const CONTEXT_TOKENS = 128_000;
const OUTPUT_TOKENS = 4_096;
/** About as many characters make a token. */
const CHARS_PER_TOKEN = 4;

/** The built-in model that needs no provider. Letta's clients know its kind as `openai`, the most general one. */
const REHEARSAL: ModelInfo = {
  config: {
    ...UNSET,
    model: NAME,
    modelEndpointType: "openai",
    modelEndpoint: null,
    providerName: PROVIDER,
    providerCategory: "base",
    contextWindow: CONTEXT_TOKENS,
    handle: HANDLE,
    temperature: 0,
    maxTokens: OUTPUT_TOKENS,
    enableReasoner: false,
  },
  providerType: "openai",
  maxContextWindow: CONTEXT_TOKENS,
};

/** Whether `config` means the rehearsal model. */
export function isRehearsal(config: LlmConfig): boolean {
  return config.handle === HANDLE || (config.providerName === PROVIDER && config.model === NAME);
}

/** A model of rules that keeps what people say about themselves and answers from it. It uses no network. */
export function createRehearsal({ random }: { readonly random: Random }): BuiltInModel {
  const model: LanguageModel = {
    async call(request, signal, hear) {
      signal.throwIfAborted();
      const turn = turnOf(request);
      const toolCalls = turn.calls.map(
        (call): ToolCall => ({
          id: `call_${random.uuid().replaceAll("-", "").slice(0, 24)}`,
          name: call.name,
          arguments: JSON.stringify(call.arguments),
        }),
      );
      for (const delta of deltasOf(turn.text, toolCalls, request.stream)) {
        signal.throwIfAborted();
        hear?.(delta);
      }
      return {
        reply: replyOf(request, turn.text, toolCalls),
        exchange: { request: () => payloadOf(request), response: () => null },
      };
    },
    preview: async (request) => payloadOf(request),
  };
  return { info: REHEARSAL, model, isMeantBy: isRehearsal };
}

/** What stands for a provider's request, where there is no provider. */
function payloadOf(request: ModelRequest): JsonObject {
  const { system, ...rest } = request;
  return { model: NAME, system, ...(rest as unknown as JsonObject) };
}

function* deltasOf(text: string, toolCalls: readonly ToolCall[], inPieces: boolean): Generator<ModelDelta> {
  for (const piece of piecesOf(text, inPieces)) yield { type: "text_delta", text: piece };
  for (const { id, name, arguments: args } of toolCalls) {
    yield { type: "tool_call_start", id, name };
    for (const piece of piecesOf(args, inPieces)) yield { type: "tool_call_delta", id, text: piece };
  }
}

/** Word by word, or all at once. */
function piecesOf(text: string, inPieces: boolean): readonly string[] {
  if (text === "") return [];
  return inPieces ? (text.match(/\s*\S+\s*?(?=\s|$)|\s+/g) ?? [text]) : [text];
}

function replyOf(request: ModelRequest, text: string, toolCalls: readonly ToolCall[]): ModelReply {
  return {
    parts: text === "" ? [] : [{ type: "text", text }],
    toolCalls,
    finishReason: toolCalls.length > 0 ? "tool_calls" : "stop",
    usage: usageOf(request, text, toolCalls),
  };
}

/** No model counted, so these are estimates. */
function usageOf(request: ModelRequest, text: string, toolCalls: readonly ToolCall[]): Usage {
  const said = text.length + toolCalls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  const heard = request.messages.reduce((sum, message) => sum + charsOf(message), request.system.length);
  const promptTokens = Math.ceil(heard / CHARS_PER_TOKEN);
  const completionTokens = Math.ceil(said / CHARS_PER_TOKEN);
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
  };
}

function charsOf(message: ModelRequest["messages"][number]): number {
  switch (message.role) {
    case "system":
      return message.text.length;
    case "tool":
      return message.answers.flatMap((answer) => answer.parts).reduce((sum, part) => sum + partChars(part), 0);
    default:
      return message.parts.reduce((sum, part) => sum + partChars(part), 0);
  }
}

function partChars(part: { readonly type: string; readonly text?: string }): number {
  return part.text?.length ?? 0;
}

import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from "@ai-sdk/provider";
import { StreamingToolCallTracker } from "@ai-sdk/provider-utils";
import { isRecord, parseJson } from "../core/json.ts";

/** Reads the chunks of a streamed chat completion. */
export interface ChatChunks {
  /** Takes the data of one event. Throws what an error in place of a chunk holds. */
  take(data: string): void;
  /** Ends the answer. */
  end(): void;
}

/** Turns chunks of OpenAI's chat completions, as its many imitators write them too, into parts for `emit`. */
export function createChatChunks(emit: (part: LanguageModelV4StreamPart) => void): ChatChunks {
  const calls = createCallDeltas(emit);
  let reason: string | undefined;
  let usage: unknown;
  let hasRefusal = false;

  const say = (type: "text-delta" | "reasoning-delta", delta: unknown): boolean => {
    if (typeof delta !== "string" || delta === "") return false;
    emit({ type, id: type, delta });
    return true;
  };

  /** A content's part, as Mistral's models write it. */
  function takePart(part: unknown): void {
    if (!isRecord(part)) return;
    if (part["type"] === "text") say("text-delta", part["text"]);
    else if (part["type"] === "thinking") say("reasoning-delta", thinkingOf(part["thinking"]));
  }

  function takeDelta(delta: Readonly<Record<string, unknown>>): void {
    const { content, tool_calls: pieces } = delta;
    say("reasoning-delta", delta["reasoning_content"] ?? delta["reasoning"]);
    if (!say("text-delta", content) && Array.isArray(content)) content.forEach(takePart);
    // A refusal comes in place of content, or after some.
    if (say("text-delta", delta["refusal"])) hasRefusal = true;
    if (Array.isArray(pieces)) pieces.forEach(calls.take);
  }

  return {
    take(data) {
      if (data === DONE) return;
      const chunk = chunkOf(data);
      if (isRecord(chunk.usage)) usage = chunk.usage;
      const [choice] = chunk.choices;
      if (!isRecord(choice)) return;
      if (typeof choice["finish_reason"] === "string") reason = choice["finish_reason"];
      if (isRecord(choice["delta"])) takeDelta(choice["delta"]);
    },
    end() {
      calls.end();
      emit({ type: "finish", finishReason: finishReasonOf(reason, hasRefusal), usage: usageOf(usage) });
    },
  };
}

const DONE = "[DONE]";
/** How much of what is no chunk is told. */
const SHOWN_CHARS_MAX = 500;

interface Chunk {
  readonly choices: readonly unknown[];
  readonly usage: unknown;
}

function chunkOf(data: string): Chunk {
  const value = parseJson(data);
  const error = isRecord(value) ? value["error"] : undefined;
  if (typeof error === "string") throw new Error(error);
  if (error !== undefined && error !== null) throw error;
  const choices = isRecord(value) ? value["choices"] : undefined;
  if (!isRecord(value) || !Array.isArray(choices))
    throw new Error(`The answer holds what is no chunk of one: ${data.slice(0, SHOWN_CHARS_MAX)}`);
  return { choices, usage: value["usage"] };
}

function thinkingOf(thinking: unknown): string {
  if (!Array.isArray(thinking)) return "";
  return thinking.map((part) => (isRecord(part) && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

/**
 * Pieces of tool calls. Which piece belongs to which call, where servers leave out ids or indices or repeat them, the
 * packages' own tracker knows; it asks only that a call's name comes first, which not every server does.
 */
function createCallDeltas(emit: (part: LanguageModelV4StreamPart) => void) {
  const tracker = new StreamingToolCallTracker({ enqueue: (part) => part !== undefined && emit(part) });
  const nameless = new Map<number, { id: string | null; text: string }>();
  const named = new Set<number>();

  return {
    take(piece: unknown) {
      const delta = callDelta(piece);
      if (delta === undefined) return;
      const { index, id, name, text } = delta;
      if (index === null || named.has(index)) {
        tracker.processDelta({ index, id, function: { name, arguments: text } });
        return;
      }
      const held = nameless.get(index) ?? { id: null, text: "" };
      held.id ??= id;
      held.text += text ?? "";
      nameless.set(index, held);
      if (name === null) return;
      tracker.processDelta({ index, id: held.id, function: { name, arguments: held.text } });
      nameless.delete(index);
      named.add(index);
    },
    end() {
      // The tracker throws on what never got a name.
      for (const [index, { id, text }] of nameless) tracker.processDelta({ index, id, function: { arguments: text } });
      nameless.clear();
      tracker.flush();
    },
  };
}

function callDelta(piece: unknown) {
  if (!isRecord(piece)) return undefined;
  const called = isRecord(piece["function"]) ? piece["function"] : {};
  const { index } = piece;
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    index: typeof index === "number" ? index : null,
    id: text(piece["id"]),
    name: text(called["name"]),
    text: text(called["arguments"]),
  };
}

const FINISH_REASONS: Readonly<Record<string, LanguageModelV4FinishReason["unified"]>> = {
  stop: "stop",
  length: "length",
  content_filter: "content-filter",
  function_call: "tool-calls",
  tool_calls: "tool-calls",
};

function finishReasonOf(raw: string | undefined, hasRefusal: boolean): LanguageModelV4FinishReason {
  const unified = (raw === undefined ? undefined : FINISH_REASONS[raw]) ?? "other";
  return { unified: unified === "stop" && hasRefusal ? "content-filter" : unified, raw };
}

function usageOf(usage: unknown): LanguageModelV4Usage {
  if (!isRecord(usage)) return NO_USAGE;
  const prompt = isRecord(usage["prompt_tokens_details"]) ? usage["prompt_tokens_details"] : {};
  const completion = isRecord(usage["completion_tokens_details"]) ? usage["completion_tokens_details"] : {};
  const total = numberOf(usage["completion_tokens"]) ?? 0;
  const reasoning = numberOf(completion["reasoning_tokens"]) ?? 0;
  // DeepSeek has a word of its own for what was cached.
  const cacheRead = numberOf(prompt["cached_tokens"]) ?? numberOf(usage["prompt_cache_hit_tokens"]) ?? 0;
  return {
    inputTokens: {
      total: numberOf(usage["prompt_tokens"]) ?? 0,
      noCache: undefined,
      cacheRead,
      cacheWrite: numberOf(prompt["cache_write_tokens"]),
    },
    outputTokens: { total, text: Math.max(0, total - reasoning), reasoning },
  };
}

const NO_USAGE: LanguageModelV4Usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

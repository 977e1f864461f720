import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from "@ai-sdk/provider";
import { isRecord, parseJson } from "../../core/json.ts";
import { Declined, throwErrorIn } from "../answer-error.ts";
import { createChatCalls } from "../chat-calls.ts";
import { createReasoningDetails } from "../reasoning-details.ts";
import { createThinkTags } from "../think-tags.ts";

/** A piece of an answer: the packages' own kinds, and one that makes all text of an id before it a thought. */
export type AnswerPart = LanguageModelV4StreamPart | { readonly type: "text-was-reasoning"; readonly id: string };

/** Reads a chat completion, in chunks or as a whole. */
export interface ChatChunks {
  /** Takes the data of one event. Throws what an error in place of a chunk holds. */
  take(data: string): void;
  /** Takes a whole answer. */
  takeWhole(body: string): void;
  /** How far the answer is: `ended` by the mark at its end, or `finished` by its reason, after which usage may come. */
  readonly state: "open" | "finished" | "ended";
  /** Ends the answer. Throws when it has broken off. */
  end(): void;
  /** Whether the model's thoughts began without a tag; undefined where the answer did not show it. */
  readonly isUnopened: boolean | undefined;
}

/** The mark at the end of a stream. */
const DONE = "[DONE]";
/** How much of what is no chunk is told. */
const SHOWN_CHARS_MAX = 500;

/**
 * Turns chunks of OpenAI's chat completions, as its many imitators write them too, into parts for `emit`. What is no
 * chunk is passed over. A whole answer is a chunk that says everything. `mayBeUnopened`: see {@link createThinkTags}.
 */
export function createChatChunks(emit: Emit, mayBeUnopened = false): ChatChunks {
  return new Chunks(emit, mayBeUnopened);
}

type Emit = (part: AnswerPart) => void;

class Chunks implements ChatChunks {
  readonly #emit: Emit;
  readonly #calls: ReturnType<typeof createChatCalls>;
  readonly #tags: ReturnType<typeof createThinkTags>;
  readonly #details = createReasoningDetails();
  #reason: string | undefined;
  #usage: unknown;
  /** The first of what came that was no chunk, for a person who has to find out why nothing else did. */
  #stray: string | undefined;
  /** In what words the model declined to answer. */
  #refusal = "";
  #hasText = false;
  #isDone = false;
  #hasDelta = false;
  #hasChoice = false;

  constructor(emit: Emit, mayBeUnopened: boolean) {
    this.#emit = emit;
    this.#calls = createChatCalls(emit);
    const takeBack = (): void => emit({ type: "text-was-reasoning", id: TEXT });
    this.#tags = createThinkTags({ say: (type, text) => this.#say(type, text), takeBack }, mayBeUnopened);
  }

  get state() {
    if (this.#isDone) return "ended";
    return this.#reason === undefined ? "open" : "finished";
  }

  get isUnopened() {
    return this.#tags.isUnopened;
  }

  take(data: string): void {
    if (data.trim() === DONE) {
      this.#isDone = true;
      return;
    }
    const chunk = parseJson(data);
    if (isRecord(chunk)) this.#takeChunk(chunk, data);
    else this.#passOver(data);
  }

  #takeChunk(chunk: Readonly<Record<string, unknown>>, data: string): void {
    throwErrorIn(chunk);
    const usage = usageIn(chunk);
    if (usage !== undefined) this.#usage = usage;
    const choice = Array.isArray(chunk["choices"]) ? chunk["choices"][0] : undefined;
    if (isRecord(choice)) this.#takeChoice(choice);
    else if (isRecord(chunk["message"]) || chunk["done"] === true) this.#takeOllama(chunk);
    else if (usage === undefined) this.#passOver(data);
  }

  /** A chunk of Ollama's own protocol; each of its calls is whole. */
  #takeOllama(chunk: Readonly<Record<string, unknown>>): void {
    this.#hasChoice = true;
    const { message } = chunk;
    if (isRecord(message)) this.#takeDelta({ ...message, reasoning_content: message["thinking"] });
    if (chunk["done"] !== true) return;
    this.#isDone = true;
    if (typeof chunk["done_reason"] === "string") this.#reason = chunk["done_reason"];
    this.#usage = { prompt_tokens: chunk["prompt_eval_count"], completion_tokens: chunk["eval_count"] };
  }

  takeWhole(body: string): void {
    this.take(body);
    if (this.#hasChoice) this.#isDone = true;
  }

  /** Words of another kind are passed over. Half a chunk is not, while it may have held some of the answer. */
  #passOver(data: string): void {
    const isCut = data.trimStart().startsWith("{") && parseJson(data) === undefined;
    if (isCut && this.state === "open")
      throw new Error(`The answer holds half a chunk: ${data.slice(0, SHOWN_CHARS_MAX)}`);
    if (data.trim() !== "" && data.trim() !== "null") this.#stray ??= data.slice(0, SHOWN_CHARS_MAX);
  }

  #takeChoice(choice: Readonly<Record<string, unknown>>): void {
    throwErrorIn(choice);
    this.#hasChoice = true;
    const { delta, message, finish_reason: reason } = choice;
    if (isRecord(delta)) {
      this.#hasDelta = true;
      this.#takeDelta(delta);
    } else if (isRecord(message) && !this.#hasDelta) {
      // A whole answer, or a piece under its name. After pieces it says them once more.
      this.#takeDelta({ ...message, tool_calls: numbered(message["tool_calls"]) });
    }
    if (typeof reason === "string" && reason !== "") this.#reason = reason;
  }

  end(): void {
    const calls = this.#calls;
    if (this.#reason === undefined && !(this.#isDone && calls.areWhole())) {
      const came = this.#stray === undefined ? "" : `; what came holds no chunk of one: ${this.#stray}`;
      throw new Error(`The answer broke off before its end${came}`);
    }
    this.#tags.end();
    const details = this.#details.metadata();
    if (details !== undefined) this.#emit({ type: "reasoning-end", id: REASONING, providerMetadata: details });
    if (this.#refusal !== "" && !this.#hasText) throw new Declined(this.#refusal);
    // What was said before stays, with the words that end it.
    this.#say("text-delta", this.#refusal);
    calls.end();
    const finishReason = finishReasonOf(this.#refusal === "" ? this.#reason : "refusal");
    this.#emit({ type: "finish", finishReason, usage: usageOf(this.#usage) });
  }

  #say(type: "text-delta" | "reasoning-delta", text: string): void {
    this.#hasText ||= type === "text-delta" && text.trim() !== "";
    if (text !== "") this.#emit({ type, id: type === "text-delta" ? TEXT : REASONING, delta: text });
  }

  #takeDelta(delta: Readonly<Record<string, unknown>>): void {
    const { content, refusal, tool_calls: pieces, function_call: piece } = delta;
    const thought = this.#details.take(delta["reasoning_details"]) ?? delta["reasoning_content"] ?? delta["reasoning"];
    if (typeof thought === "string" && thought !== "") {
      this.#tags.expectNone();
      this.#say("reasoning-delta", thought);
    }
    if (typeof content === "string") this.#tags.take(content);
    else if (Array.isArray(content)) for (const part of content) this.#takePart(part);
    if (typeof refusal === "string") this.#refusal += refusal;
    if (Array.isArray(pieces)) for (const part of pieces) this.#calls.take(part);
    else if (isRecord(piece)) this.#calls.take({ index: 0, function: piece });
  }

  /** A content's part, as Mistral's models write it. */
  #takePart(part: unknown): void {
    if (typeof part === "string") this.#tags.take(part);
    if (!isRecord(part)) return;
    if (part["type"] === "thinking") this.#say("reasoning-delta", thinkingOf(part["thinking"]));
    else if (typeof part["text"] === "string") this.#tags.take(part["text"]);
  }
}

/** In a whole answer each entry is a call, whatever its id. */
function numbered(calls: unknown): unknown {
  return Array.isArray(calls) ? calls.map((call, index) => (isRecord(call) ? { ...call, index } : call)) : calls;
}

const TEXT = "text";
const REASONING = "reasoning";

function usageIn(chunk: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  // Groq tells it in a place of its own.
  const own = isRecord(chunk["x_groq"]) ? chunk["x_groq"]["usage"] : undefined;
  const usage = chunk["usage"] ?? own;
  return isRecord(usage) ? usage : undefined;
}

function thinkingOf(thinking: unknown): string {
  if (typeof thinking === "string") return thinking;
  if (!Array.isArray(thinking)) return "";
  return thinking.map((part) => (isRecord(part) && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

const FINISH_REASONS: Readonly<Record<string, LanguageModelV4FinishReason["unified"]>> = {
  stop: "stop",
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  length: "length",
  model_length: "length",
  max_tokens: "length",
  content_filter: "content-filter",
  safety: "content-filter",
  refusal: "content-filter",
  function_call: "tool-calls",
  tool_calls: "tool-calls",
  tool_use: "tool-calls",
  error: "error",
};

/** An answer that its mark alone ended is whole. */
function finishReasonOf(raw: string | undefined): LanguageModelV4FinishReason {
  if (raw === undefined) return { unified: "stop", raw: DONE };
  return { unified: FINISH_REASONS[raw.toLowerCase()] ?? "other", raw };
}

function usageOf(usage: unknown): LanguageModelV4Usage {
  if (!isRecord(usage)) return NO_USAGE;
  const prompt = isRecord(usage["prompt_tokens_details"]) ? usage["prompt_tokens_details"] : {};
  const completion = isRecord(usage["completion_tokens_details"]) ? usage["completion_tokens_details"] : {};
  // DeepSeek has a word of its own for what was cached.
  const cacheRead = numberOf(prompt["cached_tokens"]) ?? numberOf(usage["prompt_cache_hit_tokens"]) ?? 0;
  return {
    inputTokens: {
      total: numberOf(usage["prompt_tokens"]),
      noCache: undefined,
      cacheRead,
      cacheWrite: numberOf(prompt["cache_write_tokens"]),
    },
    outputTokens: {
      total: numberOf(usage["completion_tokens"]),
      text: undefined,
      reasoning: numberOf(completion["reasoning_tokens"]) ?? 0,
    },
  };
}

const NO_USAGE: LanguageModelV4Usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

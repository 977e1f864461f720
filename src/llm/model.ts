import type { JsonObject } from "../core/json.ts";

/** A piece of what a person or a tool sends to a model. */
export type InputPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly mediaType: string; readonly data: string };

/**
 * Reasoning as the provider gave it. `signature` and `encrypted` must go back unchanged to the providers that
 * need them (Anthropic signatures, OpenAI encrypted reasoning); `id` is the provider's own name for the item.
 */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly text: string;
  readonly signature?: string;
  readonly encrypted?: string;
  readonly redacted?: string;
  readonly id?: string;
}

/** A tool call as the model wrote it: `arguments` is the raw JSON text, which may not parse. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A piece of what a model answered. */
export type OutputPart = { readonly type: "text"; readonly text: string } | ReasoningPart;

/** The answer to one tool call. */
export interface ToolAnswer {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly parts: readonly InputPart[];
  readonly isError: boolean;
}

/** One entry of the conversation that a model is given. */
export type ModelMessage =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly parts: readonly InputPart[] }
  | { readonly role: "assistant"; readonly parts: readonly OutputPart[]; readonly toolCalls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly answers: readonly ToolAnswer[] };

/** A tool as the model sees it. `parameters` is a JSON Schema of type object. */
export interface ToolSchema {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
}

/** Which tool the model must call, if any. */
export type ToolChoice = "auto" | "none" | "required" | { readonly tool: string };

/** One call of a model. */
export interface ModelRequest {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolSchema[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  /** Ask the provider for tokens as they come; without it the events arrive all at once, for less work. */
  readonly stream: boolean;
  /** A JSON Schema the answer must follow, or only "json" for any JSON object. */
  readonly responseFormat?: ResponseFormat;
}

/** The shape of answer asked of the model, in Letta's three kinds. */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | { readonly type: "json_schema"; readonly jsonSchema: JsonObject };

/** Tokens one call used. `null` where the provider does not report a number. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedInputTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
}

/** Why a model stopped. `filtered`: the provider cut the answer off; `other` covers what providers invent. */
export type FinishReason = "stop" | "length" | "tool_calls" | "filtered" | "other";

/** A whole answer. */
export interface ModelReply {
  readonly parts: readonly OutputPart[];
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  /** Null where the provider says nothing of it, or its answer broke off after its last word and before that. */
  readonly usage: Usage | null;
}

/** What went to a provider and came back, in its own words, for the few who ask. `response` is null when it came in pieces. */
export interface Exchange {
  request(): unknown;
  response(): unknown;
}

/** What a model says, piece by piece. Deltas of one tool call share its id and follow its `tool_call_start`. */
export type ModelDelta =
  | { readonly type: "text_delta"; readonly text: string }
  /**
   * A signature comes with the last piece of the thought that it is for. One that takes back holds once more all text
   * that came before it, which was thought: it was known too late.
   */
  | {
      readonly type: "reasoning_delta";
      readonly text: string;
      readonly signature?: string;
      readonly takesBack?: boolean;
    }
  | { readonly type: "tool_call_start"; readonly id: string; readonly name: string }
  | { readonly type: "tool_call_delta"; readonly id: string; readonly text: string };

/** Takes pieces as they come, in order. It never waits, and must not throw. */
export type Hear = (delta: ModelDelta) => void;

/** A whole answer, and how it came about where the model can tell. */
export interface ModelAnswer {
  readonly reply: ModelReply;
  readonly exchange?: Exchange;
  /** Tries before it that failed and which the provider may charge; none when absent. */
  readonly lostTries?: number;
}

/**
 * One model, ready to be called by many at once. It keeps nothing between calls: all that it knows of a conversation is in
 * the request. Limits of time are in milliseconds, and its own; sizes are tokens as the provider counts them.
 */
export interface LanguageModel {
  /**
   * Calls the model once, and again after failures that may pass, as long as nothing was heard. `hear` is told everything
   * that the answer repeats, before it. Throws a `ModelFailure` for whatever the provider did wrong, within the time limits
   * of the provider, or the signal's reason when `signal` aborts. What was heard before it threw is all that there is.
   */
  call(request: ModelRequest, signal: AbortSignal, hear?: Hear): Promise<ModelAnswer>;
  /** What {@link call} would send to the provider, in its own words. Sends nothing, and throws what {@link call} throws before it sends. */
  preview(request: ModelRequest): Promise<JsonObject>;
}

import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { ModelAnswer, ModelReply } from "../model.ts";
import type { AnswerPart } from "./chat-chunks.ts";
import type { Deadline } from "./deadline.ts";
import type { OpenParts } from "./part-stream.ts";
import { type FailedProvider, failureOf } from "./provider-error.ts";
import type { ReplyGatherer } from "./reply.ts";

/** What an attempt works with. */
export interface AttemptOptions {
  readonly model: LanguageModelV4;
  readonly callOptions: LanguageModelV4CallOptions;
  readonly gatherer: ReplyGatherer;
  readonly deadline: Deadline;
  readonly provider: FailedProvider;
  /** The longest silence between two pieces. */
  readonly quietMs: number;
  /** The longest wait for the first piece once the provider has begun to answer; as before that when absent. */
  readonly firstQuietMs?: number;
}

/** One try at a call whose answer comes as a whole. */
export async function wholeAttempt(options: AttemptOptions): Promise<ModelAnswer> {
  const { model, callOptions, gatherer, deadline } = options;
  const result = await deadline.race(model.doGenerate(callOptions));
  deadline.disarm();
  for (const part of result.content) gatherer.takeWhole(part);
  const reply = checked(options, gatherer.finish(result.finishReason, result.usage), result.finishReason.raw);
  return { reply, exchange: { request: () => result.request?.body, response: () => result.response?.body } };
}

/** One try at a call whose answer is read in pieces, as `open` brings them. */
export async function streamedAttempt(options: AttemptOptions, open: OpenParts): Promise<ModelAnswer> {
  const { model, callOptions, gatherer, deadline, provider } = options;
  const stream = await deadline.race(open(model, callOptions));
  if (options.firstQuietMs !== undefined) deadline.arm("first", options.firstQuietMs);
  const stop = (): void => stream.cancel();
  // A cancelled reader ends its pending read at once, also where the package does not heed the signal.
  deadline.signal.addEventListener("abort", stop, { once: true });
  let reply: ModelReply | undefined;

  function take(part: AnswerPart): void {
    if (part.type === "finish") reply = replyOf(options, part);
    else gatherer.take(part);
  }

  try {
    while (reply === undefined) {
      if (gatherer.said) deadline.arm("idle", options.quietMs);
      const hasMore = await stream.read(take);
      if (deadline.signal.aborted) throw deadline.signal.reason;
      // A sign of life, though nothing was said: a model of one's own may read a long prompt for minutes.
      deadline.prolong();
      if (!hasMore && reply === undefined) throw failureOf({ type: "llm_error", what: BROKEN_OFF }, provider);
    }
    deadline.disarm();
    return { reply, exchange: { request: stream.request, response: stream.response } };
  } finally {
    deadline.signal.removeEventListener("abort", stop);
    stop();
  }
}

function replyOf(options: AttemptOptions, { finishReason, usage }: LanguageModelV4StreamPart & { type: "finish" }) {
  // The packages end a stream that broke off like any other, but without the provider's own reason.
  const { unified, raw } = finishReason;
  const isUntold = raw === undefined && (unified === "other" || unified === "interrupted");
  if (isUntold || unified === "error") throw failureOf({ type: "llm_error", what: BROKEN_OFF }, options.provider);
  return checked(options, options.gatherer.finish(finishReason, usage), raw);
}

/** How Bedrock and Gemini say that a model's call, or anything else of it, could not be read. */
const MALFORMED = /^malformed_/i;

const BROKEN_OFF = "The answer broke off before its end";

/**
 * A reply with nothing in it is a failure, unless the model only had to take note of a tool's answer. One that was
 * filtered is none at all when it holds no words but thoughts, or calls: they may be cut.
 */
function checked(
  { gatherer, callOptions, provider }: AttemptOptions,
  reply: ModelReply,
  raw: string | undefined,
): ModelReply {
  if (MALFORMED.test(raw ?? ""))
    throw failureOf({ type: "llm_error", what: `The model wrote what cannot be read (${raw})` }, provider);
  const isWords = reply.toolCalls.length === 0 && reply.parts.some(({ type }) => type === "text");
  if (reply.finishReason === "filtered" && !isWords)
    throw failureOf({ type: "llm_refusal", what: `It declined to answer (${raw ?? "no reason given"})` }, provider);
  const takesNote = callOptions.prompt.at(-1)?.role === "tool" && reply.finishReason === "stop";
  if (gatherer.said || takesNote || reply.finishReason === "length") return reply;
  throw failureOf({ type: "llm_empty_response", what: `No content, finish reason ${reply.finishReason}` }, provider);
}

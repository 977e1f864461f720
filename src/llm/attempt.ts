import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { Deadline } from "./deadline.ts";
import type { ModelEvent, ModelReply } from "./model.ts";
import type { OpenParts } from "./part-stream.ts";
import { type FailedProvider, failureOf } from "./provider-error.ts";
import type { ReplyGatherer } from "./reply.ts";

/** One try at a call. */
export interface Attempt {
  /** Events not yet passed on. The reader empties it. */
  readonly pending: ModelEvent[];
  /** Waits for the next events; false when the reply has been given and nothing more comes. */
  next(): Promise<boolean>;
  /** Stops whatever still runs. */
  close(): void;
}

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

/** An attempt whose answer comes as a whole. */
export async function wholeAttempt(options: AttemptOptions): Promise<Attempt> {
  const { model, callOptions, gatherer, deadline } = options;
  const result = await deadline.race(model.doGenerate(callOptions));
  deadline.disarm();
  for (const part of result.content) gatherer.takeWhole(part);
  const reply = checked(options, gatherer.finish(result.finishReason, result.usage));
  const exchange = { request: () => result.request?.body, response: () => result.response?.body };
  gatherer.pending.push({ type: "reply", reply, exchange });
  return { pending: gatherer.pending, next: async () => false, close: () => undefined };
}

/** An attempt whose answer comes in pieces, as `open` reads them. */
export async function streamedAttempt(options: AttemptOptions, open: OpenParts): Promise<Attempt> {
  const { model, callOptions, gatherer, deadline, provider } = options;
  const stream = await deadline.race(open(model, callOptions));
  if (options.firstQuietMs !== undefined) deadline.arm("first", options.firstQuietMs);
  const stop = (): void => stream.cancel();
  // A cancelled reader ends its pending read at once, also where the package does not heed the signal.
  deadline.signal.addEventListener("abort", stop, { once: true });
  let ended = false;
  let failure: unknown;

  function take(part: LanguageModelV4StreamPart): void {
    if (part.type !== "finish") {
      gatherer.take(part);
      return;
    }
    ended = true;
    // The packages end a stream that broke off like any other, but without the provider's own reason.
    const { unified, raw } = part.finishReason;
    if (raw === undefined && (unified === "other" || unified === "interrupted" || unified === "error"))
      throw failureOf("llm_error", BROKEN_OFF, provider);
    const reply = checked(options, gatherer.finish(part.finishReason, part.usage));
    const exchange = { request: stream.request, response: () => null };
    gatherer.pending.push({ type: "reply", reply, exchange });
  }

  function takeAll(parts: readonly LanguageModelV4StreamPart[]): void {
    try {
      for (const part of parts) take(part);
    } catch (error) {
      if (gatherer.pending.length === 0) throw error;
      // What was said before it is heard first.
      failure = error;
    }
  }

  return {
    pending: gatherer.pending,
    async next() {
      while (!ended && gatherer.pending.length === 0) {
        if (failure !== undefined) throw failure;
        if (gatherer.said) deadline.arm("idle", options.quietMs);
        const parts = await stream.read();
        if (deadline.signal.aborted) throw deadline.signal.reason;
        if (parts === undefined) throw failureOf("llm_error", BROKEN_OFF, provider);
        takeAll(parts);
      }
      deadline.disarm();
      return gatherer.pending.length > 0;
    },
    close() {
      deadline.signal.removeEventListener("abort", stop);
      stop();
    },
  };
}

const BROKEN_OFF = "The answer broke off before its end";

/** A reply with nothing in it is a failure, unless the model only had to take note of a tool's answer. */
function checked({ gatherer, callOptions, provider }: AttemptOptions, reply: ModelReply): ModelReply {
  const takesNote = callOptions.prompt.at(-1)?.role === "tool" && reply.finishReason === "stop";
  if (gatherer.said || takesNote || reply.finishReason === "length") return reply;
  throw failureOf("llm_empty_response", `No content, finish reason ${reply.finishReason}`, provider);
}

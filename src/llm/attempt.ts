import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { Deadline } from "./deadline.ts";
import type { ModelEvent, ModelReply } from "./model.ts";
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
  const exchange = { request: result.request?.body, response: result.response?.body };
  gatherer.pending.push({ type: "reply", reply, exchange });
  return { pending: gatherer.pending, next: async () => false, close: () => undefined };
}

/** An attempt whose answer comes in pieces. */
export async function streamedAttempt(options: AttemptOptions): Promise<Attempt> {
  const { model, callOptions, gatherer, deadline, provider } = options;
  const { stream, request } = await deadline.race(model.doStream(callOptions));
  if (options.firstQuietMs !== undefined) deadline.arm("first", options.firstQuietMs);
  const reader = stream.getReader();
  const stop = (): void => {
    reader.cancel().catch(() => undefined);
  };
  // A cancelled reader ends its pending read at once, also where the package does not heed the signal.
  deadline.signal.addEventListener("abort", stop, { once: true });
  let ended = false;

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
    gatherer.pending.push({ type: "reply", reply, exchange: { request: request?.body, response: null } });
  }

  return {
    pending: gatherer.pending,
    async next() {
      while (!ended && gatherer.pending.length === 0) {
        if (gatherer.said) deadline.arm("idle", options.quietMs);
        const { done, value } = await reader.read();
        deadline.signal.throwIfAborted();
        if (done) throw failureOf("llm_error", BROKEN_OFF, provider);
        take(value);
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

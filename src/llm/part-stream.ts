import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { Fetch } from "../core/world.ts";
import { createEventStream } from "./event-stream.ts";
import { ANSWER_BYTES_MAX } from "./guarded-fetch.ts";

/** An answer in pieces, as they arrive. */
export interface PartStream {
  /** What was sent for it. */
  request(): unknown;
  /** Waits for the next pieces and gives them to `take`; false when there are no more. */
  read(take: Take): Promise<boolean>;
  cancel(): void;
}

/** Takes one piece. What it throws, `read` throws. */
type Take = (part: LanguageModelV4StreamPart) => void;

/** Begins to ask a model for an answer in pieces. */
export type OpenParts = (model: LanguageModelV4, options: LanguageModelV4CallOptions) => Promise<PartStream>;

/** The pieces as the package itself reads them. */
export const openPackageParts: OpenParts = async (model, options) => {
  const { stream, request } = await model.doStream(options);
  const reader = stream.getReader();
  return {
    request: () => request?.body,
    async read(take) {
      const { done, value } = await reader.read();
      if (!done) take(value);
      return !done;
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
};

/** Reads chat completions for the packages: they send the requests and explain failures, but see no stream. */
export interface ChatTap {
  /** Give the package this one. */
  readonly fetch: Fetch;
  readonly open: OpenParts;
}

/**
 * A tap on `fetch`. A package takes each chunk through a pipeline of streams and checks every field of it; reading the
 * bytes ourselves costs a quarter.
 */
export function createChatTap(fetch: Fetch): ChatTap {
  /** Calls under way by their signals, the one thing that a package passes on unchanged, with what was answered. */
  const answers = new Map<AbortSignal, Tapped | undefined>();
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      const signal = init?.signal;
      if (!response.ok || !signal || !answers.has(signal)) return response;
      answers.set(signal, { response, sent: init.body });
      throw TAKEN;
    },
    async open(model, options) {
      const signal = options.abortSignal ?? new AbortController().signal;
      answers.set(signal, undefined);
      try {
        await model.doStream({ ...options, abortSignal: signal });
      } catch (error) {
        const tapped = answers.get(signal);
        if (tapped === undefined) throw error;
        return chatParts(tapped);
      } finally {
        answers.delete(signal);
      }
      throw new Error("The package took no answer");
    },
  };
}

/** Tells a package that it gets no answer, so that it sets nothing up for one. */
const TAKEN = new Error("The answer is read without the package");

/** An answer, and what was sent for it. */
interface Tapped {
  readonly response: Response;
  readonly sent: unknown;
}

let loading: Promise<typeof import("./chat-chunks.ts")> | undefined;

/** What reads chunks: loaded with the first package, which needs most of it too. */
function loadChunks(): Promise<typeof import("./chat-chunks.ts")> {
  loading ??= import("./chat-chunks.ts");
  return loading;
}

async function chatParts({ response, sent }: Tapped): Promise<PartStream> {
  const { createChatChunks } = await loadChunks();
  const reader = response.body?.getReader();
  const events = createEventStream();
  let takePart: Take = () => undefined;
  const chunks = createChatChunks((part) => takePart(part));
  let bytesLeft = ANSWER_BYTES_MAX;
  return {
    request: () => sent,
    async read(take) {
      const next = await reader?.read();
      takePart = take;
      if (next?.value === undefined) {
        chunks.end();
        return false;
      }
      bytesLeft -= next.value.length;
      if (bytesLeft < 0) throw new Error(`The answer is longer than ${ANSWER_BYTES_MAX} bytes`);
      for (const data of events.take(next.value)) chunks.take(data);
      return true;
    },
    cancel: () => void reader?.cancel().catch(() => undefined),
  };
}

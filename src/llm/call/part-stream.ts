import type { LanguageModelV4, LanguageModelV4CallOptions } from "@ai-sdk/provider";
import type { Clock } from "../../core/clock.ts";
import { parseJson } from "../../core/json.ts";
import type { Fetch } from "../../core/world.ts";
import { answerBody } from "../body-reader.ts";
import { type Bodies, regularAnswer, wholeText } from "../regular-answer.ts";
import { type AnswerPart, type ChatChunks, createChatChunks } from "./chat-chunks.ts";
import { createEventStream } from "./event-stream.ts";
import { bounded } from "./guarded-fetch.ts";

/** An answer in pieces, as they arrive. */
export interface PartStream {
  /** What was sent for it. */
  request(): unknown;
  /** What came, where it came as a whole; null otherwise. */
  response(): unknown;
  /** Waits for the next pieces and gives them to `take`, if they hold any; false when there are no more. */
  read(take: Take): Promise<boolean>;
  cancel(): void;
}

/** Takes one piece. What it throws, `read` throws. */
type Take = (part: AnswerPart) => void;

/** Begins to ask a model for an answer, streamed or as a whole. */
export type OpenParts = (model: LanguageModelV4, options: LanguageModelV4CallOptions) => Promise<PartStream>;

/** The pieces as the package itself reads them. */
export const openPackageParts: OpenParts = async (model, options) => {
  const { stream, request } = await model.doStream(options);
  const reader = stream.getReader();
  return {
    request: () => request?.body,
    response: () => null,
    async read(take) {
      const { done, value } = await reader.read();
      if (!done) take(value);
      return !done;
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
};

/** What stands between the provider packages and the network. */
export interface Tap {
  /** Give the package this one. */
  readonly fetch: Fetch;
  /** Calls `onBytes` whenever something comes for the call that is made with this signal. */
  attend(signal: AbortSignal, onBytes: () => void): void;
  /** Asks for a chat completion: the model sends the request, but sees no answer unless it is a failure. */
  openChat(how: "doStream" | "doGenerate"): OpenParts;
}

/** How a tap reads what comes. */
export interface TapOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** How answers that the package reads are made regular; unchanged when absent. */
  readonly bodies?: Bodies | undefined;
  /** Whether the model is taken to leave out the tag before its thoughts. Set anew by what it does. */
  leavesTagOut: boolean;
}

/**
 * A tap on `fetch`. A package takes each chunk through a pipeline of streams and checks every field of it, which costs
 * four times as much as reading the bytes ourselves, and gives up at what the next server does differently.
 */
export function createTap(options: TapOptions): Tap {
  /** Calls under way by their signals, the one thing that a package passes on unchanged, with what was answered. */
  const answers = new Map<AbortSignal, Tapped | undefined>();
  const attended = new WeakMap<AbortSignal, () => void>();
  return {
    async fetch(input, init) {
      const response = await options.fetch(input, init);
      const signal = init?.signal;
      if (!response.ok || !signal) return response;
      const onBytes = attended.get(signal) ?? (() => undefined);
      if (!answers.has(signal)) {
        const { bodies, clock } = options;
        return bodies === undefined ? bounded(response, onBytes) : regularAnswer(response, { bodies, clock, onBytes });
      }
      answers.set(signal, { response, sent: init.body, onBytes });
      throw TAKEN;
    },
    attend: (signal, onBytes) => void attended.set(signal, onBytes),
    openChat: (how) => async (model, callOptions) => {
      const signal = callOptions.abortSignal ?? new AbortController().signal;
      answers.set(signal, undefined);
      try {
        await model[how]({ ...callOptions, abortSignal: signal });
      } catch (error) {
        const tapped = answers.get(signal);
        if (tapped === undefined) throw error;
        return isWhole(tapped.response, how) ? wholeParts(tapped, options) : chatParts(tapped, options);
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
  readonly onBytes: () => void;
}

/** Some servers stream what was not to be streamed, and some the other way round. */
function isWhole({ headers }: Response, how: "doStream" | "doGenerate"): boolean {
  const type = headers.get("content-type") ?? "";
  if (/event-stream|ndjson/.test(type)) return false;
  return how === "doGenerate" || type.includes("application/json");
}

function chatParts({ response, sent }: Tapped, options: TapOptions): PartStream {
  const body = answerBody(response.body, options.clock);
  const events = createEventStream();
  let takePart: Take = () => undefined;
  const chunks = createChatChunks((part) => takePart(part), options.leavesTagOut);

  function end(): false {
    chunks.end();
    if (chunks.isUnopened !== undefined) options.leavesTagOut = chunks.isUnopened;
    return false;
  }

  return {
    request: () => sent,
    response: () => null,
    async read(take) {
      const bytes = await body.next(chunks.state === "finished");
      takePart = take;
      takeAll(chunks, bytes === undefined ? events.end() : events.take(bytes));
      return bytes === undefined || chunks.state === "ended" ? end() : true;
    },
    cancel: body.cancel,
  };
}

function takeAll(chunks: ChatChunks, events: readonly string[]): void {
  for (const data of events) if (chunks.state !== "ended") chunks.take(data);
}

function wholeParts({ response, sent, onBytes }: Tapped, options: TapOptions): PartStream {
  let text = "";
  return {
    request: () => sent,
    response: () => parseJson(text) ?? text,
    async read(take) {
      text = await wholeText(response.body, options.clock, onBytes);
      const parts: AnswerPart[] = [];
      const chunks = createChatChunks((part) => void parts.push(part), options.leavesTagOut);
      chunks.takeWhole(text);
      chunks.end();
      // Nothing has to be taken back of what nobody has heard.
      const thoughts = parts.findLastIndex(({ type }) => type === "text-was-reasoning");
      for (const [place, part] of parts.entries())
        if (place !== thoughts) take(place < thoughts ? thoughtOf(part) : part);
      return false;
    },
    cancel: () => undefined,
  };
}

function thoughtOf(part: AnswerPart): AnswerPart {
  return part.type === "text-delta" ? { ...part, type: "reasoning-delta" } : part;
}

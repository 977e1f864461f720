import type { Clock } from "../../core/clock.ts";
import type { MessageId } from "../../core/id.ts";
import { once } from "../../core/once.ts";
import type { Message } from "../message.ts";
import type { MessageStore, ThreadId } from "../ports/ports.ts";

/** Tokens that the frame of one message takes up. */
const MESSAGE_TOKENS = 4;
/** Tokens that the frame of one tool call or answer takes up. */
const CALL_TOKENS = 8;
/** Tokens of one image: about what a provider charges for a large one. */
const IMAGE_TOKENS = 1_500;
/** About how many characters a token has. */
export const CHARS_PER_TOKEN = 4;
/** Characters of one class in a row that are counted at once: the cost of a run grows with its square. */
const LONG_RUN = /[\p{L}\p{M}]{64}|[^\s\p{L}\p{M}\p{N}]{64}|\s{64}/gu;
/** Characters that are counted before others get a turn. */
const SLICE_CHARS = 50_000;
/** Slices of one text that are counted. */
const SLICES_MAX = 40;
/** Counts that one transaction stores. */
const SAVED_AT_ONCE = 500;

/** Counts tokens as OpenAI's newer models do, some of a long text at a time; other providers' differ by a fifth or so. */
export type CountTokens = (text: string) => Promise<number>;

/**
 * Counts on the thread that asks, and gives others turns. Its table costs half a second and some 60 MB once, so it is
 * loaded by the first count: a server whose contexts stay small never does.
 */
export function slicedCounter(clock: Pick<Clock, "sleep">): CountTokens {
  const loaded = once(sliceCounter);
  let held = 0;
  const inTurn = async (slice: string) => {
    held += slice.length;
    if (held > SLICE_CHARS) {
      held = slice.length;
      await clock.sleep(0);
    }
    return (await loaded())(slice);
  };
  return async (text) => {
    if (text.length <= SLICE_CHARS) return inTurn(text);
    let tokens = 0;
    let counted = 0;
    // Of a text that is too long for nearly all models, slices at equal distances stand for the rest.
    const step = Math.max(SLICE_CHARS, Math.floor(text.length / SLICES_MAX));
    for (let start = 0; start < text.length; start += step) {
      const slice = text.slice(start, start + SLICE_CHARS);
      tokens += await inTurn(slice);
      counted += slice.length;
    }
    return Math.round((tokens / counted) * text.length);
  };
}

/**
 * Counts by the vocabulary of GPT-4o, which is loaded with the first text. What has no break for long is
 * counted in pieces, as it would take seconds otherwise.
 */
async function sliceCounter(): Promise<(text: string) => number> {
  const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
  // Texts may contain what looks like a control token; here it is only text.
  const plain = { disallowedSpecial: new Set<string>() };
  return (text) => {
    let tokens = 0;
    let start = 0;
    for (const run of text.matchAll(LONG_RUN)) {
      const end = run.index + run[0].length;
      tokens += countTokens(text.slice(start, end), plain);
      start = end;
    }
    return tokens + (start === text.length ? 0 : countTokens(text.slice(start), plain));
  };
}

/** Tokens of a message as a model is given it. */
export async function messageTokens(message: Message, count: CountTokens): Promise<number> {
  let tokens = MESSAGE_TOKENS;
  for (const part of message.content) tokens += part.type === "image" ? IMAGE_TOKENS : await count(part.text);
  for (const call of message.toolCalls)
    tokens += CALL_TOKENS + (await count(call.name)) + (await count(call.arguments));
  for (const { response, parts = [] } of message.toolReturns) {
    const images = parts.filter((part) => part.type === "image").length;
    tokens += CALL_TOKENS + (await count(response)) + images * IMAGE_TOKENS;
  }
  return tokens;
}

/** Characters of a message as a model is given it, images aside. */
export function messageChars(message: Message): number {
  let chars = 0;
  for (const part of message.content) if (part.type !== "image") chars += part.text.length;
  for (const call of message.toolCalls) chars += call.name.length + call.arguments.length;
  for (const answer of message.toolReturns) chars += answer.response.length;
  return chars;
}

/** The same with images, as many characters as have about their tokens. */
export function messageSize(message: Message): number {
  let images = 0;
  for (const part of message.content) if (part.type === "image") images++;
  for (const { parts } of message.toolReturns) for (const part of parts ?? []) if (part.type === "image") images++;
  return messageChars(message) + images * IMAGE_TOKENS * CHARS_PER_TOKEN;
}

/** Token counts of a context: of each message, in its order, and those that nobody had stored yet. */
export interface ContextTokens {
  readonly each: readonly number[];
  readonly fresh: ReadonlyMap<MessageId, number>;
}

/** Counts what no row says yet. */
export async function countContext(
  threadId: ThreadId,
  context: readonly Message[],
  {
    messages,
    countTokens,
  }: { readonly messages: Pick<MessageStore, "tokenCounts">; readonly countTokens: CountTokens },
): Promise<ContextTokens> {
  const stored = await messages.tokenCounts(threadId);
  const each: number[] = [];
  const fresh = new Map<MessageId, number>();
  for (const message of context) {
    const known = stored.get(message.id);
    const tokens = known ?? (await messageTokens(message, countTokens));
    each.push(tokens);
    // A compiled system message changes; its count would go stale.
    if (known === undefined && message.role !== "system") fresh.set(message.id, tokens);
  }
  return { each, fresh };
}

/** Stores counts, some hundreds in each call of `write`. */
export async function saveCounts(
  fresh: ReadonlyMap<MessageId, number>,
  write: (counts: ReadonlyMap<MessageId, number>) => Promise<void>,
): Promise<void> {
  const all = [...fresh];
  for (let start = 0; start < all.length; start += SAVED_AT_ONCE)
    await write(new Map(all.slice(start, start + SAVED_AT_ONCE)));
}

import type { Message } from "../../agent/message.ts";
import { openCalls } from "../../agent/transcript.ts";

/** How much more is evicted at each try of a sliding window. */
const SHARE_STEP = 0.1;
/** A single message is worth a summary of its own only from this size. */
const LONE_TOKENS_MIN = 1_000;

/** What a cut should achieve. */
export interface CutGoal {
  /** Evict everything that may go, or the oldest part. */
  readonly isWhole: boolean;
  /** The share of the messages that a sliding window evicts first. */
  readonly share: number;
  /** Tokens that the system message and what is kept may take up together. */
  readonly tokensMax: number;
}

/**
 * Where to cut: the index of the first message that is kept after the system message, or undefined when nothing worth
 * it may go. What is kept is a valid conversation: no answer without its call, no half of a reply, and never without
 * the request that waits for an approval or the words that wait for a reply. `tokens` has one count a message.
 */
export function chooseCut(context: readonly Message[], tokens: readonly number[], goal: CutGoal): number | undefined {
  const cuts = possibleCuts(context, tokens);
  const last = cuts.at(-1);
  if (goal.isWhole || last === undefined) return last;
  const systemTokens = firstIndex(context) === 1 ? (tokens[0] ?? 0) : 0;
  const kept = keptTokens(tokens);
  const fits = (cut: number) => systemTokens + (kept[cut] ?? 0) < goal.tokensMax;
  for (let share = goal.share; share < 1; share += SHARE_STEP) {
    const target = Math.round(share * context.length);
    const cut = cuts.findLast((index) => index <= target);
    if (cut !== undefined && fits(cut)) return cut;
  }
  return cuts.find(fits) ?? last;
}

/** The index of the first message after the system message. */
export function firstIndex(context: readonly Message[]): number {
  return context[0]?.role === "system" ? 1 : 0;
}

/** Every index at which the context may be cut, in order. */
function possibleCuts(context: readonly Message[], tokens: readonly number[]): readonly number[] {
  const first = firstIndex(context);
  const last = protectedFrom(context);
  const depth = openPairs(context);
  const cuts: number[] = [];
  let evictedTokens = 0;
  let evictedNews = false;
  for (let cut = first + 1; cut <= last; cut++) {
    evictedTokens += tokens[cut - 1] ?? 0;
    evictedNews ||= context[cut - 1]?.role !== "summary";
    const isWorthIt = evictedNews && (cut - first >= 2 || evictedTokens >= LONE_TOKENS_MIN);
    if (isWorthIt && depth[cut] === 0 && !splitsReply(context, cut)) cuts.push(cut);
  }
  return cuts;
}

/** For each index, how many calls before it are answered, or decided on, at or after it. */
function openPairs(context: readonly Message[]): readonly number[] {
  const calledAt = new Map<string, number>();
  const change = new Array<number>(context.length + 2).fill(0);
  const add = (index: number, by: number) => {
    change[index] = (change[index] ?? 0) + by;
  };
  for (const [index, message] of context.entries()) {
    for (const call of message.toolCalls) calledAt.set(call.id, index);
    for (const { toolCallId } of [...message.toolReturns, ...message.approvals]) {
      const from = calledAt.get(toolCallId);
      if (from === undefined) continue;
      add(from + 1, 1);
      add(index + 1, -1);
    }
  }
  let depth = 0;
  return change.map((by) => {
    depth += by;
    return depth;
  });
}

/** Whether the cut parts a reply from the calls of the same reply that asked for an approval. */
function splitsReply(context: readonly Message[], cut: number): boolean {
  const before = context[cut - 1];
  const after = context[cut];
  const asks = after?.role === "approval" && after.toolCalls.length > 0;
  return asks && before?.role === "assistant" && before.stepId !== null && before.stepId === after.stepId;
}

/** The index from which on everything stays: a request that waits for an approval, words that wait for a reply. */
function protectedFrom(context: readonly Message[]): number {
  let from = context.length;
  while (from > 0 && isInput(context[from - 1])) from--;
  const open = new Set(openCalls(context));
  const asking = context.findLastIndex((message) => message.toolCalls.some((call) => open.has(call)));
  const isTrailing =
    asking >= 0 && context.slice(asking + 1).every((message) => isInput(message) || isDecision(message));
  if (!isTrailing) return from;
  return splitsReply(context, asking) ? asking - 1 : asking;
}

function isInput(message: Message | undefined): boolean {
  return message?.role === "user" || message?.role === "system";
}

function isDecision(message: Message): boolean {
  return message.role === "approval" && message.toolCalls.length === 0;
}

/** For each index, the tokens of the messages from it on. */
function keptTokens(tokens: readonly number[]): readonly number[] {
  const sums = new Array<number>(tokens.length + 1).fill(0);
  for (let index = tokens.length - 1; index >= 0; index--) sums[index] = (sums[index + 1] ?? 0) + (tokens[index] ?? 0);
  return sums;
}

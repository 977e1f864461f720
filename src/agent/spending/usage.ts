import { type Caller, mayEverywhere } from "../../access/may.ts";
import { costOf, type PriceTable, priceOf } from "../../access/price.ts";
import { type Clock, type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { UsageSpan, UsageTotal } from "../ports/limits.ts";
import type { Store } from "../ports/ports.ts";

/** Days that one question may be about. */
export const USAGE_DAYS_MAX = 92;
/** What is totalled in one statement, so that others get their turn in between. */
const SPAN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Steps that are read of one span. */
const SPAN_STEPS_MAX = 20_000;
/** Steps that one question may be about; of later ones nothing is told. */
const STEPS_MAX = 1_000_000;
/** Subjects that one answer tells of. */
const SUBJECTS_MAX = 10_000;

/** What somebody wants to know: usage by what, from when to when. */
export interface UsageQuery {
  readonly by: UsageSpan["by"] | "day";
  readonly from: Instant;
  readonly to: Instant;
}

/** What one subject used. Tokens that no provider counted are not among them. */
export interface SubjectUsage extends Omit<UsageTotal, "subject" | "model"> {
  /** The agent's, key's or user's id, the model's handle, or the first instant of the day. */
  readonly subject: string | Instant | null;
  /** What it cost as far as prices are known, in billionths of a dollar; long input at the price of short. */
  readonly nanos: number;
  /** Handles of models among them whose price nobody knows: their tokens cost more than is told. */
  readonly unpriced: readonly string[];
}

/** An answer to a {@link UsageQuery}. */
export interface UsageReport {
  /** By cost, then tokens, the most first; days in their order. */
  readonly subjects: readonly SubjectUsage[];
  /** Whether there was more than is read for one answer: then it is about less than was asked for. */
  readonly isTruncated: boolean;
  readonly pricesTakenAt: string;
}

/** Totals what the organisation's steps used. What was deleted is not among them. */
export async function reportUsage(
  {
    store,
    prices,
    clock,
  }: { readonly store: Store; readonly prices: PriceTable; readonly clock: Pick<Clock, "sleep"> },
  caller: Caller,
  { by, from, to }: UsageQuery,
): Promise<UsageReport> {
  const actor = mayEverywhere(caller, "metrics:read");
  if (to <= from || to - from > USAGE_DAYS_MAX * DAY_MS)
    throw new Failure("invalid", `from and to should be up to ${USAGE_DAYS_MAX} days apart, to the later one`);
  const { limits } = store.reader(actor);
  const subjects = new Map<string | Instant | null, SubjectUsage>();
  let steps = 0;
  let isTruncated = false;
  for (let start = Number(from); start < to && !isTruncated; start = spanAfter(start)) {
    const span = { from: instantOf(start), to: instantOf(Math.min(to, spanAfter(start))), stepsMax: SPAN_STEPS_MAX };
    const totals = await limits.usage({ ...span, by: by === "day" ? "model" : by });
    const read = totals.reduce((sum, total) => sum + total.steps, 0);
    steps += read;
    isTruncated = read >= SPAN_STEPS_MAX || steps >= STEPS_MAX;
    const day = by === "day" ? instantOf(Math.floor(start / DAY_MS) * DAY_MS) : undefined;
    const hadRoom = addAll(subjects, totals, { day, prices });
    isTruncated ||= !hadRoom;
    // Others get a turn.
    if (read > 0) await clock.sleep(0);
  }
  const all = [...subjects.values()];
  const sorted = by === "day" ? all : all.toSorted((a, b) => b.nanos - a.nanos || tokensOf(b) - tokensOf(a));
  return { subjects: sorted, isTruncated, pricesTakenAt: prices.takenAt };
}

/** Adds totals to those of their subjects; false where there were too many to tell of. */
function addAll(
  subjects: Map<string | Instant | null, SubjectUsage>,
  totals: readonly UsageTotal[],
  { day, prices }: { readonly day: Instant | undefined; readonly prices: PriceTable },
): boolean {
  let hadRoom = true;
  for (const total of totals) {
    const subject = day ?? total.subject;
    const sum = subjects.get(subject);
    if (sum === undefined && subjects.size >= SUBJECTS_MAX) hadRoom = false;
    else subjects.set(subject, added(sum ?? nothing(subject), total, prices));
  }
  return hadRoom;
}

function spanAfter(start: number): number {
  return (Math.floor(start / SPAN_MS) + 1) * SPAN_MS;
}

function tokensOf({ promptTokens, completionTokens }: SubjectUsage): number {
  return promptTokens + completionTokens;
}

function nothing(subject: SubjectUsage["subject"]): SubjectUsage {
  const counts = {
    promptTokens: 0,
    completionTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
  return { subject, steps: 0, failedSteps: 0, ...counts, nanos: 0, unpriced: [] };
}

function added(sum: SubjectUsage, total: UsageTotal, prices: PriceTable): SubjectUsage {
  const { model } = total;
  const price = priceOf(prices, model);
  const tokens = {
    prompt: total.promptTokens,
    completion: total.completionTokens,
    cached: total.cachedInputTokens,
    cacheWrite: total.cacheWriteTokens,
  };
  const isUnknown = price === undefined && model !== null && !sum.unpriced.includes(model);
  return {
    subject: sum.subject,
    steps: sum.steps + total.steps,
    failedSteps: sum.failedSteps + total.failedSteps,
    promptTokens: sum.promptTokens + total.promptTokens,
    completionTokens: sum.completionTokens + total.completionTokens,
    cachedInputTokens: sum.cachedInputTokens + total.cachedInputTokens,
    cacheWriteTokens: sum.cacheWriteTokens + total.cacheWriteTokens,
    reasoningTokens: sum.reasoningTokens + total.reasoningTokens,
    // Of many calls together nobody knows which were long.
    nanos: sum.nanos + (price === undefined ? 0 : costOf({ ...price, long: undefined }, tokens)),
    unpriced: isUnknown ? [...sum.unpriced, model] : sum.unpriced,
  };
}

import { amountFor, type Limit, standingOf } from "../../access/limit.ts";
import { type PriceTable, priceOf } from "../../access/price.ts";
import type { SpendChange } from "../../agent/ports/limits.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import type { Instant } from "../../core/clock.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { LlmConfig } from "../../llm/config.ts";
import { isOfCalls, type Payer, shareOf, spenderOf } from "./budget.ts";
import { outputAtMost } from "./estimate.ts";
import { overLimit, tooManyAtWork } from "./over-limit.ts";

/** A run that is about to begin. */
export interface Beginning {
  readonly payer: Payer;
  /** The model that will answer. */
  readonly config: LlmConfig;
  readonly prices: PriceTable;
  readonly now: Instant;
}

/**
 * Counts a run that begins, in the transaction that stores it. Throws a `too_many` Failure, nothing counted, where a limit
 * of runs is used up, where not even the answer of its first step would fit what is left of tokens or money, or where too
 * many are at work. Without limits it costs nothing.
 */
export async function admitRun(repositories: Repositories, beginning: Beginning): Promise<void> {
  const { limits } = repositories;
  const onWay = await limits.onWay(spenderOf(beginning.payer));
  if (onWay.length === 0) return;
  const begun = await begunOf(repositories, onWay, beginning);
  for (const limit of onWay)
    if (limit.kind === "active_runs" && (await limits.activeRuns(limit, limit.amount)) >= limit.amount)
      throw tooManyAtWork(limit);
  await limits.add(begun);
}

/** What the run takes of limits of runs; throws where those leave too little, or those of tokens and money. */
async function begunOf(
  { limits }: Repositories,
  onWay: readonly Limit[],
  { payer, config, prices, now }: Beginning,
): Promise<readonly SpendChange[]> {
  const spent = await limits.spent(onWay.map(({ id }) => id));
  const least = { input: 1, output: outputAtMost(config) };
  return onWay.flatMap((limit) => {
    const isRun = limit.kind === "runs";
    if (!isRun && !isOfCalls(limit)) return [];
    const standing = standingOf(limit, spent.get(limit.id) ?? [], now);
    const amount = amountFor(limit, payer.isBackground);
    const asked = isRun ? 1 : shareOf(limit, least, priceOf(prices, askedHandle(config)));
    // What others hold of tokens and money most of them will not need; the run's own step waits for it.
    if (standing.settled + asked > amount) throw overLimit({ limit, standing, amount, asked }, now);
    return isRun ? [{ limitId: limit.id, windowStart: standing.windowStart, settled: 1, reserved: 0 }] : [];
  });
}

import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";

/** How a failed attempt may be followed by another. */
export interface RetryPolicy {
  readonly retriesMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** How the failure is to be taken: not again, or again after at least this long. */
  judge(error: unknown): Retry;
}

/** Whether to try again; `afterMs` is what the provider asked to wait, 0 when it did not. */
export type Retry = { readonly again: false } | { readonly again: true; readonly afterMs: number };

/** The first wait is up to this long, each later one up to twice the one before. */
export const RETRY_DELAY_MS = 200;
/** No wait of our own choice is longer. */
export const RETRY_DELAY_MS_MAX = 5_000;
/** A provider that asks to wait longer is not waited for. */
export const RETRY_AFTER_MS_MAX = 10_000;

/** Runs `attempt` until it succeeds, its failure is final, or the retries are used up. Throws the last failure. */
export async function withRetries<T>(attempt: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      const verdict = policy.judge(error);
      const last = retry >= policy.retriesMax || policy.signal.aborted;
      if (last || !verdict.again || verdict.afterMs > RETRY_AFTER_MS_MAX) throw error;
      await policy.clock.sleep(delayOf(retry, verdict.afterMs, policy.random), policy.signal);
      if (policy.signal.aborted) throw error;
    }
  }
}

/** Full jitter over a doubling window; what the provider asked for is added, so that callers do not return at once. */
function delayOf(retry: number, afterMs: number, random: Random): number {
  const windowMs = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS * 2 ** retry);
  return afterMs + random.fraction() * windowMs;
}

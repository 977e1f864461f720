import type { Clock } from "../core/clock.ts";

/** Counts that are kept; whose request was longest ago goes first, and may begin anew. */
const COUNTS_MAX = 50_000;

/** What is left of a count of requests. */
export interface RequestRate {
  readonly isOver: boolean;
  /** Requests that may come at once. */
  readonly limit: number;
  readonly remaining: number;
  /** When one more may come, milliseconds from now. */
  readonly nextMs: number;
  /** When as many may come as ever, milliseconds from now. */
  readonly fullMs: number;
}

/** Counts requests in memory: each name has so many at once, and gets as many back in a window, evenly. */
export interface RequestRates {
  take(name: string, amount: number, windowMs: number): RequestRate;
}

/** Empty {@link RequestRates}. Clocks that jump change nothing: only elapsed time counts. */
export function createRequestRates({ elapsedMs }: Pick<Clock, "elapsedMs">): RequestRates {
  const counts = new Map<string, { left: number; atMs: number }>();
  return {
    take(name, amount, windowMs) {
      const nowMs = elapsedMs();
      const known = counts.get(name) ?? { left: amount, atMs: nowMs };
      const perMs = amount / windowMs;
      const left = Math.min(amount, known.left + (nowMs - known.atMs) * perMs);
      const isOver = left < 1;
      const after = isOver ? left : left - 1;
      counts.delete(name);
      counts.set(name, { left: after, atMs: nowMs });
      const [oldest] = counts.keys();
      if (counts.size > COUNTS_MAX && oldest !== undefined) counts.delete(oldest);
      return {
        isOver,
        limit: amount,
        remaining: Math.floor(after),
        nextMs: Math.max(0, (1 - after) / perMs),
        fullMs: (amount - after) / perMs,
      };
    },
  };
}

import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";

const WINDOW_MS = 60_000;
/** Tries that fail within a minute: from one address, and from all together. */
const PER_ADDRESS = 5;
const IN_ALL = 20;

/** Bounds how often somebody may guess. */
export interface Tries {
  /** Runs `work`; when it throws, that was a try that failed. Throws a `too_many` Failure, and does nothing, after too many. */
  guard<T>(address: string | null, work: () => Promise<T>): Promise<T>;
}

/** Nobody has tried yet. A try counts from its begin, so that many at once are no way around it. */
export function createTries(clock: Clock): Tries {
  let failed: { readonly atMs: number; readonly address: string | null }[] = [];
  return {
    async guard(address, work) {
      const nowMs = clock.elapsedMs();
      failed = failed.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
      const own = failed.filter((one) => one.address === address);
      const oldest = own.length >= PER_ADDRESS ? own[0] : failed.length >= IN_ALL ? failed[0] : undefined;
      if (oldest !== undefined)
        throw new Failure("too_many", "Too many sign-ins failed; try again later", {
          retryAfterMs: oldest.atMs + WINDOW_MS - nowMs,
        });
      const one = { atMs: nowMs, address };
      failed.push(one);
      const result = await work();
      failed = failed.filter((other) => other !== one);
      return result;
    },
  };
}

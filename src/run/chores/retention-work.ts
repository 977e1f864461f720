import type { Store } from "../../agent/ports/ports.ts";
import type { DueRetention, Kept, RetentionRules } from "../../agent/retention.ts";
import { type Clock, type Instant, instantOf } from "../../core/clock.ts";
import { createDueWork, type DueWork } from "./due-work.ts";

/** Rows that are removed in one transaction, for which others wait. */
const BITE_ROWS_MAX = 500;
/** How often an organisation's old rows are looked for. */
const EVERY_MS = 24 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What removes old rows. */
export interface RetentionWorkOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (message: string, error: unknown) => void;
}

/**
 * Removes what organisations keep no longer, a bite at a time. Wake it now and then: what is due later has no timer of its
 * own. It may be cut off anywhere: what is left is still old at the next start.
 */
export function createRetentionWork({ store, clock, log }: RetentionWorkOptions): DueWork {
  return createDueWork<DueRetention>({
    clock,
    waiting: (limit) => store.dueRetention(limit),
    async work({ actor }) {
      const now = clock.now();
      const rules = await store.reader(actor).retention.rules();
      let isDone = true;
      for (const [what, days] of agesOf(rules)) {
        const cutoff = before(now, days);
        const removed = await store.write(actor, ({ retention }) => retention.removeOld(what, cutoff, BITE_ROWS_MAX));
        if (removed >= BITE_ROWS_MAX) isDone = false;
      }
      const dueAt = isDone ? instantOf(now + EVERY_MS) : now;
      await store.write(actor, ({ retention }) => retention.settle(dueAt, isDone));
    },
    onError: (error) => log("Old rows could not be removed", error),
  });
}

function before(now: Instant, days: number): Instant {
  return instantOf(now - days * DAY_MS);
}

function agesOf(rules: RetentionRules): readonly (readonly [Kept, number])[] {
  const { runEventsDays, tracesDays, changesDays, auditDays } = rules;
  const ages: readonly (readonly [Kept, number | null])[] = [
    ["runEvents", runEventsDays],
    ["traces", tracesDays],
    ["changes", changesDays],
    ["audit", auditDays],
  ];
  return ages.flatMap(([what, days]) => (days === null ? [] : [[what, days] as const]));
}

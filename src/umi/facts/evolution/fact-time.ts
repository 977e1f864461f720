import { type Instant, instantOf } from "../../../core/clock.ts";
import type { Closing, Fact } from "../kept/fact.ts";

/** The fact as it was known at an instant: undefined before it was learned, open until its closing was learned. */
export function knownAt(fact: Fact, learnedAt: Instant): Fact | undefined {
  if (fact.learnedAt > learnedAt) return;
  return fact.closing !== null && fact.closing.closedAt > learnedAt ? { ...fact, closing: null } : fact;
}

/** Whether the fact holds in the world at an instant: from its beginning on, until just before its end. */
export function holdsAt(fact: Fact, validAt: Instant): boolean {
  return fact.validFrom <= validAt && (fact.closing === null || fact.closing.validTo > validAt);
}

/** One fact of two that cannot both hold now, and how it ends. */
export interface Ending {
  readonly ended: Fact;
  readonly closing: Closing;
}

/**
 * Which of two facts ends where the later one begins. What is current is decided by when things hold, and by when they
 * were said, never by when they were told: old words that come late end nothing newer. News about an earlier time ends
 * itself where the other fact begins. But a fact whose beginning nobody told only began by being said; whatever was said
 * later ends it, however early that began.
 */
export function endingOf(known: Fact, fresh: Fact, now: Instant): Ending {
  const [older, newer] = fresh.saidAt >= known.saidAt ? [known, fresh] : [fresh, known];
  const isNews = newer.validFrom >= older.validFrom || older.eventTime === null;
  const [ended, current] = isNews ? [older, newer] : [newer, older];
  const validTo = instantOf(Math.max(ended.validFrom, current.validFrom));
  return { ended, closing: { validTo, closedAt: now, closedBy: current.id } };
}

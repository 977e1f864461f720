import type { EntryColumns } from "../index/columns.ts";

/**
 * How much each sign counts. Set on public dialogues by leaving one conversation out at a time, then rounded; words
 * are measured in standard deviations of their score, the rest are constants in the same unit.
 */
export interface Weights {
  /** The entry's own words, when neighbours are not looked at. */
  readonly own: number;
  /** Words of the entry with one neighbour on each side, and with two. */
  readonly near: number;
  readonly wide: number;
  /** Words of a neighbour next to a long entry. */
  readonly share: number;
  readonly session: number;
  /** Words of a question that the entry may answer. */
  readonly answers: number;
  readonly asks: number;
  /** Per unit of the logarithm of the length. */
  readonly length: number;
  readonly speaker: number;
  readonly time: number;
  readonly first: number;
  readonly inRange: number;
  readonly spelling: number;
  readonly phrase: number;
  readonly dense: number;
  /** What the words of an assistant count, when assistants are wordy and users are there too. */
  readonly assistant: number;
}

/** Mean terms of an entry up to which neighbours count in full, and from which on they do not. */
const SHORT_TERMS = 18;
const LONG_TERMS = 45;
/** Entries of a session on average below which its entries stand alone. */
const NEIGHBOURS_MIN = 1.2;
/** The least that the words of a wordy assistant count. */
const ASSISTANT_SHARE_MIN = 1 / 3;

/** The weights that suit a space: neighbours and asides count in chats of short turns, roles where there are roles. */
export function weightsFor(columns: EntryColumns): Weights {
  const { totals, sessionLengths } = columns;
  const { count, userCount, userTerms, assistantCount, assistantTerms } = totals;
  const mean = totals.terms / Math.max(1, count);
  const talks = count / Math.max(1, sessionLengths.length) >= NEIGHBOURS_MIN ? 1 : 0;
  const brevity = talks * Math.min(1, Math.max(0, (LONG_TERMS - mean) / (LONG_TERMS - SHORT_TERMS)));
  const hasRoles = userCount > 0 && assistantCount > 0;
  const wordiness = hasRoles ? userTerms / userCount / Math.max(1, assistantTerms / assistantCount) : 1;
  return {
    own: 1.4 * (1 - brevity),
    near: 0.3 * brevity,
    wide: 0.6 * brevity,
    share: 0.3 * talks * (1 - brevity),
    session: 0.3 * (talks === 1 ? Math.max(brevity, 0.3) : 0),
    answers: 0.2 * brevity,
    asks: hasRoles ? 0 : -1.7 * brevity,
    length: 0.65 * brevity,
    speaker: 1.6,
    time: 1.1,
    first: 0.7 * brevity,
    inRange: 1.5,
    spelling: 0.4,
    phrase: 0.5,
    dense: 1,
    assistant: Math.min(1, Math.max(ASSISTANT_SHARE_MIN, wordiness)),
  };
}

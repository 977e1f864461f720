import { type EntryColumns, NEAR_RADIUS, WIDE_RADIUS } from "../index/columns.ts";
import type { PostingList } from "../index/postings.ts";
import type { ScoreBuffers } from "./score-buffers.ts";

/** A list with what its term counts: less than 1 for a term that only resembles the one asked for. */
export interface WeighedList {
  readonly list: PostingList;
  readonly weight: number;
}

/** Scores by number, of the entries in `touched` only. They live in the buffers, and no longer than those are lent. */
export interface WordScores {
  readonly own: Float32Array;
  readonly near: Float32Array;
  readonly wide: Float32Array;
  /** By session. */
  readonly session: Float32Array;
  readonly touched: Uint32Array;
  /** Entries from this number on do not count. */
  readonly size: number;
  /** What a score is divided by before it is weighed. */
  readonly scale: { readonly own: number; readonly near: number; readonly wide: number; readonly session: number };
}

/** How far scoring looks, and in which clear buffers. */
export interface WordScope {
  /** Entries from this number on do not count. */
  readonly size: number;
  /** Whether neighbours count. */
  readonly isWide: boolean;
  /**
   * Entries found by rarer terms from which on a more common one finds no others: it only tells those apart. So a
   * question costs about as much in a large space as in one of medium size.
   */
  readonly enough: number;
  readonly buffers: ScoreBuffers;
}

/** BM25's saturation of repeats and its share of length normalisation (Robertson and Zaragoza, 2009). */
const K1 = 1.2;
const B = 0.75;
/** What saturates repeats in the shortest of texts. */
const K1_SHORT = K1 * (1 - B);
/** The best score is at most this many units, however rare matches are in a large space. */
const BEST_UNITS_MAX = 10;
const NONE = new Uint32Array(0);

/** BM25's weight of a term that `total` of `count` texts have. */
export function rarity(total: number, count: number): number {
  return Math.log(1 + (Math.max(0, count - total) + 0.5) / (total + 0.5));
}

/**
 * BM25 of each entry over its own words, over those of its neighbours in the session together, one and two on each
 * side (when `isWide`), and over its whole session. The index holds own words only: neighbours are found by number.
 */
export function scoreWords(columns: EntryColumns, lists: readonly WeighedList[], scope: WordScope): WordScores {
  const scorer = new WordScorer(columns, scope);
  for (const each of lists) scorer.add(each);
  return scorer.finish();
}

class WordScorer {
  readonly #columns: EntryColumns;
  readonly #size: number;
  readonly #isWide: boolean;
  readonly #enough: number;
  readonly #sessions: number;
  readonly #buffers: ScoreBuffers;
  #touched = 0;

  constructor(columns: EntryColumns, { size, isWide, enough, buffers }: WordScope) {
    this.#columns = columns;
    this.#size = size;
    this.#isWide = isWide;
    this.#enough = enough;
    this.#sessions = columns.sessionLengths.length;
    this.#buffers = buffers;
    buffers.reserve(size, this.#sessions);
  }

  add({ list, weight }: WeighedList): void {
    const counted = this.#touched < this.#enough ? list : this.#nearTouched(list);
    this.#addOwn(counted, weight);
    if (this.#isWide) this.#addWindows(counted, weight);
    else this.#seeBeside(counted);
    this.#addSessions(list, weight);
  }

  /** The part of a list whose entries have one in their neighbourhood that another list found. */
  #nearTouched(list: PostingList): PostingList {
    const { isSeen } = this.#buffers;
    const size = this.#size;
    const numbers = new Uint32Array(list.numbers.length);
    const counts = new Uint8Array(list.numbers.length);
    let kept = 0;
    for (let i = 0; i < numbers.length; i++) {
      const number = list.numbers[i] ?? 0;
      const last = Math.min(number + WIDE_RADIUS, size - 1);
      let at = Math.max(0, number - WIDE_RADIUS);
      while (at <= last && isSeen[at] === 0) at++;
      if (at > last) continue;
      numbers[kept] = number;
      counts[kept] = list.counts[i] ?? 0;
      kept++;
    }
    return { ...list, numbers: numbers.subarray(0, kept), counts: counts.subarray(0, kept) };
  }

  finish(): WordScores {
    const { own, near, wide, session } = this.#buffers;
    const touched = this.#buffers.touched.subarray(0, this.#touched);
    const count = Math.max(1, this.#columns.totals.count);
    return {
      own,
      near,
      wide,
      session,
      touched,
      size: this.#size,
      scale: {
        own: scaleOf(own, touched, count),
        near: scaleOf(near, this.#isWide ? touched : NONE, count),
        wide: scaleOf(wide, this.#isWide ? touched : NONE, count),
        session: scaleOf(session, undefined, this.#sessions),
      },
    };
  }

  #addOwn({ numbers, counts, total }: PostingList, weight: number): void {
    const { lengths, totals } = this.#columns;
    const { own } = this.#buffers;
    const size = this.#size;
    const perTerm = (K1 * B) / meanTerms(totals);
    const value = weight * rarity(total, totals.count) * (K1 + 1);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number >= size) continue;
      const count = counts[i] ?? 0;
      own[number] = (own[number] ?? 0) + (value * count) / (count + K1_SHORT + perTerm * (lengths[number] ?? 0));
    }
  }

  /** Entries and those beside them may be found, where neighbourhoods do not tell. */
  #seeBeside({ numbers }: PostingList): void {
    const { isSeen, touched } = this.#buffers;
    let seen = this.#touched;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      const last = Math.min(number + NEAR_RADIUS, this.#size - 1);
      for (let at = Math.max(0, number - NEAR_RADIUS); at <= last && number < this.#size; at++) {
        if (isSeen[at] === 1) continue;
        isSeen[at] = 1;
        touched[seen++] = at;
      }
    }
    this.#touched = seen;
  }

  #addWindows(list: PostingList, weight: number): void {
    const { totals, sessionLengths, nearLengths, wideLengths } = this.#columns;
    const { near, wide, nearCounts, wideCounts, found, isSeen, touched } = this.#buffers;
    const nearFound = this.#countAround(list, NEAR_RADIUS, nearCounts);
    const foundCount = this.#countAround(list, WIDE_RADIUS, wideCounts);
    // A list that was read in part stands for as many neighbourhoods as its whole.
    const share = list.total / Math.max(1, list.numbers.length);
    const nearValue = weight * rarity(nearFound * share, totals.count) * (K1 + 1);
    const wideValue = weight * rarity(foundCount * share, totals.count) * (K1 + 1);
    const turns = totals.count / Math.max(1, sessionLengths.length);
    const nearPerTerm = (K1 * B) / (meanTerms(totals) * windowSize(turns, NEAR_RADIUS));
    const widePerTerm = (K1 * B) / (meanTerms(totals) * windowSize(turns, WIDE_RADIUS));
    let seen = this.#touched;
    for (let i = 0; i < foundCount; i++) {
      const at = found[i] ?? 0;
      const nearCount = nearCounts[at] ?? 0;
      const wideCount = wideCounts[at] ?? 0;
      near[at] =
        (near[at] ?? 0) + (nearValue * nearCount) / (nearCount + K1_SHORT + nearPerTerm * (nearLengths[at] ?? 0));
      wide[at] =
        (wide[at] ?? 0) + (wideValue * wideCount) / (wideCount + K1_SHORT + widePerTerm * (wideLengths[at] ?? 0));
      nearCounts[at] = 0;
      wideCounts[at] = 0;
      if (isSeen[at] === 1) continue;
      isSeen[at] = 1;
      touched[seen++] = at;
    }
    this.#touched = seen;
  }

  /** How often the term occurs in each neighbourhood; lists in `found` where it does, and gives how many those are. */
  #countAround({ numbers, counts }: PostingList, radius: number, sums: Uint16Array): number {
    const { sessions } = this.#columns;
    const { found } = this.#buffers;
    const size = this.#size;
    let foundCount = 0;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number >= size) continue;
      const count = counts[i] ?? 0;
      const session = sessions[number];
      const last = Math.min(number + radius, size - 1);
      for (let at = Math.max(0, number - radius); at <= last; at++) {
        if (sessions[at] !== session) continue;
        const before = sums[at] ?? 0;
        if (before === 0) found[foundCount++] = at;
        sums[at] = before + count;
      }
    }
    return foundCount;
  }

  #addSessions({ numbers, counts }: PostingList, weight: number): void {
    const { sessions, sessionLengths, totals } = this.#columns;
    // Their entries are done with: `found` has room for as many sessions.
    const { session: scores, sessionCounts, found } = this.#buffers;
    const size = this.#size;
    let foundCount = 0;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number >= size) continue;
      const session = sessions[number] ?? 0;
      const before = sessionCounts[session] ?? 0;
      if (before === 0) found[foundCount++] = session;
      sessionCounts[session] = before + (counts[i] ?? 0);
    }
    const perTerm = (K1 * B) / Math.max(1, totals.terms / Math.max(1, this.#sessions));
    const value = weight * rarity(foundCount, this.#sessions) * (K1 + 1);
    for (let i = 0; i < foundCount; i++) {
      const session = found[i] ?? 0;
      const count = sessionCounts[session] ?? 0;
      scores[session] =
        (scores[session] ?? 0) + (value * count) / (count + K1_SHORT + perTerm * (sessionLengths[session] ?? 0));
      sessionCounts[session] = 0;
    }
  }
}

function meanTerms(totals: EntryColumns["totals"]): number {
  return Math.max(1, totals.terms / Math.max(1, totals.count));
}

/** Entries in a neighbourhood on average, when sessions have `turns` entries. */
function windowSize(turns: number, radius: number): number {
  return Math.max(1, 2 * radius + 1 - (radius * (radius + 1)) / Math.max(1, turns));
}

/** The standard deviation over all `count`, those not listed being zero; never zero itself. Without a list, of the first. */
function scaleOf(scores: Float32Array, listed: Uint32Array | undefined, count: number): number {
  let sum = 0;
  let squares = 0;
  let best = 0;
  const length = listed?.length ?? count;
  for (let i = 0; i < length; i++) {
    const score = scores[listed === undefined ? i : (listed[i] ?? 0)] ?? 0;
    sum += score;
    squares += score * score;
    if (score > best) best = score;
  }
  const mean = sum / Math.max(1, count);
  const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean));
  return Math.max(deviation, best / BEST_UNITS_MAX) || 1;
}

import type { EntryColumns } from "../index/columns.ts";
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
  /** What a score is divided by before it is weighed. */
  readonly scale: { readonly own: number; readonly near: number; readonly wide: number; readonly session: number };
}

/** How far scoring looks, and in which clear buffers. */
export interface WordScope {
  /** Entries from this number on do not count. */
  readonly size: number;
  /** Whether neighbours count. */
  readonly isWide: boolean;
  readonly buffers: ScoreBuffers;
}

/** BM25's saturation of repeats and its share of length normalisation (Robertson and Zaragoza, 2009). */
const K1 = 1.2;
const B = 0.75;
/** Neighbours on each side that count. */
const NEAR = 1;
const WIDE = 2;
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
export function scoreWords(
  columns: EntryColumns,
  lists: readonly WeighedList[],
  { size, isWide, buffers }: WordScope,
): WordScores {
  const scorer = new WordScorer(columns, size, isWide, buffers);
  for (const each of lists) scorer.add(each);
  return scorer.finish();
}

class WordScorer {
  readonly #columns: EntryColumns;
  readonly #size: number;
  readonly #isWide: boolean;
  readonly #sessions: number;
  readonly #own: Float32Array;
  readonly #near: Float32Array;
  readonly #wide: Float32Array;
  readonly #session: Float32Array;
  /** Of the term at hand; zero again after each. */
  readonly #nearCounts: Uint16Array;
  readonly #wideCounts: Uint16Array;
  readonly #sessionCounts: Float32Array;
  readonly #isSeen: Uint8Array;
  readonly #seen: number[] = [];

  constructor(columns: EntryColumns, size: number, isWide: boolean, buffers: ScoreBuffers) {
    this.#columns = columns;
    this.#size = size;
    this.#isWide = isWide;
    this.#sessions = columns.sessionLengths.length;
    buffers.reserve(size, this.#sessions);
    this.#own = buffers.own;
    this.#near = buffers.near;
    this.#wide = buffers.wide;
    this.#nearCounts = buffers.nearCounts;
    this.#wideCounts = buffers.wideCounts;
    this.#isSeen = buffers.isSeen;
    this.#session = buffers.session;
    this.#sessionCounts = buffers.sessionCounts;
  }

  add({ list, weight }: WeighedList): void {
    this.#addOwn(list, weight);
    if (this.#isWide) this.#addWindows(list, weight);
    this.#addSessions(list, weight);
  }

  finish(): WordScores {
    const touched = Uint32Array.from(this.#seen);
    const count = Math.max(1, this.#columns.totals.count);
    return {
      own: this.#own,
      near: this.#near,
      wide: this.#wide,
      session: this.#session,
      touched,
      scale: {
        own: scaleOf(this.#own, touched, count),
        near: scaleOf(this.#near, this.#isWide ? touched : NONE, count),
        wide: scaleOf(this.#wide, this.#isWide ? touched : NONE, count),
        session: scaleOf(this.#session, undefined, this.#sessions),
      },
    };
  }

  #addOwn({ numbers, counts, total }: PostingList, weight: number): void {
    const { lengths, totals } = this.#columns;
    const mean = Math.max(1, totals.terms / Math.max(1, totals.count));
    const value = weight * rarity(total, totals.count);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number >= this.#size) continue;
      this.#own[number] = (this.#own[number] ?? 0) + value * saturated(counts[i] ?? 0, (lengths[number] ?? 0) / mean);
      this.#see(number);
      if (this.#isWide) continue;
      this.#see(number - 1);
      this.#see(number + 1);
    }
  }

  #addWindows(list: PostingList, weight: number): void {
    const { totals, sessionLengths } = this.#columns;
    const { found, nearFound } = this.#countAround(list);
    // A list that was read in part stands for as many neighbourhoods as its whole.
    const share = list.total / Math.max(1, list.numbers.length);
    const nearValue = weight * rarity(nearFound * share, totals.count);
    const wideValue = weight * rarity(found.length * share, totals.count);
    const turns = totals.count / Math.max(1, sessionLengths.length);
    const mean = Math.max(1, totals.terms / Math.max(1, totals.count));
    const nearMean = mean * windowSize(turns, NEAR);
    const wideMean = mean * windowSize(turns, WIDE);
    const near = this.#near;
    const wide = this.#wide;
    const nearCounts = this.#nearCounts;
    const wideCounts = this.#wideCounts;
    for (let i = 0; i < found.length; i++) {
      const at = found[i] ?? 0;
      this.#see(at);
      const length = this.#lengthAround(at, NEAR);
      near[at] = (near[at] ?? 0) + nearValue * saturated(nearCounts[at] ?? 0, length / nearMean);
      const wideLength = length + this.#lengthBeyond(at, -WIDE) + this.#lengthBeyond(at, WIDE);
      wide[at] = (wide[at] ?? 0) + wideValue * saturated(wideCounts[at] ?? 0, wideLength / wideMean);
      nearCounts[at] = 0;
      wideCounts[at] = 0;
    }
  }

  /** How often the term occurs around each entry; gives the entries around which it does, and how many have it near. */
  #countAround({ numbers, counts }: PostingList): { readonly found: readonly number[]; readonly nearFound: number } {
    const found: number[] = [];
    let nearFound = 0;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number < this.#size) nearFound += this.#countFrom(number, counts[i] ?? 0, found);
    }
    return { found, nearFound };
  }

  #countFrom(number: number, count: number, found: number[]): number {
    const { sessions } = this.#columns;
    const nearCounts = this.#nearCounts;
    const wideCounts = this.#wideCounts;
    const session = sessions[number];
    let nearFound = 0;
    const last = Math.min(number + WIDE, this.#size - 1);
    for (let at = Math.max(0, number - WIDE); at <= last; at++) {
      if (sessions[at] !== session) continue;
      if (wideCounts[at] === 0) found.push(at);
      wideCounts[at] = (wideCounts[at] ?? 0) + count;
      if (at < number - NEAR || at > number + NEAR) continue;
      if (nearCounts[at] === 0) nearFound++;
      nearCounts[at] = (nearCounts[at] ?? 0) + count;
    }
    return nearFound;
  }

  #addSessions({ numbers, counts }: PostingList, weight: number): void {
    const { sessions, sessionLengths, totals } = this.#columns;
    const found: number[] = [];
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? 0;
      if (number >= this.#size) continue;
      const session = sessions[number] ?? 0;
      if (this.#sessionCounts[session] === 0) found.push(session);
      this.#sessionCounts[session] = (this.#sessionCounts[session] ?? 0) + (counts[i] ?? 0);
    }
    const mean = Math.max(1, totals.terms / Math.max(1, this.#sessions));
    const value = weight * rarity(found.length, this.#sessions);
    for (const session of found) {
      const part = saturated(this.#sessionCounts[session] ?? 0, (sessionLengths[session] ?? 0) / mean);
      this.#session[session] = (this.#session[session] ?? 0) + value * part;
      this.#sessionCounts[session] = 0;
    }
  }

  #lengthAround(number: number, radius: number): number {
    const { sessions, lengths } = this.#columns;
    const session = sessions[number];
    let length = 0;
    const last = Math.min(number + radius, this.#size - 1);
    for (let at = Math.max(0, number - radius); at <= last; at++)
      if (sessions[at] === session) length += lengths[at] ?? 0;
    return length;
  }

  /** The length of the one entry that far away, if it is in the session. */
  #lengthBeyond(number: number, distance: number): number {
    const { sessions, lengths } = this.#columns;
    const at = number + distance;
    return at >= 0 && at < this.#size && sessions[at] === sessions[number] ? (lengths[at] ?? 0) : 0;
  }

  #see(number: number): void {
    if (number < 0 || number >= this.#size || this.#isSeen[number] === 1) return;
    this.#isSeen[number] = 1;
    this.#seen.push(number);
  }
}

/** BM25's gain of a term that occurs `count` times in a text of `length` mean lengths. */
function saturated(count: number, length: number): number {
  return (count * (K1 + 1)) / (count + K1 * (1 - B + B * length));
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

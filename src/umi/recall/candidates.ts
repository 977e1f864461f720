import { ASKS, BY_ASSISTANT, type EntryColumns, NAMES_TIME } from "../index/columns.ts";
import { ALL_TIME } from "../text/date-range.ts";
import { TopNumbers } from "../top-numbers.ts";
import type { EntryFilter } from "./entry-filter.ts";
import type { Question } from "./question.ts";
import type { Weights } from "./weights.ts";
import type { WordScores } from "./word-scores.ts";

/** What the score of one entry is made of before its text is read. */
export interface SignScores {
  /** What its words count, its neighbours' and its session's included. */
  words(number: number): number;
  /** What speaks for it besides words. */
  signs(number: number): number;
  /** The same, part by part. */
  explain(number: number): Readonly<Record<string, number>>;
}

/** Scores entries by the words that were found and by what the columns say. */
export function signScores(columns: EntryColumns, question: Question, words: WordScores, weights: Weights): SignScores {
  const wordParts = wordPartsOf(columns, words, weights);
  const signParts = signPartsOf(columns, question, weights);
  return {
    words: (number) => sumOf(wordParts(number)),
    signs: (number) => sumOf(signParts(number)),
    explain: (number) => ({ ...wordParts(number), ...signParts(number) }),
  };
}

type PartsOf = (number: number) => Record<string, number>;

function wordPartsOf({ sessions, flags }: EntryColumns, words: WordScores, weights: Weights): PartsOf {
  const { own, near, wide, session, scale } = words;
  const ownOf = (number: number, other: number) =>
    other >= 0 && sessions[other] === sessions[number] ? (own[other] ?? 0) / scale.own : 0;
  return (number) => {
    const share = (flags[number] ?? 0) & BY_ASSISTANT ? weights.assistant : 1;
    const afterQuestion = (flags[number - 1] ?? 0) & ASKS ? weights.answers : 0;
    return {
      own: (share * weights.own * (own[number] ?? 0)) / scale.own,
      near: (share * weights.near * (near[number] ?? 0)) / scale.near,
      wide: (share * weights.wide * (wide[number] ?? 0)) / scale.wide,
      neighbours: share * weights.share * (ownOf(number, number - 1) + ownOf(number, number + 1)),
      session: (weights.session * (session[sessions[number] ?? 0] ?? 0)) / scale.session,
      answers: afterQuestion * ownOf(number, number - 1),
    };
  };
}

function signPartsOf(columns: EntryColumns, question: Question, weights: Weights): PartsOf {
  const { sessions, flags, lengths, speakers, times } = columns;
  const ranges = question.ranges.filter(({ start, end }) => start > ALL_TIME.start || end < ALL_TIME.end);
  const isInRange = (at: number) => ranges.some(({ start, end }) => at >= start && at < end);
  const has = (number: number, flag: number) => ((flags[number] ?? 0) & flag) !== 0;
  return (number) => ({
    asks: has(number, ASKS) ? weights.asks : 0,
    length: weights.length * Math.log(1 + (lengths[number] ?? 0)),
    speaker: question.names.has(speakers[number] ?? 0) ? weights.speaker : 0,
    time: question.asksTime && has(number, NAMES_TIME) ? weights.time : 0,
    first: number > 0 && sessions[number - 1] === sessions[number] ? 0 : weights.first,
    dates: isInRange(times[number] ?? 0) ? weights.inRange : 0,
  });
}

/** The `limit` most promising of the entries whose words, or neighbours' words, were found. */
export function bestCandidates(
  scores: SignScores,
  words: WordScores,
  accept: EntryFilter,
  limit: number,
): readonly number[] {
  const top = new TopNumbers(limit);
  for (const number of words.touched)
    if (accept(number)) top.offer(number, scores.words(number) + scores.signs(number));
  return top.best();
}

function sumOf(parts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const key in parts) sum += parts[key] ?? 0;
  return sum;
}

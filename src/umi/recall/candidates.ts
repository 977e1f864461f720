import { ASKS, BY_ASSISTANT, type EntryColumns, NAMES_TIME } from "../index/columns.ts";
import { ALL_TIME } from "../text/date-range.ts";
import type { EntryFilter } from "./entry-filter.ts";
import type { Question } from "./question.ts";
import { TopNumbers } from "./top-numbers.ts";
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
  const { sessions, flags, lengths, speakers, times } = columns;
  const { own, near, wide, session, scale } = words;
  const ranges = question.ranges.filter(({ start, end }) => start > ALL_TIME.start || end < ALL_TIME.end);

  const isNext = (number: number, other: number) => other >= 0 && sessions[other] === sessions[number];
  const ownOf = (number: number, other: number) => (isNext(number, other) ? (own[other] ?? 0) / scale.own : 0);
  const wordParts = (number: number): Record<string, number> => {
    const share = (flags[number] ?? 0) & BY_ASSISTANT ? weights.assistant : 1;
    const isAnswer = isNext(number, number - 1) && ((flags[number - 1] ?? 0) & ASKS) !== 0;
    return {
      own: (share * weights.own * (own[number] ?? 0)) / scale.own,
      near: (share * weights.near * (near[number] ?? 0)) / scale.near,
      wide: (share * weights.wide * (wide[number] ?? 0)) / scale.wide,
      neighbours:
        weights.share === 0 ? 0 : share * weights.share * (ownOf(number, number - 1) + ownOf(number, number + 1)),
      session: (weights.session * (session[sessions[number] ?? 0] ?? 0)) / scale.session,
      answers: isAnswer ? weights.answers * ownOf(number, number - 1) : 0,
    };
  };
  const signParts = (number: number): Record<string, number> => {
    const bits = flags[number] ?? 0;
    const at = times[number] ?? 0;
    return {
      asks: bits & ASKS ? weights.asks : 0,
      length: weights.length === 0 ? 0 : weights.length * Math.log(1 + (lengths[number] ?? 0)),
      speaker: question.names.has(speakers[number] ?? 0) ? weights.speaker : 0,
      time: question.asksTime && bits & NAMES_TIME ? weights.time : 0,
      first: isNext(number, number - 1) ? 0 : weights.first,
      dates: ranges.some(({ start, end }) => at >= start && at < end) ? weights.inRange : 0,
    };
  };
  return {
    words: (number) => sumOf(wordParts(number)),
    signs: (number) => sumOf(signParts(number)),
    explain: (number) => ({ ...wordParts(number), ...signParts(number) }),
  };
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

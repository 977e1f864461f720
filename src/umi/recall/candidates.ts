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
  /** The same with what speaks for it besides words. */
  all(number: number): number;
  /** All of it, part by part. */
  explain(number: number): Readonly<Record<string, number>>;
}

type Part = (number: number) => number;

/** Lengths whose logarithms are at hand. */
const LOGARITHMS = Float64Array.from({ length: 1024 }, (_, length) => Math.log(1 + length));

/** Scores entries by the words that were found and by what the columns say. Tens of thousands, for one question. */
export function signScores(columns: EntryColumns, question: Question, words: WordScores, weights: Weights): SignScores {
  const { own, near, wide, neighbours, session, answers } = wordParts(columns, words, weights);
  const { asks, length, speaker, time, first, dates } = signParts(columns, question, weights);
  const wordsOf: Part = (n) => own(n) + near(n) + wide(n) + neighbours(n) + session(n) + answers(n);
  const signsOf: Part = (n) => asks(n) + length(n) + speaker(n) + time(n) + first(n) + dates(n);
  const parts = { own, near, wide, neighbours, session, answers, asks, length, speaker, time, first, dates };
  return {
    words: wordsOf,
    all: (number) => wordsOf(number) + signsOf(number),
    explain: (number) => Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part(number)])),
  };
}

function wordParts({ sessions, flags }: EntryColumns, words: WordScores, weights: Weights) {
  const { own, near, wide, session, scale } = words;
  const { assistant } = weights;
  const ownUnit = weights.own / scale.own;
  const nearUnit = weights.near / scale.near;
  const wideUnit = weights.wide / scale.wide;
  const shareUnit = weights.share / scale.own;
  const sessionUnit = weights.session / scale.session;
  const answersUnit = weights.answers / scale.own;
  const share: Part = (n) => (((flags[n] ?? 0) & BY_ASSISTANT) !== 0 ? assistant : 1);
  const beside = (n: number, other: number) => (sessions[other] === sessions[n] ? (own[other] ?? 0) : 0);
  return {
    own: (n: number) => (ownUnit === 0 ? 0 : share(n) * ownUnit * (own[n] ?? 0)),
    near: (n: number) => share(n) * nearUnit * (near[n] ?? 0),
    wide: (n: number) => share(n) * wideUnit * (wide[n] ?? 0),
    neighbours: (n: number) => (shareUnit === 0 ? 0 : share(n) * shareUnit * (beside(n, n - 1) + beside(n, n + 1))),
    session: (n: number) => sessionUnit * (session[sessions[n] ?? 0] ?? 0),
    answers: (n: number) => (((flags[n - 1] ?? 0) & ASKS) === 0 ? 0 : answersUnit * beside(n, n - 1)),
  };
}

function signParts(columns: EntryColumns, question: Question, weights: Weights) {
  const { sessions, flags, lengths, speakers, times } = columns;
  const { names } = question;
  const ranges = question.ranges.filter(({ start, end }) => start > ALL_TIME.start || end < ALL_TIME.end);
  const timeFlag = question.asksTime ? NAMES_TIME : 0;
  const isInRange = (at: number) => ranges.some(({ start, end }) => at >= start && at < end);
  const logarithm = (length: number) => LOGARITHMS[length] ?? Math.log(1 + length);
  return {
    asks: (n: number) => (((flags[n] ?? 0) & ASKS) === 0 ? 0 : weights.asks),
    length: (n: number) => weights.length * logarithm(lengths[n] ?? 0),
    speaker: (n: number) => (names.has(speakers[n] ?? 0) ? weights.speaker : 0),
    time: (n: number) => (((flags[n] ?? 0) & timeFlag) === 0 ? 0 : weights.time),
    first: (n: number) => (n > 0 && sessions[n - 1] === sessions[n] ? 0 : weights.first),
    dates: (n: number) => (ranges.length > 0 && isInRange(times[n] ?? 0) ? weights.inRange : 0),
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
  const { touched } = words;
  for (let i = 0; i < touched.length; i++) {
    const number = touched[i] ?? 0;
    const score = scores.all(number);
    if (top.wants(score) && accept(number)) top.offer(number, score);
  }
  return top.best();
}

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

/** The parts of a score, in the order in which they stand in a row: first those of words, then the signs. */
const PARTS = [
  ...["own", "near", "wide", "neighbours", "session", "answers"],
  ...["asks", "length", "speaker", "time", "first", "dates"],
];
const WORD_PARTS = 6;
/** Lengths whose logarithms are at hand. */
const LOGARITHMS = Float64Array.from({ length: 1024 }, (_, length) => Math.log(1 + length));

/** Scores entries by the words that were found and by what the columns say. Tens of thousands, for one question. */
export function signScores({
  columns,
  question,
  words,
  weights,
}: {
  readonly columns: EntryColumns;
  readonly question: Question;
  readonly words: WordScores;
  readonly weights: Weights;
}): SignScores {
  const row = new Float64Array(PARTS.length);
  const writeWords = wordParts(columns, words, weights, row);
  const writeSigns = signParts(columns, question, weights, row);
  return {
    words: writeWords,
    all: (number) => writeWords(number) + writeSigns(number),
    explain(number) {
      writeWords(number);
      writeSigns(number);
      return Object.fromEntries(PARTS.map((name, i) => [name, row[i] ?? 0]));
    },
  };
}

/** Writes the parts of an entry that come from words into the row; gives their sum. */
function wordParts({ sessions, flags }: EntryColumns, words: WordScores, weights: Weights, row: Float64Array) {
  const { own, near, wide, session, scale } = words;
  const { assistant } = weights;
  const ownUnit = weights.own / scale.own;
  const nearUnit = weights.near / scale.near;
  const wideUnit = weights.wide / scale.wide;
  const shareUnit = weights.share / scale.own;
  const sessionUnit = weights.session / scale.session;
  const answersUnit = weights.answers / scale.own;
  // Outside of an array's bounds nothing may be read: it makes all reading of it slow.
  const last = words.size - 1;
  const before = (at: number, number: number) =>
    number > 0 && sessions[number - 1] === at ? (own[number - 1] ?? 0) : 0;
  const after = (at: number, number: number) =>
    number < last && sessions[number + 1] === at ? (own[number + 1] ?? 0) : 0;
  return (number: number): number => {
    const at = sessions[number] ?? 0;
    const share = ((flags[number] ?? 0) & BY_ASSISTANT) === 0 ? 1 : assistant;
    const ownPart = share * ownUnit * (own[number] ?? 0);
    const nearPart = share * nearUnit * (near[number] ?? 0);
    const widePart = share * wideUnit * (wide[number] ?? 0);
    const sharePart = shareUnit === 0 ? 0 : share * shareUnit * (before(at, number) + after(at, number));
    const sessionPart = sessionUnit * (session[at] ?? 0);
    const answersPart = number > 0 && ((flags[number - 1] ?? 0) & ASKS) !== 0 ? answersUnit * before(at, number) : 0;
    row[0] = ownPart;
    row[1] = nearPart;
    row[2] = widePart;
    row[3] = sharePart;
    row[4] = sessionPart;
    row[5] = answersPart;
    return ownPart + nearPart + widePart + sharePart + sessionPart + answersPart;
  };
}

/** Writes what else speaks for an entry into the row; gives the sum. */
function signParts(columns: EntryColumns, question: Question, weights: Weights, row: Float64Array) {
  const { sessions, flags, lengths, speakers, times } = columns;
  const named = [...question.names].filter((name) => columns.spokenBy(name) > 0);
  const ranges = question.ranges.filter(({ start, end }) => start > ALL_TIME.start || end < ALL_TIME.end);
  const timeFlag = question.asksTime ? NAMES_TIME : 0;
  const isNamed = (speaker: number) => named.length > 0 && named.includes(speaker);
  const isInRange = (at: number) => ranges.length > 0 && ranges.some(({ start, end }) => at >= start && at < end);
  const isFirst = (number: number) => number === 0 || sessions[number - 1] !== sessions[number];
  return (number: number): number => {
    const flag = flags[number] ?? 0;
    const length = lengths[number] ?? 0;
    const asksPart = (flag & ASKS) === 0 ? 0 : weights.asks;
    const lengthPart = weights.length * (LOGARITHMS[length] ?? Math.log(1 + length));
    const speakerPart = isNamed(speakers[number] ?? 0) ? weights.speaker : 0;
    const timePart = (flag & timeFlag) === 0 ? 0 : weights.time;
    const firstPart = isFirst(number) ? weights.first : 0;
    const datesPart = isInRange(times[number] ?? 0) ? weights.inRange : 0;
    row[WORD_PARTS] = asksPart;
    row[WORD_PARTS + 1] = lengthPart;
    row[WORD_PARTS + 2] = speakerPart;
    row[WORD_PARTS + 3] = timePart;
    row[WORD_PARTS + 4] = firstPart;
    row[WORD_PARTS + 5] = datesPart;
    return asksPart + lengthPart + speakerPart + timePart + firstPart + datesPart;
  };
}

/** The `limit` most promising of the entries whose words, or neighbours' words, were found. */
export function bestCandidates(
  { scores, words }: { readonly scores: SignScores; readonly words: WordScores },
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
  return top.best().map(({ number }) => number);
}

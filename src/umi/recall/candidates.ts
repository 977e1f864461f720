import { ASKS, BY_ASSISTANT, type EntryColumns, NAMES_TIME } from "../index/columns.ts";
import { ALL_TIME } from "../text/date-range.ts";
import { TopNumbers } from "../top-numbers.ts";
import type { EntryFilter } from "./entry-filter.ts";
import type { Question } from "./question.ts";
import type { Weights } from "./weights.ts";
import type { WordScores } from "./word-scores.ts";

/** What the score of one entry is made of before its text is read: words first, then what else speaks for it. */
const PARTS = [
  "own",
  "near",
  "wide",
  "neighbours",
  "session",
  "answers",
  "asks",
  "length",
  "speaker",
  "time",
  "first",
  "dates",
] as const;
/** How many of {@link PARTS} are about words. */
const WORD_PARTS = 6;

/** Scores entries by number. */
export interface SignScores {
  /** What its words count, its neighbours' and its session's included. */
  words(number: number): number;
  /** The same with what speaks for it besides words. */
  all(number: number): number;
  /** All of it, part by part. */
  explain(number: number): Readonly<Record<string, number>>;
}

/** Scores entries by the words that were found and by what the columns say. */
export function signScores(columns: EntryColumns, question: Question, words: WordScores, weights: Weights): SignScores {
  const scorer = new SignScorer(columns, question, words, weights);
  return {
    words: (number) => scorer.sum(number, WORD_PARTS),
    all: (number) => scorer.sum(number, PARTS.length),
    explain: (number) => Object.fromEntries(PARTS.map((name, part) => [name, scorer.part(number, part)])),
  };
}

/** Parts are kept in one array for the entry at hand: thousands are scored for each question. */
class SignScorer {
  readonly #columns: EntryColumns;
  readonly #words: WordScores;
  readonly #weights: Weights;
  readonly #question: Question;
  readonly #ranges: Question["ranges"];
  readonly #parts = new Float64Array(PARTS.length);

  constructor(columns: EntryColumns, question: Question, words: WordScores, weights: Weights) {
    this.#columns = columns;
    this.#words = words;
    this.#weights = weights;
    this.#question = question;
    this.#ranges = question.ranges.filter(({ start, end }) => start > ALL_TIME.start || end < ALL_TIME.end);
  }

  sum(number: number, parts: number): number {
    this.#score(number);
    let sum = 0;
    for (let part = 0; part < parts; part++) sum += this.#parts[part] ?? 0;
    return sum;
  }

  part(number: number, part: number): number {
    this.#score(number);
    return this.#parts[part] ?? 0;
  }

  #score(number: number): void {
    this.#scoreWords(number);
    this.#scoreSigns(number);
  }

  #scoreWords(number: number): void {
    const { own, near, wide, session, scale } = this.#words;
    const weights = this.#weights;
    const parts = this.#parts;
    const share = this.#has(number, BY_ASSISTANT) ? weights.assistant : 1;
    const before = this.#ownOfNeighbour(number, number - 1);
    const after = this.#ownOfNeighbour(number, number + 1);
    parts[0] = (share * weights.own * (own[number] ?? 0)) / scale.own;
    parts[1] = (share * weights.near * (near[number] ?? 0)) / scale.near;
    parts[2] = (share * weights.wide * (wide[number] ?? 0)) / scale.wide;
    parts[3] = share * weights.share * (before + after);
    parts[4] = (weights.session * (session[this.#columns.sessions[number] ?? 0] ?? 0)) / scale.session;
    parts[5] = this.#has(number - 1, ASKS) ? weights.answers * before : 0;
  }

  #scoreSigns(number: number): void {
    const { sessions, lengths, speakers } = this.#columns;
    const weights = this.#weights;
    const parts = this.#parts;
    const isFirst = number === 0 || sessions[number - 1] !== sessions[number];
    parts[6] = this.#has(number, ASKS) ? weights.asks : 0;
    parts[7] = weights.length * Math.log(1 + (lengths[number] ?? 0));
    parts[8] = this.#question.names.has(speakers[number] ?? 0) ? weights.speaker : 0;
    parts[9] = this.#question.asksTime && this.#has(number, NAMES_TIME) ? weights.time : 0;
    parts[10] = isFirst ? weights.first : 0;
    parts[11] = this.#isInRange(number) ? weights.inRange : 0;
  }

  #has(number: number, flag: number): boolean {
    return ((this.#columns.flags[number] ?? 0) & flag) !== 0;
  }

  #isInRange(number: number): boolean {
    const at = this.#columns.times[number] ?? 0;
    return this.#ranges.some(({ start, end }) => at >= start && at < end);
  }

  #ownOfNeighbour(number: number, other: number): number {
    const { sessions } = this.#columns;
    return other >= 0 && sessions[other] === sessions[number]
      ? (this.#words.own[other] ?? 0) / this.#words.scale.own
      : 0;
  }
}

/** The `limit` most promising of the entries whose words, or neighbours' words, were found. */
export function bestCandidates(
  scores: SignScores,
  words: WordScores,
  accept: EntryFilter,
  limit: number,
): readonly number[] {
  const top = new TopNumbers(limit);
  for (const number of words.touched) {
    const score = scores.all(number);
    if (top.wants(score) && accept(number)) top.offer(number, score);
  }
  return top.best();
}

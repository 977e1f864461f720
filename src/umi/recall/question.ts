import type { Instant } from "../../core/clock.ts";
import { cut } from "../../core/text.ts";
import { hashOf } from "../index/columns.ts";
import { joinTerms, splitTerms } from "../index/entry.ts";
import type { DateRange } from "../text/date-range.ts";
import { datesIn } from "../text/dates.ts";
import { isStopWord } from "../text/stop-words.ts";
import { termOf } from "../text/terms.ts";
import { tokensOf } from "../text/tokens.ts";

/** Characters and words of a question that are read. */
const QUESTION_CHARS_MAX = 10_000;
const QUESTION_WORDS_READ_MAX = 1_000;
/** Different words of a question that are looked for; of more, those that the space has most rarely. */
export const QUESTION_TERMS_MAX = 64;

const ASKS_TIME =
  /^(?:and |so |but )?(?:when|since when|how long|how recently|(?:on |in )?(?:what|which) (?:date|day|month|year|week|time))\b/;

/** What is looked for. */
export interface Question {
  /** Its words in order, folded, without stop words, repeats kept. */
  readonly words: readonly string[];
  /** The terms of those words, each once, in order. */
  readonly terms: readonly string[];
  /** Neighbouring terms, as ` first second `, each once. */
  readonly pairs: readonly string[];
  /** Hashes of everything in it that could be somebody's name. */
  readonly names: ReadonlySet<number>;
  /** Whether the answer is a time. */
  readonly asksTime: boolean;
  /** The times it names. */
  readonly ranges: readonly DateRange[];
}

/** Reads a question as of an instant. */
export function readQuestion(text: string, now: Instant): Question {
  const bounded = cut(text, QUESTION_CHARS_MAX);
  const tokens = tokensOf(bounded);
  const words = tokens.filter((token) => !isStopWord(token)).slice(0, QUESTION_WORDS_READ_MAX);
  const sequence = words.map(termOf);
  return {
    words,
    terms: [...new Set(sequence)],
    pairs: [...new Set(sequence.slice(1).map((term, i) => joinTerms([sequence[i] ?? "", term])))],
    names: new Set(words.map((token) => hashOf(token.replace(/'s?$/, "")))),
    asksTime: ASKS_TIME.test(bounded.trimStart().toLowerCase()),
    ranges: datesIn(bounded, now),
  };
}

/** The question with those of its terms alone that tell its answers apart. */
export function narrowed(question: Question, terms: ReadonlySet<string>): Question {
  const kept = (pair: string) => splitTerms(pair).every((term) => terms.has(term));
  return { ...question, terms: question.terms.filter((term) => terms.has(term)), pairs: question.pairs.filter(kept) };
}

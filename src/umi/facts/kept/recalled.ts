import { tokensOf } from "../../text/tokens.ts";

/** Share of all words that two sentences must have in common to be one. */
const SAME_SHARE = 0.8;
/** Recalled sentences that a text is compared with, the last ones. */
const RECALLED_SENTENCES_MAX = 2_000;
/** Words below which a sentence is too short to have come from memory. */
const WORDS_MIN = 2;
const SENTENCE = /[^.!?。！？\n]+[.!?。！？]*/gu;

/**
 * The sentences of a text that were not recalled before: what an agent says again from memory is no news. Without this,
 * one mistake that is recalled, said and stored again grows with every turn.
 */
export function withoutRecalled(text: string, recalled: readonly string[]): string {
  if (recalled.length === 0) return text;
  const known = recalled.flatMap((one) => one.match(SENTENCE) ?? []).slice(-RECALLED_SENTENCES_MAX);
  const knownWords = known.map((one) => new Set(tokensOf(one))).filter((words) => words.size >= WORDS_MIN);
  const fresh = (text.match(SENTENCE) ?? []).filter((sentence) => {
    const words = new Set(tokensOf(sentence));
    return !knownWords.some((one) => isSame(words, one));
  });
  return fresh.join("").trim();
}

/** Whether one holds the other, or nearly all words of both are shared. */
function isSame(words: ReadonlySet<string>, known: ReadonlySet<string>): boolean {
  if (words.size === 0 || words.size < SAME_SHARE * known.size) return false;
  let shared = 0;
  for (const word of known) if (words.has(word)) shared++;
  return shared === known.size || shared >= SAME_SHARE * (words.size + known.size - shared);
}

import { stem } from "./stem.ts";
import { isStopWord } from "./stop-words.ts";
import { tokensOf } from "./tokens.ts";

const ENGLISH_LETTERS = /^[a-z']+$/;
const SPACED_LETTERS = /^\p{L}[\p{L}\p{M}']*$/u;
/** Letters of a word that the English stemmer does not know that count: endings are cut in any language. */
const NEUTRAL_STEM_CHARS = 6;

/**
 * What a text is indexed and searched under, in order, repeats kept: its words without stop words, English ones
 * stemmed, words of other alphabets cut to their beginnings, pairs of characters where there are no spaces. At most the
 * first `limit` of them.
 */
export function termsOf(text: string, limit = Number.POSITIVE_INFINITY): readonly string[] {
  const terms: string[] = [];
  // Words come again, and stemming one takes longer than looking it up.
  const known = new Map<string, string>();
  for (const token of tokensOf(text)) {
    if (isStopWord(token)) continue;
    if (terms.length >= limit) break;
    const term = known.get(token) ?? termOf(token);
    known.set(token, term);
    terms.push(term);
  }
  return terms;
}

/** The term that a folded word is found under. */
export function termOf(token: string): string {
  if (ENGLISH_LETTERS.test(token)) return stem(token);
  if (token.length <= NEUTRAL_STEM_CHARS || !SPACED_LETTERS.test(token)) return token;
  return [...token].slice(0, NEUTRAL_STEM_CHARS).join("");
}

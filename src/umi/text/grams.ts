import { tokensOf } from "./tokens.ts";

/** How long the pieces are that words are compared by, shortest and longest, in characters. */
const GRAM_CHARS_MIN = 3;
const GRAM_CHARS_MAX = 5;

/**
 * The pieces of three to five characters of each word, the word's edges marked with spaces, repeats kept. Words that
 * share many are spelled alike, whatever the language.
 */
export function gramsOf(text: string): readonly string[] {
  const grams: string[] = [];
  for (const token of tokensOf(text)) pushGrams(token, grams);
  return grams;
}

/** Adds the pieces of one folded word. */
export function pushGrams(token: string, grams: string[]): void {
  const padded = ` ${token} `;
  for (let size = GRAM_CHARS_MIN; size <= GRAM_CHARS_MAX; size++) {
    for (let i = 0; i + size <= padded.length; i++) grams.push(padded.slice(i, i + size));
  }
}

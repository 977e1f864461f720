/** How long the pieces are that terms are compared by, shortest and longest, in characters. */
export const GRAM_CHARS_MIN = 3;
const GRAM_CHARS_MAX = 5;

/**
 * The pieces of three to five characters of a term, its edges marked with spaces, repeats kept. Terms that share many
 * are spelled alike, whatever the language.
 */
export function gramsOf(term: string): readonly string[] {
  const padded = ` ${term} `;
  const grams: string[] = [];
  for (let size = GRAM_CHARS_MIN; size <= GRAM_CHARS_MAX; size++) {
    for (let at = 0; at + size <= padded.length; at++) grams.push(padded.slice(at, at + size));
  }
  return grams;
}

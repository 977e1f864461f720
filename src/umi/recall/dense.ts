import type { NearEntry } from "../vectors/vector-store.ts";

/** What nearness by vectors adds to the score of an entry. */
export interface DenseScores {
  /** In standard deviations above the last of the list, times the list's strength; 0 for an entry not in it. */
  of(number: number): number;
  readonly strength: number;
}

/** Entries at the head of a list that tell its strength. */
const HEAD = 10;
/** How much of the words' best a strong list finds by itself. */
const STRONG_SHARE = 0.5;
/** What is left of a list that shares nothing with the words that were found. */
const STRENGTH_MIN = 0.15;

/**
 * Weighs a list of near entries by how strong it proves for this question: the head of a good list shares words with
 * the question far more than chance does, that of a bad one does not, and then it hardly counts. Where no words were
 * found at all, vectors are all there is and count in full.
 */
export function denseScores(
  near: readonly NearEntry[],
  lexical: readonly number[],
  words: (number: number) => number,
): DenseScores {
  const similarities = new Map(near.map(({ number, similarity }) => [number, similarity]));
  const floor = Math.min(...similarities.values());
  const mean = meanOf([...similarities.values()]);
  const deviation = Math.sqrt(meanOf([...similarities.values()].map((each) => (each - mean) ** 2))) || 1;
  const best = meanOf(lexical.slice(0, HEAD).map(words));
  const own = meanOf(near.slice(0, HEAD).map(({ number }) => words(number)));
  const strength = best === 0 ? 1 : Math.min(1, Math.max(STRENGTH_MIN, own / best / STRONG_SHARE));
  return {
    strength,
    of(number) {
      const similarity = similarities.get(number);
      return similarity === undefined ? 0 : (strength * (similarity - floor)) / deviation;
    },
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length);
}

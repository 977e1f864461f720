import { editDistance } from "./edit-distance.ts";

/** Longer words are not compared: nobody mistypes so much at once. */
const WORD_CHARS_MAX = 100;
/** Candidates that are looked at. */
const CANDIDATES_MAX = 2_000;

/** The candidate that a person most likely meant, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase().slice(0, WORD_CHARS_MAX);
  if (wanted === "") return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates.slice(0, CANDIDATES_MAX)) {
    const name = candidate.toLowerCase().slice(0, WORD_CHARS_MAX);
    if (name === "") continue;
    const isPart = wanted.length > 2 && (name.includes(wanted) || wanted.includes(name));
    const edits = editDistance(wanted, name);
    // Of several that one is a part of, the one most like it.
    const distance = isPart ? Math.min(edits, 1 + edits / (2 * WORD_CHARS_MAX)) : edits;
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

import { pushGrams } from "../text/grams.ts";

/** Terms of one entry that are compared by spelling. */
const COMPARED_TERMS_MAX = 512;
/** Shares of pieces from which two terms count as spelled alike. */
const ALIKE_MIN = 0.5;
/** Terms that stand in for one that a space lacks. */
const ALIKE_TERMS_MAX = 3;
/** Characters added to a text's length, so that the shortest texts do not win by being short. */
const LENGTH_FLOOR = 30;

/** Compares texts with a question by the pieces their words are made of. Holds what it learned of each term. */
export class SpellingScorer {
  readonly #weights = new Map<string, number>();
  readonly #shared = new Map<string, readonly string[]>();

  /** Each term of the question with its weight. */
  constructor(terms: Iterable<readonly [string, number]>) {
    for (const [term, weight] of terms) {
      const grams = gramsOfTerm(term);
      for (const gram of grams) {
        const value = weight / Math.sqrt(grams.length);
        this.#weights.set(gram, Math.max(this.#weights.get(gram) ?? 0, value));
      }
    }
  }

  /** What the pieces that the terms share with the question weigh, less in a long text. */
  score(terms: readonly string[]): number {
    const hit = new Set<string>();
    let chars = 0;
    for (const term of terms.slice(0, COMPARED_TERMS_MAX)) {
      chars += term.length + 1;
      for (const gram of this.#sharedBy(term)) hit.add(gram);
    }
    let sum = 0;
    for (const gram of hit) sum += this.#weights.get(gram) ?? 0;
    return sum / (LENGTH_FLOOR + chars) ** 0.25;
  }

  #sharedBy(term: string): readonly string[] {
    const known = this.#shared.get(term);
    if (known !== undefined) return known;
    const shared = gramsOfTerm(term).filter((gram) => this.#weights.has(gram));
    this.#shared.set(term, shared);
    return shared;
  }
}

/** The terms most like `term`, with how like they are (Dice's coefficient of their pieces), best first, ties by term. */
export function alikeTerms(term: string, among: readonly string[]): readonly (readonly [string, number])[] {
  const wanted = new Set(gramsOfTerm(term));
  const alike = among.flatMap((other): (readonly [string, number])[] => {
    const grams = new Set(gramsOfTerm(other));
    let shared = 0;
    for (const gram of grams) if (wanted.has(gram)) shared++;
    const likeness = (2 * shared) / (wanted.size + grams.size);
    return likeness >= ALIKE_MIN && other !== term ? [[other, likeness]] : [];
  });
  return alike.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, ALIKE_TERMS_MAX);
}

function gramsOfTerm(term: string): readonly string[] {
  const grams: string[] = [];
  pushGrams(term, grams);
  return grams;
}

import { GRAM_CHARS_MIN, gramsOf } from "../text/grams.ts";

/** Characters of one entry's terms that are compared by spelling. */
const COMPARED_CHARS_MAX = 4_000;
/** Shares of pieces from which two terms count as spelled alike. */
const ALIKE_MIN = 0.5;
/** Characters by which two terms that are spelled alike may differ in length. */
const LENGTHS_APART_MAX = 2;
/** Terms that stand in for one that a space lacks. */
const ALIKE_TERMS_MAX = 3;
/** Bits by which texts are told, at nearly no cost, where none of the question's pieces can begin. */
const MARKS = 4_096;
/** What stands before and behind a term. */
const EDGE = 32;
/** Characters added to a text's length, so that the shortest texts do not win by being short. */
const LENGTH_FLOOR = 30;

/**
 * Compares texts with a question by the pieces their words are made of. Texts are joined terms, so that their spaces
 * mark where words begin and end, as they do in the pieces; no string is made of what is looked at.
 */
export class SpellingScorer {
  /** Pieces by the hash of their first three characters, then those longer, each with its place in `#weights`. */
  readonly #pieces = new Map<number, Piece[]>();
  readonly #isBegun = new Uint8Array(MARKS);
  readonly #weights: number[] = [];
  readonly #hitBy: number[] = [];
  #texts = 0;

  /** Each term of the question with its weight. */
  constructor(terms: Iterable<readonly [string, number]>) {
    const places = new Map<string, number>();
    for (const [term, weight] of terms) {
      const grams = gramsOf(term);
      for (const gram of grams) {
        const value = weight / Math.sqrt(grams.length);
        const place = places.get(gram) ?? this.#addPiece(gram);
        places.set(gram, place);
        this.#weights[place] = Math.max(this.#weights[place] ?? 0, value);
      }
    }
  }

  /** What the pieces that a text shares with the question weigh, less in a long text. */
  score(terms: string): number {
    const end = Math.min(terms.length, COMPARED_CHARS_MAX);
    const text = ++this.#texts;
    const isBegun = this.#isBegun;
    let sum = 0;
    let first = terms.charCodeAt(0);
    let second = terms.charCodeAt(1);
    for (let at = 0; at + 2 < end; at++) {
      const third = terms.charCodeAt(at + 2);
      const hash = hashOf(first, second, third);
      first = second;
      second = third;
      if (isBegun[hash & (MARKS - 1)] === 0) continue;
      const pieces = this.#pieces.get(hash);
      if (pieces === undefined) continue;
      for (const { gram, place } of pieces) {
        if (this.#hitBy[place] === text || !terms.startsWith(gram, at)) continue;
        this.#hitBy[place] = text;
        sum += this.#weights[place] ?? 0;
      }
    }
    return sum / (LENGTH_FLOOR + end) ** 0.25;
  }

  #addPiece(gram: string): number {
    const place = this.#weights.length;
    this.#weights.push(0);
    this.#hitBy.push(0);
    const hash = hashOf(gram.charCodeAt(0), gram.charCodeAt(1), gram.charCodeAt(2));
    this.#isBegun[hash & (MARKS - 1)] = 1;
    const others = this.#pieces.get(hash);
    if (others === undefined) this.#pieces.set(hash, [{ gram, place }]);
    else others.push({ gram, place });
    return place;
  }
}

interface Piece {
  readonly gram: string;
  readonly place: number;
}

function hashOf(first: number, second: number, third: number): number {
  return (Math.imul(Math.imul(first, 8191) + second, 8191) + third) | 0;
}

/** The terms most like `term`, with how like they are (Dice's coefficient of their pieces), best first, ties by term. */
export function alikeTerms(term: string, among: readonly string[]): readonly (readonly [string, number])[] {
  const wanted = new Set(gramsOf(term));
  const shortest = [...wanted].filter((gram) => gram.length === GRAM_CHARS_MIN);
  const isMarked = new Uint8Array(MARKS);
  for (const gram of shortest)
    isMarked[hashOf(gram.charCodeAt(0), gram.charCodeAt(1), gram.charCodeAt(2)) & (MARKS - 1)] = 1;
  const alike = among.flatMap((other): (readonly [string, number])[] => {
    // Most are told apart by length alone, which costs nothing, and most of the rest by the shortest pieces.
    if (other === term || Math.abs(other.length - term.length) > LENGTHS_APART_MAX) return [];
    if (!mayBeAlike(other, shortest.length, isMarked)) return [];
    const grams = gramsOf(other);
    let shared = 0;
    for (const gram of grams) if (wanted.has(gram)) shared++;
    const likeness = Math.min(1, (2 * shared) / (wanted.size + grams.length));
    return likeness >= ALIKE_MIN ? [[other, likeness]] : [];
  });
  return alike.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, ALIKE_TERMS_MAX);
}

/**
 * Whether a term can be alike at all: longer pieces are shared only where shorter ones are, so the share of the shortest
 * is the largest. Pieces are told by marks, so that a few too many pass.
 */
function mayBeAlike(other: string, wanted: number, isMarked: Uint8Array): boolean {
  let shared = 0;
  let first = EDGE;
  let second = other.charCodeAt(0);
  for (let at = 1; at <= other.length; at++) {
    const third = at === other.length ? EDGE : other.charCodeAt(at);
    shared += isMarked[hashOf(first, second, third) & (MARKS - 1)] ?? 0;
    first = second;
    second = third;
  }
  return 2 * shared >= ALIKE_MIN * (wanted + other.length);
}

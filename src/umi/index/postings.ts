/** Where a term occurs: numbers of entries, ascending, with how often (at most 255). */
export interface PostingList {
  readonly term: string;
  /** Entries that have the term, also where not all of them were read. */
  readonly total: number;
  readonly numbers: Uint32Array;
  readonly counts: Uint8Array;
}

/** The most postings of one chunk. */
export const CHUNK_POSTINGS_MAX = 256;
/** Occurrences of a term in one entry that count. */
export const COUNT_MAX = 255;

/** One entry that a term occurs in. */
export interface Posting {
  readonly number: number;
  readonly count: number;
}

/** How often each term occurs, in the order of first occurrence. */
export function countTerms(terms: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, Math.min((counts.get(term) ?? 0) + 1, COUNT_MAX));
  return counts;
}

/**
 * Postings as bytes: for each the distance to the number before it (to `before` for the first), seven bits a byte,
 * lowest first, the high bit saying that more follow; then a byte with the count.
 */
export function encodePostings(postings: readonly Posting[], before: number): Uint8Array {
  const bytes: number[] = [];
  let last = before;
  for (const { number, count } of postings) {
    let gap = number - last;
    last = number;
    while (gap > 127) {
      bytes.push((gap & 127) | 128);
      gap >>>= 7;
    }
    bytes.push(gap, count);
  }
  return Uint8Array.from(bytes);
}

/** Postings as {@link encodePostings} made them. `first` is the number that the distance of the first is counted from. */
export interface EncodedPostings {
  readonly first: number;
  readonly data: Uint8Array;
}

/** Writes the postings into the arrays from `start` on; gives the place after the last. */
export function decodePostings(
  { first, data: bytes }: EncodedPostings,
  into: { readonly numbers: Uint32Array; readonly counts: Uint8Array },
  start: number,
): number {
  let at = start;
  let last = first;
  for (let i = 0; i < bytes.length; ) {
    let gap = 0;
    let shift = 0;
    let byte = bytes[i++] ?? 0;
    while (byte > 127) {
      gap |= (byte & 127) << shift;
      shift += 7;
      byte = bytes[i++] ?? 0;
    }
    last += gap | (byte << shift);
    into.numbers[at] = last;
    into.counts[at] = bytes[i++] ?? 0;
    at++;
  }
  return at;
}

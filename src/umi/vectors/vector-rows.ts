import { TopNumbers } from "../top-numbers.ts";
import { createKernel, type Kernel } from "./kernel.ts";
import { codeOf, similarityOf } from "./unit-vector.ts";
import type { NumberFilter } from "./vector-store.ts";

/** Rows up to which every vector is compared exactly. */
export const EXACT_ROWS_MAX = 20_000;
/** Rows that the codes let through to be compared exactly, at least, and for each that is wanted. */
const RERANKED_MIN = 300;
const RERANKED_PER_HIT = 5;

const ROW_ALIGNMENT = 32;
const CODE_ALIGNMENT = 8;
const PAGE_BYTES = 65_536;
/** Results of one call of the kernel. */
const BLOCK_ROWS = 16_384;

/** A row and how near it is: a cosine mapped to 0..1. */
export interface NearRow {
  readonly number: number;
  readonly similarity: number;
}

/** Reads the vectors of these numbers; those that are gone are left out. */
export type ReadVectors = (
  numbers: readonly number[],
) => Promise<readonly { readonly number: number; readonly vector: Float32Array }[]>;

/**
 * The vectors of a space by number: up to {@link EXACT_ROWS_MAX} rows whole, beyond that one bit for each of their
 * numbers. Memory: 4 bytes or one bit a number, and one byte a row.
 */
export class VectorRows {
  readonly dimension: number;
  readonly #codes: Table;
  #whole: Table | undefined;
  #isPresent = new Uint8Array(256);
  #size = 0;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#codes = new Table(Math.ceil(Math.ceil(dimension / 8) / CODE_ALIGNMENT) * CODE_ALIGNMENT);
    this.#whole = new Table(Math.ceil((dimension * 4) / ROW_ALIGNMENT) * ROW_ALIGNMENT);
  }

  /** Whether whole vectors are kept. */
  get isExact(): boolean {
    return this.#whole !== undefined;
  }

  /** Keeps a vector of unit length. */
  set(number: number, vector: Float32Array): void {
    this.setCode(number, codeOf(vector));
    this.setWhole(number, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }

  /** Keeps the bytes of a vector whose code is kept, where whole vectors are. */
  setWhole(number: number, bytes: Uint8Array): void {
    this.#whole?.write(number, bytes);
  }

  /** Memory that the rows take. */
  get byteLength(): number {
    return this.#codes.byteLength + (this.#whole?.byteLength ?? 0) + this.#isPresent.byteLength;
  }

  /** Keeps a code alone: its vector is read when it is needed. */
  setCode(number: number, code: Uint8Array): void {
    if (number >= EXACT_ROWS_MAX) this.#whole = undefined;
    if (number >= this.#isPresent.length) {
      const grown = new Uint8Array(Math.max(number + 1, this.#isPresent.length * 2));
      grown.set(this.#isPresent);
      this.#isPresent = grown;
    }
    this.#size = Math.max(this.#size, number + 1);
    this.#isPresent[number] = 1;
    this.#codes.write(number, code);
  }

  remove(number: number): void {
    if (number < this.#size) this.#isPresent[number] = 0;
  }

  /** The `limit` rows nearest to a vector of unit length, nearest first, of equally near ones the lower number. */
  async nearest(
    vector: Float32Array,
    limit: number,
    accept: NumberFilter,
    read: ReadVectors,
  ): Promise<readonly NearRow[]> {
    const isCounted = (number: number) => this.#isPresent[number] === 1 && accept(number);
    if (this.#whole !== undefined) {
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      const top = new TopNumbers(limit);
      this.#whole.dots(bytes, this.#size, (number, cosine) => {
        if (top.wants(cosine) && isCounted(number)) top.offer(number, cosine);
      });
      return top.best().map(({ number, score }) => ({ number, similarity: similarityOf(score) }));
    }
    const promising = this.#promising(vector, Math.max(RERANKED_MIN, limit * RERANKED_PER_HIT), isCounted);
    const top = new TopNumbers(limit);
    for (const row of await read(promising)) top.offer(row.number, dot(vector, row.vector));
    return top.best().map(({ number, score }) => ({ number, similarity: similarityOf(score) }));
  }

  /** The `limit` rows whose codes differ least: distances are small whole numbers, so they are counted, not sorted. */
  #promising(vector: Float32Array, limit: number, isCounted: NumberFilter): readonly number[] {
    const byDistance: number[][] = Array.from({ length: this.dimension + 1 }, () => []);
    let kept = 0;
    let farthest = this.dimension;
    this.#codes.distances(codeOf(vector), this.#size, (number, distance) => {
      if (distance > farthest || !isCounted(number)) return;
      byDistance[distance]?.push(number);
      kept++;
      while (kept - (byDistance[farthest]?.length ?? 0) >= limit) {
        kept -= byDistance[farthest]?.length ?? 0;
        byDistance[farthest] = [];
        farthest--;
      }
    });
    return byDistance.flat().slice(0, limit);
  }
}

/** Rows of equal length in the memory of a kernel: first the query, then the results of one block, then the rows. */
class Table {
  readonly #kernel: Kernel = createKernel();
  readonly #rowBytes: number;
  readonly #out: number;
  readonly #rows: number;

  constructor(rowBytes: number) {
    this.#rowBytes = rowBytes;
    this.#out = rowBytes;
    this.#rows = rowBytes + BLOCK_ROWS * 4;
  }

  get byteLength(): number {
    return this.#kernel.memory.buffer.byteLength;
  }

  write(number: number, bytes: Uint8Array): void {
    const at = this.#rows + number * this.#rowBytes;
    this.#reserve(at + this.#rowBytes);
    new Uint8Array(this.#kernel.memory.buffer, at, this.#rowBytes).fill(0).set(bytes);
  }

  dots(query: Uint8Array, size: number, give: (number: number, cosine: number) => void): void {
    for (const [first, count] of this.#blocks(query, size)) {
      const from = this.#rows + first * this.#rowBytes;
      this.#kernel.dots(0, from, this.#out, count, this.#rowBytes);
      const out = new Float32Array(this.#kernel.memory.buffer, this.#out, count);
      for (let i = 0; i < count; i++) give(first + i, out[i] ?? 0);
    }
  }

  distances(query: Uint8Array, size: number, give: (number: number, distance: number) => void): void {
    for (const [first, count] of this.#blocks(query, size)) {
      const from = this.#rows + first * this.#rowBytes;
      this.#kernel.distances(0, from, this.#out, count, this.#rowBytes);
      const out = new Int32Array(this.#kernel.memory.buffer, this.#out, count);
      for (let i = 0; i < count; i++) give(first + i, out[i] ?? 0);
    }
  }

  *#blocks(query: Uint8Array, size: number): Generator<readonly [number, number]> {
    this.#reserve(this.#rows + size * this.#rowBytes);
    new Uint8Array(this.#kernel.memory.buffer, 0, this.#rowBytes).fill(0).set(query);
    for (let first = 0; first < size; first += BLOCK_ROWS) yield [first, Math.min(BLOCK_ROWS, size - first)];
  }

  /** Memory grows by a quarter at least, so that rows that come one by one do not copy it each time. */
  #reserve(bytes: number): void {
    const { memory } = this.#kernel;
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(Math.max(missing, memory.buffer.byteLength / 4) / PAGE_BYTES));
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

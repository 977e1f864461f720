import { once } from "../../core/once.ts";
import { TopNumbers } from "../top-numbers.ts";
import { createKernel } from "./kernel.ts";
import { codeOf, similarityOf } from "./unit-vector.ts";
import type { NearEntry, NumberFilter } from "./vector-store.ts";

/** Rows up to which whole vectors are kept. */
export const WHOLE_ROWS_MAX = 20_000;
/** Rows up to which every one of them is compared exactly. */
const EXACT_ROWS_MAX = 4_096;
/** Rows that the codes let through, at least, and for each that is wanted. */
const PROMISING_MIN = 1_000;
const PROMISING_PER_HIT = 10;
/** Of those, the rows whose vectors are compared. */
const COMPARED_MIN = 128;
const COMPARED_PER_HIT = 2;
/** Numbers of a vector below which its code tells so little that more are compared. */
const TELLING_DIMENSION = 256;

const ROW_ALIGNMENT = 32;
const CODE_ALIGNMENT = 16;
const PAGE_BYTES = 65_536;
/** Rows of one call of the kernel take so many bytes: they are copied to it, and stay in a core's own cache. */
const BLOCK_BYTES = 524_288;
/** What the kernel gives for one row, at most: a place and a distance. */
const RESULT_BYTES = 8;
const BYTE_VALUES = 256;

/** Reads the vectors of these numbers; those that are gone are left out. */
export type ReadVectors = (
  numbers: readonly number[],
) => Promise<readonly { readonly number: number; readonly vector: Float32Array }[]>;

/**
 * The vectors of a space by number: up to {@link WHOLE_ROWS_MAX} rows whole, beyond that one bit for each of their
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
    if (number >= WHOLE_ROWS_MAX) this.#whole = undefined;
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
  ): Promise<readonly NearEntry[]> {
    const isCounted = (number: number) => this.#isPresent[number] === 1 && accept(number);
    const top = new TopNumbers(limit);
    const offer = (number: number, cosine: number) => {
      if (top.wants(cosine)) top.offer(number, cosine);
    };
    if (this.#whole !== undefined && this.#size <= EXACT_ROWS_MAX) {
      this.#whole.dots(bytesOf(vector), this.#size, (number, cosine) => {
        if (top.wants(cosine) && isCounted(number)) top.offer(number, cosine);
      });
    } else {
      const promising = this.#promising(vector, Math.max(PROMISING_MIN, limit * PROMISING_PER_HIT), isCounted);
      const vagueness = Math.sqrt(Math.max(1, TELLING_DIMENSION / this.dimension));
      const compared = Math.ceil(Math.max(COMPARED_MIN, limit * COMPARED_PER_HIT) * vagueness);
      const refined = this.#refined(vector, promising, compared);
      if (this.#whole !== undefined) this.#whole.dotsOf(bytesOf(vector), refined, offer);
      else for (const row of await read(refined)) offer(row.number, dot(vector, row.vector));
    }
    return top.best().map(({ number, score }) => ({ number, similarity: similarityOf(score) }));
  }

  /** The `limit` rows whose codes differ least: distances are small whole numbers, so they are counted, not sorted. */
  #promising(vector: Float32Array, limit: number, isCounted: NumberFilter): readonly number[] {
    const byDistance: number[][] = Array.from({ length: this.dimension + 1 }, () => []);
    let kept = 0;
    let farthest = this.dimension;
    this.#codes.within(
      codeOf(vector),
      this.#size,
      () => farthest,
      (number, distance) => {
        if (distance > farthest || !isCounted(number)) return;
        byDistance[distance]?.push(number);
        kept++;
        while (kept - (byDistance[farthest]?.length ?? 0) >= limit) {
          kept -= byDistance[farthest]?.length ?? 0;
          byDistance[farthest] = [];
          farthest--;
        }
      },
    );
    return byDistance.flat().slice(0, limit);
  }

  /** The `limit` rows nearest to the vector itself, not its code, as far as their codes tell: far better than distances do. */
  #refined(vector: Float32Array, numbers: readonly number[], limit: number): readonly number[] {
    const sums = sumsByByte(vector);
    const top = new TopNumbers(limit);
    const bytes = Math.ceil(this.dimension / 8);
    const codes = this.#codes.bytes();
    for (const number of numbers) {
      const from = this.#codes.offsetOf(number);
      let sum = 0;
      for (let i = 0; i < bytes; i++) sum += sums[i * BYTE_VALUES + (codes[from + i] ?? 0)] ?? 0;
      top.offer(number, sum);
    }
    return top.best().map(({ number }) => number);
  }
}

/** For each byte of a code and each value it may have, the sum of the vector's numbers whose bits are set. */
function sumsByByte(vector: Float32Array): Float32Array {
  const bytes = Math.ceil(vector.length / 8);
  const sums = new Float32Array(bytes * BYTE_VALUES);
  for (let i = 0; i < bytes; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const each = vector[i * 8 + bit] ?? 0;
      const half = i * BYTE_VALUES + (1 << bit);
      // Values with this bit as the highest are those without it, and the bit.
      for (let value = 0; value < 1 << bit; value++) sums[half + value] = (sums[i * BYTE_VALUES + value] ?? 0) + each;
    }
  }
  return sums;
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Rows of equal length, which the kernel compares with a query a block at a time. */
class Table {
  readonly #rowBytes: number;
  readonly #blockRows: number;
  #bytes = new Uint8Array(0);

  constructor(rowBytes: number) {
    this.#rowBytes = rowBytes;
    this.#blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  write(number: number, bytes: Uint8Array): void {
    const at = number * this.#rowBytes;
    this.#reserve(at + this.#rowBytes);
    this.#bytes.fill(0, at, at + this.#rowBytes).set(bytes, at);
  }

  dots(query: Uint8Array, size: number, give: (number: number, cosine: number) => void): void {
    for (const { desk, first, count } of this.#blocks(query, size)) {
      const cosines = desk.dots(count);
      for (let i = 0; i < count; i++) give(first + i, cosines[i] ?? 0);
    }
  }

  /** As {@link Table.dots}, of some rows only. */
  dotsOf(query: Uint8Array, numbers: readonly number[], give: (number: number, cosine: number) => void): void {
    const desk = deskFor(query, this.#rowBytes, this.#blockRows);
    for (let first = 0; first < numbers.length; first += this.#blockRows) {
      const block = numbers.slice(first, first + this.#blockRows);
      for (const [i, number] of block.entries()) desk.rows.set(this.#rowsFrom(number, 1), i * this.#rowBytes);
      const cosines = desk.dots(block.length);
      for (const [i, number] of block.entries()) give(number, cosines[i] ?? 0);
    }
  }

  /** Gives the rows that differ in at most as many bits as `most` says, which is asked again for every block of rows. */
  within(query: Uint8Array, size: number, most: () => number, give: (number: number, distance: number) => void): void {
    for (const { desk, first, count } of this.#blocks(query, size)) {
      const pairs = desk.within(count, most());
      for (let i = 0; i < pairs.length; i += 2) give(first + (pairs[i] ?? 0), pairs[i + 1] ?? 0);
    }
  }

  /** All rows, each of which begins at {@link Table.offsetOf}. It holds until a row is written. */
  bytes(): Uint8Array {
    return this.#bytes;
  }

  offsetOf(number: number): number {
    return number * this.#rowBytes;
  }

  /** Lays one block of the first `size` rows after the other before the kernel. */
  *#blocks(query: Uint8Array, size: number): Generator<{ desk: Desk; first: number; count: number }> {
    const desk = deskFor(query, this.#rowBytes, this.#blockRows);
    for (let first = 0; first < size; first += this.#blockRows) {
      const count = Math.min(this.#blockRows, size - first);
      desk.rows.set(this.#rowsFrom(first, count));
      yield { desk, first, count };
    }
  }

  #rowsFrom(first: number, count: number): Uint8Array {
    this.#reserve((first + count) * this.#rowBytes);
    return this.#bytes.subarray(first * this.#rowBytes, (first + count) * this.#rowBytes);
  }

  /** Memory grows by a quarter at least, so that rows that come one by one do not copy it each time. */
  #reserve(bytes: number): void {
    const { byteLength } = this.#bytes;
    if (bytes > byteLength)
      this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(Math.max(bytes, Math.ceil(byteLength * 1.25))));
  }
}

/**
 * The kernel that all tables use, one after the other. Engines keep address space for every memory of a module, of which
 * a process may have a few only: beyond those each new one costs a collection of the whole heap.
 */
const kernel = once(createKernel);

type Desk = ReturnType<typeof deskFor>;

/** Lays a query of a table with rows of `rowBytes` into the kernel's memory: it holds until the next does. */
function deskFor(query: Uint8Array, rowBytes: number, blockRows: number) {
  const { memory, ...loops } = kernel();
  const out = rowBytes;
  // One more than there are rows: see Kernel.within.
  const rows = out + Math.ceil(((blockRows + 1) * RESULT_BYTES) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const missing = rows + blockRows * rowBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  new Uint8Array(memory.buffer, 0, rowBytes).fill(0).set(query);
  return {
    /** Where a block of rows belongs. */
    rows: new Uint8Array(memory.buffer, rows, blockRows * rowBytes),
    dots(count: number): Float32Array {
      loops.dots(0, rows, out, count, rowBytes);
      return new Float32Array(memory.buffer, out, count);
    },
    /** Pairs of a place in the block and a distance. */
    within(count: number, most: number): Int32Array {
      return new Int32Array(memory.buffer, out, loops.within(0, rows, out, count, rowBytes, most) * 2);
    },
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

import { Failure } from "../../core/failure.ts";

/** Numbers of a vector, at most. */
const DIMENSION_MAX = 16_384;

/** The vector at unit length; throws an `invalid` Failure when it has none, or another dimension than `dimension`. */
export function unitVector(vector: Float32Array, dimension?: number): Float32Array {
  if (vector.length === 0 || vector.length > DIMENSION_MAX)
    throw new Failure("invalid", `A vector has 1 to ${DIMENSION_MAX} numbers, got ${vector.length}`);
  if (dimension !== undefined && vector.length !== dimension)
    throw new Failure("invalid", `Vectors here have ${dimension} numbers, got ${vector.length}`);
  let squares = 0;
  for (const each of vector) squares += each * each;
  if (!Number.isFinite(squares)) throw new Failure("invalid", "A vector holds a number that is not finite");
  if (squares === 0) throw new Failure("invalid", "A vector of zeros has no direction");
  const scale = 1 / Math.sqrt(squares);
  return vector.map((each) => each * scale);
}

/** One bit for each number: whether it is above zero. Vectors near one another differ in few bits. */
export function codeOf(vector: Float32Array): Uint8Array {
  const code = new Uint8Array(Math.ceil(vector.length / 8));
  for (let i = 0; i < vector.length; i++) if ((vector[i] ?? 0) > 0) code[i >> 3] = (code[i >> 3] ?? 0) | (1 << (i & 7));
  return code;
}

/** A cosine (-1 to 1) as a similarity from 0 to 1. */
export function similarityOf(cosine: number): number {
  return Math.min(1, Math.max(0, (cosine + 1) / 2));
}

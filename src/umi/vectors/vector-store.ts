/** A vector of one entry: any length above zero, every number finite. It is kept at unit length. */
export interface EntryVector {
  readonly id: string;
  readonly vector: Float32Array;
}

/** An entry that waits for its vector, with the text to embed. */
export interface LackingEntry {
  readonly id: string;
  readonly text: string;
}

/** An entry near a query: its number in the space, and the cosine mapped to 0..1 (0.5 is a right angle). */
export interface NearEntry {
  readonly number: number;
  readonly similarity: number;
}

/** Which entries count; every one when it is absent. */
export type NumberFilter = (number: number) => boolean;

/**
 * Where the vectors of the entries of one organisation live. A space has vectors of one model at a time: a model is
 * named by any string that changes when its vectors do (such as a handle with its dimension).
 */
export interface VectorStore {
  /**
   * Keeps a vector for each of the entries, replacing what they had; ids that are no entries of the space any more
   * are passed over. Vectors of another model go when the first of `model` comes. Throws an `invalid` Failure for a
   * vector of zeros, with numbers that are not finite, or of another dimension than those of its model in the space.
   */
  put(space: string, model: string, vectors: readonly EntryVector[]): Promise<void>;
  /**
   * Notes that the model has no vector for these entries: they lack none any more, and are near nothing. `dimension` is
   * that of the model's vectors. Otherwise as {@link VectorStore.put}.
   */
  putNone(space: string, model: string, dimension: number, ids: readonly string[]): Promise<void>;
  /** The vectors of the model that these entries have, at unit length; ids without one are left out. */
  of(space: string, model: string, ids: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  /** Bytes that the vectors of all spaces take up, four for each number. */
  bytes(): Promise<number>;
  /** Forgets the vectors of these entries; unknown ids are passed over. Removing an entry does so by itself. */
  remove(space: string, ids: readonly string[]): Promise<void>;
  /** Up to `limit` entries without a vector of the model, oldest first. */
  lacking(space: string, model: string, limit: number): Promise<readonly LackingEntry[]>;
  /**
   * The up to `limit` entries whose vectors are nearest to `vector`, nearest first, of equally near ones the older.
   * Empty when the space
   * has no vectors of the model. Throws an `invalid` Failure as `put` does.
   */
  nearest(
    space: string,
    query: {
      readonly model: string;
      readonly vector: Float32Array;
      readonly limit: number;
      readonly accept?: NumberFilter;
    },
  ): Promise<readonly NearEntry[]>;
}

/** The part of a {@link VectorStore} that only reads. */
export type VectorReader = Pick<VectorStore, "of" | "bytes" | "lacking" | "nearest">;

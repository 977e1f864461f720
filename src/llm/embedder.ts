/** The vector of a text; null when the model has none for it: it is refused while others are taken, or all zeros. */
export type Embedding = Float32Array | null;

/** A model that turns texts into vectors, so that near meanings are near vectors. */
export interface Embedder {
  /** See `embeddingKeyOf`. */
  readonly key: string;
  /** The model's handle, for people. */
  readonly handle: string;
  /** How many numbers each vector has. */
  readonly dimensions: number;
  /**
   * One {@link Embedding} for each text, in their order, as the model gave it: finite numbers, of any length. Texts
   * are cut where the model's limit is. Throws a `Failure` when the provider cannot be had, or what it gives is no use.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Embedding[]>;
}

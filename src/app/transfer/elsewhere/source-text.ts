/** One JSON text of a file, which may be read several times from its beginning. */
export interface SourceText {
  /** What it is called, for a person. */
  readonly name: string;
  /** Reads it, and tells now and then which part of the whole file was read. */
  read(progress: (share: number) => void): AsyncIterable<Uint8Array>;
}

/** A file that other programs wrote. */
export interface SourceFile {
  /** Texts in which something may be that is taken, in order. */
  readonly texts: readonly SourceText[];
  /** Names of what else it holds that is none of them, up to so many. */
  readonly others: readonly string[];
}

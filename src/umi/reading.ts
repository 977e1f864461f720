import type { Entry } from "./index/entry.ts";

/** How far the turns of each space have been read for facts. It moves in the transaction that keeps what was found. */
export interface ReadingStore {
  /** Up to `limit` entries that nobody has read yet, oldest first; none when there is no such space. */
  next(space: string, limit: number): Promise<readonly Entry[]>;
  /** Notes that every entry up to this number was read; a lower number than before changes nothing. */
  advance(space: string, through: number): Promise<void>;
}

/** The part of a {@link ReadingStore} that only reads. */
export type ReadingReader = Pick<ReadingStore, "next">;

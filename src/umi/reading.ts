import type { Entry } from "./index/entry.ts";

/** How far the turns of each space have been read for facts. It moves in the transaction that keeps what was found. */
export interface ReadingStore {
  /** Up to `limit` entries that nobody has read yet, oldest first. */
  next(space: string, limit: number): Promise<readonly Entry[]>;
  /** Notes that every entry up to this number was read. */
  advance(space: string, through: number): Promise<void>;
}

import type { Instant } from "../core/clock.ts";

/**
 * The kinds of work that a space may need: `embed` gives its entries the vectors that they lack, `index` makes entries of
 * passages and messages that are none yet, `learn` reads what was said for facts, `judge` asks a model about facts of which
 * words alone do not tell whether one replaced the other, `parse` reads the files of a folder and makes passages of them,
 * `tell` tells plugins of an agent's steps, `sync` fills a folder with the documents of a plugin.
 */
export type WorkKind = "embed" | "index" | "learn" | "judge" | "parse" | "tell" | "sync";

/** One kind of work that a space still needs. */
export interface OwedWork {
  readonly space: string;
  readonly kind: WorkKind;
  /** Rises each time that more is owed, so that work which was added while somebody was at it is not forgotten. */
  readonly revision: number;
  /** Tries since the last that succeeded. */
  readonly attempts: number;
  /** Why the last try failed, or what the work waits for. */
  readonly error: string | null;
}

/** What came of a try: all of it is done, a piece is, it failed, or it makes no sense before the next start. */
export type WorkOutcome =
  | { readonly state: "done" | "more" }
  | { readonly state: "failed"; readonly error: string; readonly retryAt: Instant }
  | { readonly state: "parked"; readonly error: string };

/**
 * What the spaces of one organisation still need. It says only that something is to do: what that is, the space itself
 * tells whenever somebody looks (entries without a vector, entries that nobody has read for facts yet).
 */
export interface Backlog {
  /**
   * Notes that the space needs this work, in the transaction that causes it. What is noted already keeps its turn:
   * after failures it still waits, and is done on behalf of whoever owed it last. With `now` it is tried at once, because what was wrong may be so no longer.
   */
  owe(space: string, kind: WorkKind, when?: "in turn" | "now"): Promise<void>;
  /** What the space still needs of this kind; undefined when nothing. */
  find(space: string, kind: WorkKind): Promise<OwedWork | undefined>;
  /**
   * Takes work off the list when it is done and nothing was added since it was read; else notes when to go on: at once
   * after a piece, at `retryAt` after a failure, and not before the next start where it is parked. Of an error as much is
   * kept as a person reads.
   */
  settle(work: OwedWork, outcome: WorkOutcome): Promise<void>;
}

/** The part of a {@link Backlog} that only reads. */
export type BacklogReader = Pick<Backlog, "find">;

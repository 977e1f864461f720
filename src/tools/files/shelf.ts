import type { LineRange } from "./lines.ts";

/** A file that somebody wants to see, by its name with that of its folder, and which part of it. */
export interface WantedFile extends LineRange {
  readonly fileName: string;
}

/** What came of opening files. */
export interface Opened {
  /** What is open now of those that were asked for, with the lines shown and those of the whole file. */
  readonly opened: readonly {
    readonly fileName: string;
    readonly from: number;
    readonly to: number;
    readonly total: number;
  }[];
  /** Names of files that were closed for it. */
  readonly closed: readonly string[];
}

/** A passage of a file that a search found. */
export interface FileHit {
  readonly fileName: string;
  readonly text: string;
}

/** The files of one agent: those of the folders that are attached to it. */
export interface FileShelf {
  /** Names of the agent's files, those that are open first; up to `limit`. */
  names(limit: number): Promise<readonly string[]>;
  /** How many files the agent has. */
  count(): Promise<number>;
  /** The text of one of them; undefined while it is not read yet. Throws a `not_found` Failure where the agent has no such file. */
  textOf(fileName: string): Promise<string | undefined>;
  /**
   * Shows files in the agent's prompt. Others are closed where there are more open than the agent may have, those that
   * were not used for longest first, or with `closesOthers` all of them. Throws a Failure, and changes nothing, for a file that is
   * not there or not read yet, a part that begins beyond its end, and more files than may be open.
   */
  open(wanted: readonly WantedFile[], closesOthers: boolean): Promise<Opened>;
  /** Passages that fit a query, best first; none where nothing does. */
  search(query: string, limit: number): Promise<readonly FileHit[]>;
}

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

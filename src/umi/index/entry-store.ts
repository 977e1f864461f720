import type { EntryColumns } from "./columns.ts";
import type { Entry, NewEntry } from "./entry.ts";
import type { PostingList } from "./postings.ts";

/** Entries that one call may add. */
export const ADD_ENTRIES_MAX = 1_000;
/** Characters (UTF-16 units) of one entry's text. */
export const ENTRY_CHARS_MAX = 1_000_000;
/** Terms of a space that are compared with one that it lacks. */
export const SIMILAR_TERMS_MAX = 1_000;

/**
 * Where the entries of one organisation live, with what finds them. Whatever was added is found at once, by the same
 * transaction too; what was removed leaves no trace of its words.
 */
export interface EntryStore {
  /**
   * Adds entries at the end of a space, in order. Throws a `conflict` Failure when one of the ids is taken, an
   * `invalid` one when a text is longer than {@link ENTRY_CHARS_MAX} or there are more than {@link ADD_ENTRIES_MAX}.
   */
  add(space: string, entries: readonly NewEntry[]): Promise<void>;
  /** Removes entries with their words and vectors; gives how many there were. */
  remove(space: string, ids: readonly string[]): Promise<number>;
  /** Removes a space whole. */
  clear(space: string): Promise<void>;
  /** The entries of these ids that exist, in the order of their numbers. */
  find(space: string, ids: readonly string[]): Promise<readonly Entry[]>;
  /** The entries of these numbers that exist, in the order of their numbers. */
  read(space: string, numbers: readonly number[]): Promise<readonly Entry[]>;
  /** The terms under which the entries of these numbers that exist were indexed, in the order of their numbers. */
  terms(space: string, numbers: readonly number[]): Promise<readonly EntryTerms[]>;
  /** What scoring needs of every entry. It may be shared with other readers and is never changed, only grown. */
  columns(space: string): Promise<EntryColumns>;
  /**
   * Where these terms occur, rarest first (ties by term), terms that occur nowhere left out. Reads at most `budget`
   * postings in all: of a list that does not fit, the newest. With `listsMax`, the lists of that many terms at most.
   */
  postings(space: string, terms: readonly string[], budget: number, listsMax?: number): Promise<readonly PostingList[]>;
  /** Up to {@link SIMILAR_TERMS_MAX} terms of the space that begin with `prefix`, in code point order. */
  termsFrom(space: string, prefix: string): Promise<readonly string[]>;
}

/** The part of a {@link EntryStore} that only reads. */
export type EntryReader = Pick<EntryStore, "find" | "read" | "terms" | "columns" | "postings" | "termsFrom">;

/** What an entry is found by: its terms in order, with a space before, between and after them. */
export interface EntryTerms {
  readonly number: number;
  readonly terms: string;
}

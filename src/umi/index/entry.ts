import type { Instant } from "../../core/clock.ts";
import { termsOf } from "../text/terms.ts";
import { tokensOf } from "../text/tokens.ts";

/** Who said a text, as far as a chat with a model tells them apart. */
export type EntryRole = "user" | "assistant" | "none";

/** A text to be recalled later: a turn, a passage or a fact. */
export interface NewEntry {
  /** The caller's own id, used once in its space. */
  readonly id: string;
  /** What was said in one go: neighbours in it explain each other. Empty for texts that stand alone. */
  readonly session: string;
  /** The speaker's name; empty when there is none. */
  readonly speaker: string;
  readonly role: EntryRole;
  readonly text: string;
  /** When it was said. */
  readonly at: Instant;
  readonly tags: readonly string[];
}

/** A kept text. `number` counts the entries of its space from 0 in the order of addition; a removed one leaves a gap. */
export interface Entry extends NewEntry {
  readonly number: number;
}

/** Terms of one text that are indexed; what comes after them is kept but not found by its words. */
const ENTRY_TERMS_MAX = 8_000;
/** No token begins with this: terms that do are tags. */
const TAG_MARK = "#";

/** What an entry is found by, in order, repeats kept: its speaker and its words. */
export function entryTerms(entry: Pick<NewEntry, "speaker" | "text">): readonly string[] {
  const spoken = entry.speaker === "" ? entry.text : `${entry.speaker}: ${entry.text}`;
  return termsOf(spoken, ENTRY_TERMS_MAX);
}

/** Terms, which have no spaces, as one text: a space before, between and after them. */
export function joinTerms(terms: readonly string[]): string {
  return ` ${terms.join(" ")} `;
}

/** The terms of {@link joinTerms}. */
export function splitTerms(text: string): readonly string[] {
  return text.length <= 2 ? [] : text.slice(1, -1).split(" ");
}

/** The term under which entries with a tag are listed. */
export function tagTerm(tag: string): string {
  return TAG_MARK + tag;
}

/** How often a term that is no tag occurs in the terms of {@link joinTerms}; nothing is taken apart for it. */
export function countTerm(terms: string, term: string): number {
  const wanted = ` ${term} `;
  let count = 0;
  // The space behind one term is the space before the next.
  for (let at = terms.indexOf(wanted); at >= 0; at = terms.indexOf(wanted, at + wanted.length - 1)) count++;
  return count;
}

/** Whether a term stands for a tag. */
export function isTagTerm(term: string): boolean {
  return term.startsWith(TAG_MARK);
}

/** The name that people call a speaker by: the first word, folded; empty for nobody. */
export function calledName(speaker: string): string {
  return tokensOf(speaker)[0] ?? "";
}

import { parseTime } from "../../../api/wire/time.ts";
import { type Instant, instantOf } from "../../../core/clock.ts";
import { wellFormed } from "../../../core/text.ts";
import { UnusableRow } from "../unusable-row.ts";

/** What somebody said, as another program kept it. */
export interface SpokenTurn {
  /** Its id there. */
  readonly sourceId: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly at: Instant | null;
  readonly name: string | null;
}

/** A conversation of another program, with what of it is not taken. */
export interface Talk {
  readonly sourceId: string;
  readonly title: string | null;
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
  readonly turns: readonly SpokenTurn[];
  /** Messages that are left, by reason. */
  readonly left: ReadonlyMap<string, number>;
  /** Files and images that are left, named where they stood. */
  readonly files: number;
}

/** Messages that one conversation may have. */
const MESSAGES_MAX = 50_000;
/** Characters of a title. */
const TITLE_CHARS_MAX = 1_000;
/** Files that a turn names. */
const FILES_NAMED_MAX = 50;
const FILE_NAME_CHARS_MAX = 200;
/** Numbers beyond this are milliseconds, those below it seconds. */
const SECONDS_MAX = 1e11;
/** The end of the year 9999. */
const TIME_MAX = 253_402_300_799_999;

/** A time as other programs write it: seconds since 1970, milliseconds, or ISO 8601. Null where it is none. */
export function timeOf(value: unknown): Instant | null {
  if (typeof value === "string")
    return parseTime(value) ?? (/^\d+(\.\d+)?$/.test(value) ? timeOf(Number(value)) : null);
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) return null;
  const atMs = value < SECONDS_MAX ? value * 1000 : value;
  return atMs > TIME_MAX ? null : instantOf(atMs);
}

/** A text that says something; null where it is none. */
export function wordsOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? wellFormed(value) : null;
}

/** A title, cut where it is endless. */
export function titleOf(value: unknown): string | null {
  return wordsOf(value)?.slice(0, TITLE_CHARS_MAX) ?? null;
}

/** A text with the files that came with it, which are not brought along, named under it. */
export function withFiles(text: string, files: readonly string[]): string {
  const named = files.slice(0, FILES_NAMED_MAX).map((name) => wellFormed(name).slice(0, FILE_NAME_CHARS_MAX));
  return [text.trim(), ...named.map((name) => `[not brought along: ${name}]`)].filter((line) => line !== "").join("\n");
}

/** Counts what is left of a conversation, by reason. */
export function createLeft() {
  const left = new Map<string, number>();
  return {
    left,
    add(reason: string, count = 1) {
      if (count > 0) left.set(reason, (left.get(reason) ?? 0) + count);
    },
  };
}

/** Throws where a conversation has more messages than one may have. */
export function requireLength(count: number): void {
  if (count > MESSAGES_MAX) throw new UnusableRow(`it has more than ${MESSAGES_MAX} messages`);
}

/** The way from the beginning to a leaf of a tree, by what each names as the one before it. */
export function branchTo(leaf: string, parentOf: (id: string) => string | null): readonly string[] {
  const seen = new Set<string>();
  for (let at: string | null = leaf; at !== null; at = parentOf(at)) {
    if (seen.has(at)) throw new UnusableRow("its messages follow each other in a circle");
    seen.add(at);
  }
  return [...seen].reverse();
}

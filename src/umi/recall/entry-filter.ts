import { type EntryColumns, PRESENT, roleFlag, sessionHash } from "../index/columns.ts";
import { tagTerm } from "../index/entry.ts";
import type { EntryReader } from "../index/entry-store.ts";
import type { RecallOptions } from "./recall-options.ts";

/** Whether an entry may be a hit. */
export type EntryFilter = (number: number) => boolean;

const ROLE_BITS = roleFlag("user") | roleFlag("assistant");
/** Tags of one question that are looked at, and entries that they may name. */
const TAGS_MAX = 64;
const TAGGED_MAX = 2_000_000;

/** The filter of a recall: entries that are there and that its options let through. */
export async function entryFilter(
  entries: EntryReader,
  columns: EntryColumns,
  options: RecallOptions,
): Promise<EntryFilter> {
  const { flags, times, sessions } = columns;
  const { roles, start, end, session } = options;
  const isPresent: EntryFilter = (number) => ((flags[number] ?? 0) & PRESENT) !== 0;
  const conditions: EntryFilter[] = [];
  if (roles !== undefined) {
    const wanted = new Set(roles.map(roleFlag));
    conditions.push((number) => wanted.has((flags[number] ?? 0) & ROLE_BITS));
  }
  if (start !== undefined) conditions.push((number) => (times[number] ?? 0) >= start);
  if (end !== undefined) conditions.push((number) => (times[number] ?? 0) <= end);
  if (session !== undefined) {
    const index = columns.sessionIndex(sessionHash(session)) ?? -1;
    conditions.push((number) => sessions[number] === index);
  }
  const tagged = await taggedNumbers(entries, options);
  if (tagged !== undefined) conditions.push((number) => tagged.has(number));
  if (conditions.length === 0) return isPresent;
  return (number) => isPresent(number) && conditions.every((holds) => holds(number));
}

async function taggedNumbers(entries: EntryReader, options: RecallOptions): Promise<ReadonlySet<number> | undefined> {
  const tags = [...new Set(options.tags ?? [])].slice(0, TAGS_MAX);
  if (tags.length === 0) return undefined;
  const lists = await entries.postings(options.space, tags.map(tagTerm), TAGGED_MAX);
  const counts = new Map<number, number>();
  for (const { numbers } of lists) for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const enough = options.tagMatch === "all" ? tags.length : 1;
  return new Set([...counts].filter(([, count]) => count >= enough).map(([number]) => number));
}

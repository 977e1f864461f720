import { type EntryColumns, hashOf, PRESENT, roleFlag } from "../index/columns.ts";
import { tagTerm } from "../index/entry.ts";
import type { EntryStore } from "../index/entry-store.ts";
import type { RecallOptions } from "./recall-options.ts";

/** Whether an entry may be a hit. */
export type EntryFilter = (number: number) => boolean;

const ROLE_BITS = roleFlag("user") | roleFlag("assistant");
/** Tags of one question that are looked at, and entries that they may name. */
const TAGS_MAX = 64;
const TAGGED_MAX = 2_000_000;

/** The filter of a recall, or undefined when it lets everything through that is there. */
export async function entryFilter(
  entries: EntryStore,
  columns: EntryColumns,
  options: RecallOptions,
): Promise<EntryFilter> {
  const { roles, start, end, session } = options;
  const tagged = await taggedNumbers(entries, options);
  const wanted = roles && new Set(roles.map(roleFlag));
  const sessionIndex = session === undefined ? undefined : (columns.sessionIndex(hashOf(session)) ?? -1);
  return (number) => {
    const flags = columns.flags[number] ?? 0;
    const at = columns.times[number] ?? 0;
    if ((flags & PRESENT) === 0) return false;
    if (wanted !== undefined && !wanted.has(flags & ROLE_BITS)) return false;
    if ((start !== undefined && at < start) || (end !== undefined && at > end)) return false;
    if (sessionIndex !== undefined && columns.sessions[number] !== sessionIndex) return false;
    return tagged === undefined || tagged.has(number);
  };
}

async function taggedNumbers(entries: EntryStore, options: RecallOptions): Promise<ReadonlySet<number> | undefined> {
  const tags = [...new Set(options.tags ?? [])].slice(0, TAGS_MAX);
  if (tags.length === 0) return undefined;
  const lists = await entries.postings(options.space, tags.map(tagTerm), TAGGED_MAX);
  const counts = new Map<number, number>();
  for (const { numbers } of lists) for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const enough = options.tagMatch === "all" ? tags.length : 1;
  return new Set([...counts].filter(([, count]) => count >= enough).map(([number]) => number));
}

import { instantOf } from "../../core/clock.ts";
import { type Entry, type EntryRole, splitTerms } from "../../umi/index/entry.ts";
import type { EntryTerms } from "../../umi/index/entry-store.ts";
import type { SqlConnection } from "../base/driver.ts";
import { filledLists, placeholders } from "../base/placeholders.ts";
import { fromJson } from "../base/rows.ts";
import type { SpaceRow } from "../base/space.ts";

/** The columns of `umi_entries`, but for the space. */
export const ENTRY_COLUMNS = "number, id, session, speaker, role, text, at, tags, terms";
const TAIL = `select ${ENTRY_COLUMNS} from umi_entries where space_number = $1 and number >= $2 order by number`;
const NEXT = `${TAIL} limit $3`;
const TAIL_TERMS =
  "select number, terms, tags from umi_entries where space_number = $1 and number >= $2 order by number";

/** The entries of a space from a number on. */
export async function readTail(sql: SqlConnection, space: SpaceRow, from: number): Promise<readonly IndexedEntry[]> {
  return (await sql.execute(TAIL, [space.number, from])).rows.map(indexedEntryOf);
}

/** The next entries of a space from a number on. */
export async function readNext(
  sql: SqlConnection,
  space: SpaceRow,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<readonly IndexedEntry[]> {
  return (await sql.execute(NEXT, [space.number, from, limit])).rows.map(indexedEntryOf);
}

/** What an entry of the tail is found by: its terms as one text, and its tags in JSON. */
export interface TailTerms {
  readonly number: number;
  readonly terms: string;
  readonly tags: string;
}

/** The terms of the entries that the index does not cover. */
export async function readTailTerms(sql: SqlConnection, space: SpaceRow): Promise<readonly TailTerms[]> {
  if (space.indexedThrough === space.nextNumber) return [];
  return (await sql.execute(TAIL_TERMS, [space.number, space.indexedThrough])).rows.map((row) => ({
    number: Number(row["number"]),
    terms: row["terms"] as string,
    tags: row["tags"] as string,
  }));
}

/** An entry with its terms, in order. */
export interface IndexedEntry {
  readonly entry: Entry;
  readonly terms: readonly string[];
}

/** A row of `umi_entries`, all its columns but the space. */
export function indexedEntryOf(row: Readonly<Record<string, unknown>>): IndexedEntry {
  return {
    entry: {
      number: Number(row["number"]),
      id: row["id"] as string,
      session: row["session"] as string,
      speaker: row["speaker"] as string,
      role: row["role"] as EntryRole,
      text: row["text"] as string,
      at: instantOf(Number(row["at"])),
      tags: fromJson(row["tags"] as string),
    },
    terms: splitTerms(row["terms"] as string),
  };
}

/** The entries whose id or number is among the values, in the order of their numbers. */
export async function entriesBy(
  sql: SqlConnection,
  space: SpaceRow,
  { column, values }: { readonly column: "id" | "number"; readonly values: readonly (string | number)[] },
): Promise<readonly IndexedEntry[]> {
  const found: IndexedEntry[] = [];
  for (const list of filledLists([...new Set(values)])) {
    const wanted = placeholders(2, list.length);
    const statement = `select ${ENTRY_COLUMNS} from umi_entries where space_number = $1 and ${column} in (${wanted})`;
    const { rows } = await sql.execute(statement, [space.number, ...list]);
    for (const row of rows) found.push(indexedEntryOf(row));
  }
  return found.sort((a, b) => a.entry.number - b.entry.number);
}

/** The terms of the entries of these numbers, in the order of the numbers. */
export async function termsBy(
  sql: SqlConnection,
  space: SpaceRow,
  numbers: readonly number[],
): Promise<readonly EntryTerms[]> {
  const found: EntryTerms[] = [];
  for (const list of filledLists([...new Set(numbers)])) {
    const wanted = placeholders(2, list.length);
    const statement = `select number, terms from umi_entries where space_number = $1 and number in (${wanted})`;
    const { rows } = await sql.execute(statement, [space.number, ...list]);
    for (const row of rows) found.push({ number: Number(row["number"]), terms: row["terms"] as string });
  }
  return found.sort((a, b) => a.number - b.number);
}

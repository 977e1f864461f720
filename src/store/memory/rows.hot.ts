// Hot: a search reads entries by number, and every entry that is stored is looked up. 64 of them take 7 µs, and 28 µs where the
// query is built (Bun 1.4.5).
import { type Entry, splitTerms } from "../../umi/index/entry.ts";
import type { EntryTerms } from "../../umi/index/entry-store.ts";
import type { TypedConnection } from "../base/driver.ts";
import { filledLists, placeholders } from "../base/placeholders.ts";
import { fromJson } from "../base/rows.ts";
import type { SpaceRow } from "../base/space.hot.ts";

/** The columns of `umi_entries`, but for the space. */
export const ENTRY_COLUMNS = "number, id, session, speaker, role, text, at, tags, terms";
const TAIL = `select ${ENTRY_COLUMNS} from umi_entries where space_number = $1 and number >= $2 order by number`;
const NEXT = `${TAIL} limit $3`;
const TAIL_TERMS =
  "select number, terms, tags from umi_entries where space_number = $1 and number >= $2 order by number";

/** The entries of a space from a number on. */
export async function readTail(sql: TypedConnection, space: SpaceRow, from: number): Promise<readonly IndexedEntry[]> {
  return (await sql.execute<EntryColumns>(TAIL, [space.number, from])).rows.map(indexedEntryOf);
}

/** The next entries of a space from a number on. */
export async function readNext(
  sql: TypedConnection,
  space: Pick<SpaceRow, "number">,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<readonly IndexedEntry[]> {
  return (await sql.execute<EntryColumns>(NEXT, [space.number, from, limit])).rows.map(indexedEntryOf);
}

/** What an entry of the tail is found by: its terms as one text, and its tags in JSON. */
export interface TailTerms {
  readonly number: number;
  readonly terms: string;
  readonly tags: string;
}

/** The terms of the entries that the index does not cover. */
export async function readTailTerms(sql: TypedConnection, space: SpaceRow): Promise<readonly TailTerms[]> {
  if (space.indexedThrough === space.nextNumber) return [];
  return (await sql.execute<TailTerms>(TAIL_TERMS, [space.number, space.indexedThrough])).rows;
}

/** An entry with its terms, in order. */
export interface IndexedEntry {
  readonly entry: Entry;
  readonly terms: readonly string[];
}

/** {@link ENTRY_COLUMNS} as they stand: tags in JSON, and terms as one text. */
export interface EntryColumns extends Omit<Entry, "tags"> {
  readonly tags: string;
  readonly terms: string;
}

/** A row of `umi_entries`, all its columns but the space. */
export function indexedEntryOf(row: EntryColumns): IndexedEntry {
  const { number, id, session, speaker, role, text, at } = row;
  return {
    entry: { number, id, session, speaker, role, text, at, tags: fromJson(row.tags) },
    terms: splitTerms(row.terms),
  };
}

/** The entries whose id or number is among the values, in the order of their numbers. */
export async function entriesBy(
  sql: TypedConnection,
  space: SpaceRow,
  { column, values }: { readonly column: "id" | "number"; readonly values: readonly (string | number)[] },
): Promise<readonly IndexedEntry[]> {
  const found: IndexedEntry[] = [];
  for (const list of filledLists([...new Set(values)])) {
    const wanted = placeholders(2, list.length);
    const statement = `select ${ENTRY_COLUMNS} from umi_entries where space_number = $1 and ${column} in (${wanted})`;
    const { rows } = await sql.execute<EntryColumns>(statement, [space.number, ...list]);
    for (const row of rows) found.push(indexedEntryOf(row));
  }
  return found.sort((a, b) => a.entry.number - b.entry.number);
}

/** The terms of the entries of these numbers, in the order of the numbers. */
export async function termsBy(
  sql: TypedConnection,
  space: SpaceRow,
  numbers: readonly number[],
): Promise<readonly EntryTerms[]> {
  const found: EntryTerms[] = [];
  for (const list of filledLists([...new Set(numbers)])) {
    const wanted = placeholders(2, list.length);
    const statement = `select number, terms from umi_entries where space_number = $1 and number in (${wanted})`;
    found.push(...(await sql.execute<EntryTerms>(statement, [space.number, ...list])).rows);
  }
  return found.sort((a, b) => a.number - b.number);
}

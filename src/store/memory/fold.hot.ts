// Hot: a fold reads and writes a chunk of each term, some thousand statements. One takes 7 µs, and 19 µs where the query is
// built (Bun 1.4.5).
import { type EntryRow, encodeRows, goneRow, ROW_BYTES, rowOf } from "../../umi/index/columns.ts";
import { tagTerm } from "../../umi/index/entry.ts";
import {
  CHUNK_POSTINGS_MAX,
  countTerms,
  decodePostings,
  encodePostings,
  type Posting,
} from "../../umi/index/postings.ts";
import { INTEGER_MAX } from "../base/dialect.ts";
import type { TypedConnection } from "../base/driver.ts";
import type { SpaceRow } from "../base/space.hot.ts";
import { type IndexedEntry, readNext } from "./rows.hot.ts";

const LAST_CHUNK =
  "select first_number, last_number, total, data from umi_postings where space_number = $1 and term = $2 and first_number <= $3 order by first_number desc limit 1";
const INSERT_CHUNK =
  "insert into umi_postings (space_number, term, first_number, last_number, total, data) values ($1, $2, $3, $4, $5, $6)";
const UPDATE_CHUNK =
  "update umi_postings set last_number = $1, total = $2, data = $3 where space_number = $4 and term = $5 and first_number = $6";
const DELETE_CHUNK = "delete from umi_postings where space_number = $1 and term = $2 and first_number = $3";

/** Entries that are read at once. */
const ENTRIES_PER_READ = 32;

interface Chunk {
  readonly first: number;
  readonly last: number;
  readonly total: number;
  readonly data: Uint8Array;
}

/** Puts the entries that the index does not cover yet into it, those before `nextNumber`. */
export async function fold(
  sql: TypedConnection,
  space: Pick<SpaceRow, "number" | "nextNumber" | "indexedThrough">,
): Promise<void> {
  const { nextNumber, indexedThrough } = space;
  const columns: EntryRow[] = Array.from({ length: nextNumber - indexedThrough }, (_, i) =>
    goneRow(indexedThrough + i),
  );
  const lists = new Map<string, Posting[]>();
  // Others get a turn between the statements.
  for (let from = indexedThrough; from < nextNumber; ) {
    const read = await readNext(sql, space, { from, limit: ENTRIES_PER_READ });
    const entries = read.filter(({ entry }) => entry.number < nextNumber);
    for (const { entry, terms } of entries)
      columns[entry.number - indexedThrough] = rowOf(entry, entry.number, terms.length);
    addPostings(lists, entries);
    from = (entries.at(-1)?.entry.number ?? nextNumber) + 1;
  }
  await sql.execute("insert into umi_columns (space_number, first_number, data) values ($1, $2, $3)", [
    space.number,
    indexedThrough,
    encodeRows(columns),
  ]);
  for (const [term, postings] of byTerm(lists)) await append(sql, space, term, postings);
  await sql.execute("update umi_spaces set indexed_through = $1 where number = $2", [nextNumber, space.number]);
}

/** Takes an entry that the index covers out of it. */
export async function unfold(sql: TypedConnection, space: SpaceRow, indexed: IndexedEntry): Promise<void> {
  const { number } = indexed.entry;
  for (const term of termsToIndex(indexed).keys()) {
    const chunk = await chunkAt(sql, space, term, number);
    if (chunk === undefined) continue;
    const left = postingsIn(chunk).filter((posting) => posting.number !== number);
    const last = left.at(-1)?.number;
    if (last === undefined) await sql.execute(DELETE_CHUNK, [space.number, term, chunk.first]);
    else
      await sql.execute(UPDATE_CHUNK, [
        last,
        left.length,
        encodePostings(left, chunk.first),
        space.number,
        term,
        chunk.first,
      ]);
  }
  await forgetRow(sql, space, number);
}

function addPostings(lists: Map<string, Posting[]>, entries: readonly IndexedEntry[]): void {
  for (const indexed of entries) {
    for (const [term, count] of termsToIndex(indexed)) {
      const list = lists.get(term);
      const posting = { number: indexed.entry.number, count };
      if (list === undefined) lists.set(term, [posting]);
      else list.push(posting);
    }
  }
}

/** Terms by the text, so that every run of the same entries writes the same rows in the same order. */
function byTerm(lists: ReadonlyMap<string, readonly Posting[]>): readonly (readonly [string, readonly Posting[]])[] {
  return [...lists].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What an entry is listed under, with how often. */
export function termsToIndex({ entry, terms }: IndexedEntry): ReadonlyMap<string, number> {
  return countTerms([...terms, ...entry.tags.map(tagTerm)]);
}

async function append(
  sql: TypedConnection,
  space: Pick<SpaceRow, "number">,
  term: string,
  postings: readonly Posting[],
): Promise<void> {
  const chunk = await chunkAt(sql, space, term, INTEGER_MAX);
  const room = chunk === undefined ? 0 : Math.max(0, CHUNK_POSTINGS_MAX - chunk.total);
  const fitting = postings.slice(0, room);
  const last = fitting.at(-1)?.number;
  if (chunk !== undefined && last !== undefined) {
    const data = joined(chunk.data, encodePostings(fitting, chunk.last));
    await sql.execute(UPDATE_CHUNK, [last, chunk.total + fitting.length, data, space.number, term, chunk.first]);
  }
  for (let at = fitting.length; at < postings.length; at += CHUNK_POSTINGS_MAX) {
    const part = postings.slice(at, at + CHUNK_POSTINGS_MAX);
    const first = part[0]?.number ?? 0;
    const end = part.at(-1)?.number ?? first;
    await sql.execute(INSERT_CHUNK, [space.number, term, first, end, part.length, encodePostings(part, first)]);
  }
}

/** The chunk in which a posting of that number would be, or the last one before it. */
async function chunkAt(
  sql: TypedConnection,
  space: Pick<SpaceRow, "number">,
  term: string,
  number: number,
): Promise<Chunk | undefined> {
  const { rows } = await sql.execute<
    Omit<Chunk, "first" | "last"> & { readonly first_number: number; readonly last_number: number }
  >(LAST_CHUNK, [space.number, term, number]);
  const [row] = rows;
  return (
    row && {
      first: row.first_number,
      last: row.last_number,
      total: row.total,
      data: row.data,
    }
  );
}

function postingsIn({ data, first, total }: Chunk): readonly Posting[] {
  const into = { numbers: new Uint32Array(total), counts: new Uint8Array(total) };
  decodePostings({ first, data }, into, 0);
  return Array.from(into.numbers, (number, i) => ({ number, count: into.counts[i] ?? 0 }));
}

/** Zeros in the place of the entry's row. */
async function forgetRow(sql: TypedConnection, space: SpaceRow, number: number): Promise<void> {
  const { rows } = await sql.execute<{ readonly first_number: number; readonly data: Uint8Array }>(
    "select first_number, data from umi_columns where space_number = $1 and first_number <= $2 order by first_number desc limit 1",
    [space.number, number],
  );
  const [row] = rows;
  if (row === undefined) return;
  const first = row.first_number;
  const data = Uint8Array.from(row.data);
  data.fill(0, (number - first) * ROW_BYTES, (number - first + 1) * ROW_BYTES);
  await sql.execute("update umi_columns set data = $1 where space_number = $2 and first_number = $3", [
    data,
    space.number,
    first,
  ]);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

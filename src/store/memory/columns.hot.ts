// Hot: every search asks for what it lacks. That takes 6 µs, and 15 µs where the query is built (Bun 1.4.5).
import {
  createColumns,
  decodeRows,
  type EntryColumns,
  type EntryRow,
  goneRow,
  rowOf,
} from "../../umi/index/columns.ts";
import type { ColumnCache } from "../base/caches.ts";
import type { TypedConnection } from "../base/driver.ts";
import type { SpaceRow } from "../base/space.hot.ts";
import { readTail } from "./rows.hot.ts";

/** Entries of all spaces whose columns are kept in memory: 27 bytes each, and what their sessions take. */
const CACHED_ENTRIES_MAX = 2_000_000;
/** Column chunks read at a time. */
const CHUNKS_PER_READ = 1_000;

interface Chunk {
  readonly first_number: number;
  readonly data: Uint8Array;
}

const CHUNKS =
  "select first_number, data from umi_columns where space_number = $1 and first_number >= $2 order by first_number limit $3";

/** The columns of every entry of a space, read as far as the cache lacks them. */
export async function readColumns(
  sql: TypedConnection,
  space: SpaceRow,
  cache: ColumnCache | undefined,
): Promise<EntryColumns> {
  const cached = cache?.get(space.number);
  const columns = cached !== undefined && cached.epoch === space.epoch ? cached.columns : createColumns();
  if (columns.size < space.indexedThrough) await readChunks(sql, space, columns);
  if (columns.size < space.nextNumber) await pushTail(sql, space, columns);
  if (cache !== undefined) keep(cache, space, columns);
  return columns;
}

async function readChunks(sql: TypedConnection, space: SpaceRow, columns: EntryColumns): Promise<void> {
  // A chunk may have begun before what is known already.
  const { rows } = await sql.execute(
    "select max(first_number) as first from umi_columns where space_number = $1 and first_number <= $2",
    [space.number, columns.size],
  );
  let from = Number(rows[0]?.["first"] ?? 0);
  for (;;) {
    const chunks = (await sql.execute<Chunk>(CHUNKS, [space.number, from, CHUNKS_PER_READ])).rows;
    for (const chunk of chunks) {
      const first = chunk.first_number;
      pushAll(columns, decodeRows(chunk.data, first));
      from = first + 1;
    }
    if (chunks.length < CHUNKS_PER_READ) return;
  }
}

async function pushTail(sql: TypedConnection, space: SpaceRow, columns: EntryColumns): Promise<void> {
  const entries = await readTail(sql, space, columns.size);
  pushAll(
    columns,
    entries.map(({ entry, terms }) => rowOf(entry, entry.number, terms.length)),
  );
  fillGaps(columns, space.nextNumber);
}

/** Rows come in order; a number that is missing belongs to an entry that was removed. */
function pushAll(columns: EntryColumns, rows: readonly EntryRow[]): void {
  for (const row of rows) {
    fillGaps(columns, row.number);
    columns.push(row);
  }
}

function fillGaps(columns: EntryColumns, end: number): void {
  while (columns.size < end) columns.push(goneRow(columns.size));
}

function keep(cache: ColumnCache, space: SpaceRow, columns: EntryColumns): void {
  cache.delete(space.number);
  cache.set(space.number, { epoch: space.epoch, columns });
  let entries = 0;
  for (const each of cache.values()) entries += each.columns.size;
  for (const number of cache.keys()) {
    if (entries <= CACHED_ENTRIES_MAX || cache.size === 1) return;
    entries -= cache.get(number)?.columns.size ?? 0;
    cache.delete(number);
  }
}

// Hot: a search reads the chunks of each of its terms. One takes 7 µs, and 19 µs where the query is built (Bun 1.4.5).
import { countTerm, isTagTerm, tagTerm } from "../../umi/index/entry.ts";
import { COUNT_MAX, decodePostings, type PostingList } from "../../umi/index/postings.ts";
import { INTEGER_MAX } from "../base/dialect.ts";
import type { TypedConnection } from "../base/driver.ts";
import { filledLists, placeholders } from "../base/placeholders.ts";
import { fromJson } from "../base/rows.ts";
import type { SpaceRow } from "../base/space.hot.ts";
import { readTailTerms } from "./rows.hot.ts";

const CHUNKS =
  "select first_number, total, data from umi_postings where space_number = $1 and term = $2 and first_number < $3 order by first_number desc limit $4";
/** Chunks of one list that are read at a time. */
const CHUNKS_PER_READ = 500;

/** Postings of one term that are not in the index yet. */
interface TailList {
  readonly numbers: number[];
  readonly counts: number[];
}

/** What {@link import("../../umi/index/entry-store.ts").EntryStore.postings} gives: the index and its tail together. */
export async function readPostings(
  sql: TypedConnection,
  space: SpaceRow,
  {
    terms,
    budget,
    listsMax = terms.length,
  }: { readonly terms: readonly string[]; readonly budget: number; readonly listsMax?: number | undefined },
): Promise<readonly PostingList[]> {
  const wanted = [...new Set(terms)];
  const tail = await tailLists(sql, space, wanted);
  const totals = await indexedTotals(sql, space, wanted);
  const found = wanted.map((term) => {
    const rest = tail.get(term) ?? { numbers: [], counts: [] };
    return { term, rest, total: (totals.get(term) ?? 0) + rest.numbers.length };
  });
  found.sort((a, b) => a.total - b.total || (a.term < b.term ? -1 : 1));
  const lists: PostingList[] = [];
  let left = budget;
  for (const { term, rest, total } of found) {
    if (total === 0 || left <= 0 || lists.length >= listsMax) continue;
    const list = await readList(sql, space, { term, rest, total }, left);
    left -= list.numbers.length;
    lists.push(list);
  }
  return lists;
}

async function readList(
  sql: TypedConnection,
  space: SpaceRow,
  { term, rest, total }: { readonly term: string; readonly rest: TailList; readonly total: number },
  budget: number,
): Promise<PostingList> {
  const wanted = Math.min(total, budget);
  const chunks = await newestChunks(sql, space, term, Math.max(0, wanted - rest.numbers.length));
  const read = chunks.reduce((sum, chunk) => sum + chunk.total, 0);
  const into = {
    numbers: new Uint32Array(read + rest.numbers.length),
    counts: new Uint8Array(read + rest.numbers.length),
  };
  let at = 0;
  for (const chunk of chunks) at = decodePostings(chunk, into, at);
  into.numbers.set(rest.numbers, at);
  into.counts.set(rest.counts, at);
  const surplus = Math.max(0, into.numbers.length - wanted);
  return { term, total, numbers: into.numbers.subarray(surplus), counts: into.counts.subarray(surplus) };
}

interface Chunk {
  readonly first: number;
  readonly total: number;
  readonly data: Uint8Array;
}

/** The newest chunks of a list that hold `wanted` postings together, or all of them, oldest first. */
async function newestChunks(sql: TypedConnection, space: SpaceRow, term: string, wanted: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let read = 0;
  let before = INTEGER_MAX;
  while (read < wanted) {
    const { rows } = await sql.execute<Omit<Chunk, "first"> & { readonly first_number: number }>(CHUNKS, [
      space.number,
      term,
      before,
      CHUNKS_PER_READ,
    ]);
    for (const row of rows) {
      if (read >= wanted) break;
      before = row.first_number;
      chunks.push({ first: before, total: row.total, data: row.data });
      read += row.total;
    }
    if (rows.length < CHUNKS_PER_READ) break;
  }
  return chunks.reverse();
}

interface Total {
  readonly term: string;
  readonly total: number;
}

async function indexedTotals(
  sql: TypedConnection,
  space: SpaceRow,
  terms: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const totals = new Map<string, number>();
  if (space.indexedThrough === 0) return totals;
  for (const list of filledLists(terms)) {
    const statement = `select term, sum(total) as total from umi_postings where space_number = $1 and term in (${placeholders(2, list.length)}) group by term`;
    for (const row of (await sql.execute<Total>(statement, [space.number, ...list])).rows)
      totals.set(row.term, Number(row.total));
  }
  return totals;
}

async function tailLists(
  sql: TypedConnection,
  space: SpaceRow,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, TailList>> {
  const lists = new Map(wanted.map((term): [string, TailList] => [term, { numbers: [], counts: [] }]));
  for (const { number, terms, tags } of await readTailTerms(sql, space)) {
    for (const [term, { numbers, counts }] of lists) {
      const count = isTagTerm(term)
        ? Number(fromJson<string[]>(tags).map(tagTerm).includes(term))
        : countTerm(terms, term);
      if (count === 0) continue;
      numbers.push(number);
      counts.push(Math.min(count, COUNT_MAX));
    }
  }
  return lists;
}

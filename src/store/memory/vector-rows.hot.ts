// Hot: every search by vectors asks which chunks changed. That takes 5 µs, and 14 µs where the query is built (Bun 1.4.5).
import { VectorRows } from "../../umi/vectors/vector-rows.ts";
import type { CachedVectors, VectorCache } from "../base/caches.ts";
import type { Session } from "../base/session.ts";
import type { SpaceRow } from "../base/space.hot.ts";

/** Codes of one chunk. */
export const CODES_PER_CHUNK = 256;
/** Bytes of vectors and codes of all spaces that are kept in memory. */
const CACHED_BYTES_MAX = 256 * 1024 * 1024;
/** Chunks read at a time. */
const CHUNKS_PER_READ = 256;
/** Equal to none, itself included. */
const NO_EPOCH = Number.NaN;

interface CodeChunk {
  readonly chunk: number;
  readonly changed_at: number;
  readonly data: Uint8Array;
}

const STAMPS = "select chunk, changed_at from umi_vector_codes where space_number = $1 order by chunk";
const CODES =
  "select chunk, changed_at, data from umi_vector_codes where space_number = $1 and chunk >= $2 order by chunk limit $3";
const VECTORS =
  "select number, vector from umi_vectors where space_number = $1 and number >= $2 and number < $3 and vector is not null";

/** Bytes of one code. */
export function codeBytes(dimension: number): number {
  return Math.ceil(dimension / 8);
}

/** The vectors of a space, read as far as the cache is behind. */
export async function readVectorRows(session: Session, space: SpaceRow, dimension: number): Promise<VectorRows> {
  const { vectorCache: cache } = session;
  const known = cache.get(space.number);
  const fits = known !== undefined && known.model === space.vectorModel && known.rows.dimension === dimension;
  if (fits && known.epoch === space.vectorsEpoch) return known.rows;
  const cached: CachedVectors = fits
    ? known
    : { rows: new VectorRows(dimension), model: space.vectorModel, stamps: new Map(), epoch: NO_EPOCH };
  // What a refresh that failed has left holds in no epoch: not even in the last, if it read what was then undone.
  cached.epoch = NO_EPOCH;
  await refresh(session, space, cached);
  cached.epoch = space.vectorsEpoch;
  cache.delete(space.number);
  cache.set(space.number, cached);
  evict(cache, space.number);
  return cached.rows;
}

async function refresh({ sql }: Session, space: SpaceRow, cached: CachedVectors): Promise<void> {
  const { rows } = await sql.execute<Omit<CodeChunk, "data">>(STAMPS, [space.number]);
  const stale = rows.filter((row) => cached.stamps.get(row.chunk) !== row.changed_at);
  dropMissing(cached, new Set(rows.map((row) => row.chunk)));
  let from = stale[0]?.chunk ?? 0;
  const isStale = new Set(stale.map((row) => row.chunk));
  while (isStale.size > 0) {
    const chunks = (await sql.execute<CodeChunk>(CODES, [space.number, from, CHUNKS_PER_READ])).rows;
    if (chunks.length === 0) return;
    for (const row of chunks) {
      const { chunk } = row;
      from = chunk + 1;
      if (!isStale.delete(chunk)) continue;
      readCodes(cached.rows, chunk, row.data);
      if (cached.rows.isExact) await readWhole(sql, space, cached.rows, chunk);
      // Only now: a chunk of which a part could not be read is read again.
      cached.stamps.set(chunk, row.changed_at);
    }
  }
}

async function readWhole(sql: Session["sql"], space: SpaceRow, rows: VectorRows, chunk: number): Promise<void> {
  const first = chunk * CODES_PER_CHUNK;
  const vectors = await sql.execute<{ readonly number: number; readonly vector: Uint8Array }>(VECTORS, [
    space.number,
    first,
    first + CODES_PER_CHUNK,
  ]);
  for (const each of vectors.rows) rows.setWhole(each.number, each.vector);
}

/** A chunk that was read inside a transaction that came to nothing is not there any more. */
function dropMissing({ rows, stamps }: CachedVectors, present: ReadonlySet<number>): void {
  for (const chunk of [...stamps.keys()]) {
    if (present.has(chunk)) continue;
    stamps.delete(chunk);
    for (let i = 0; i < CODES_PER_CHUNK; i++) rows.remove(chunk * CODES_PER_CHUNK + i);
  }
}

function readCodes(rows: VectorRows, chunk: number, data: Uint8Array): void {
  const bytes = codeBytes(rows.dimension);
  for (let i = 0; i < CODES_PER_CHUNK; i++) {
    const at = i * (bytes + 1);
    const number = chunk * CODES_PER_CHUNK + i;
    if (data[at] === 1) rows.setCode(number, data.subarray(at + 1, at + 1 + bytes));
    else rows.remove(number);
  }
}

function evict(cache: VectorCache, kept: number): void {
  let bytes = 0;
  for (const { rows } of cache.values()) bytes += rows.byteLength;
  for (const [number, { rows }] of cache) {
    if (bytes <= CACHED_BYTES_MAX) return;
    if (number === kept) continue;
    bytes -= rows.byteLength;
    cache.delete(number);
  }
}

// Hot: vectors are stored by the thousand. One takes 4 µs, and 41 µs where the statement is built (Bun 1.4.5).
import { codeOf, unitVector } from "../../umi/vectors/unit-vector.ts";
import type { VectorStore } from "../../umi/vectors/vector-store.ts";
import { filledLists, placeholders } from "../base/placeholders.ts";
import type { Session } from "../base/session.ts";
import { findSpace, type SpaceRow } from "../base/space.hot.ts";
import { entriesBy } from "./rows.hot.ts";
import { CODES_PER_CHUNK, codeBytes, readVectorRows } from "./vector-rows.hot.ts";

const UPSERT_VECTOR =
  "insert into umi_vectors (space_number, number, vector) values ($1, $2, $3) on conflict (space_number, number) do update set vector = excluded.vector";
const UPSERT_CODES =
  "insert into umi_vector_codes (space_number, chunk, changed_at, data) values ($1, $2, $3, $4) on conflict (space_number, chunk) do update set changed_at = excluded.changed_at, data = excluded.data";
const CHUNK = "select data from umi_vector_codes where space_number = $1 and chunk = $2";
const LACKING_ANY = "select id, text from umi_entries where space_number = $1 order by number limit $2";
const LACKING =
  "select number, id, text from umi_entries where space_number = $1 and number >= $2 and not exists (select 1 from umi_vectors where umi_vectors.space_number = umi_entries.space_number and umi_vectors.number = umi_entries.number) order by number limit $3";
interface Lacking {
  readonly id: string;
  readonly text: string;
}

/** Spaces of which it is remembered where entries without a vector begin. */
const EMBEDDED_SPACES_MAX = 1_000;

const BYTES = `select sum(length(vector)) as bytes from umi_vectors
  join umi_spaces on umi_spaces.number = umi_vectors.space_number where organization_id = $1`;

/** {@link VectorStore} over SQL: whole vectors in rows, their codes in chunks, what was read kept in memory. */
export function sqlVectorStore(session: Session): VectorStore {
  const { sql, world } = session;
  return {
    async put(name, model, vectors) {
      const space = await findSpace(session, name);
      if (space === undefined || vectors.length === 0) return;
      const isKnown = space.vectorModel === model;
      const dimension = (isKnown ? space.vectorDimension : undefined) ?? vectors[0]?.vector.length ?? 0;
      const units = new Map(vectors.map(({ id, vector }) => [id, unitVector(vector, dimension)]));
      if (!isKnown) await changeModel(session, space, model, dimension);
      const codes = new Map<number, Uint8Array>();
      for (const { entry } of await entriesBy(sql, space, { column: "id", values: [...units.keys()] })) {
        const vector = units.get(entry.id);
        if (vector === undefined) continue;
        await sql.execute(UPSERT_VECTOR, [space.number, entry.number, bytesOf(vector)]);
        codes.set(entry.number, codeOf(vector));
      }
      await changeCodes(session, space, dimension, codes);
    },

    async putNone(name, model, dimension, ids) {
      const space = await findSpace(session, name);
      if (space === undefined || ids.length === 0) return;
      if (space.vectorModel !== model) await changeModel(session, space, model, dimension);
      const numbers = (await entriesBy(sql, space, { column: "id", values: ids })).map(({ entry }) => entry.number);
      for (const number of numbers) await sql.execute(UPSERT_VECTOR, [space.number, number, null]);
      await changeCodes(session, space, dimension, new Map(numbers.map((number) => [number, undefined])));
    },

    of: (name, model, ids) => vectorsOf(session, name, model, ids),

    async bytes() {
      const { rows } = await sql.execute(BYTES, [session.organizationId]);
      return Number(rows[0]?.["bytes"] ?? 0);
    },

    async remove(name, ids) {
      const space = await findSpace(session, name);
      if (space === undefined) return;
      const found = await entriesBy(sql, space, { column: "id", values: ids });
      await forgetVectors(
        session,
        space,
        found.map(({ entry }) => entry.number),
      );
      await sql.execute("update umi_spaces set epoch = $1 where number = $2", [world.clock.now(), space.number]);
    },

    async lacking(name, model, limit) {
      const space = await findSpace(session, name);
      if (space === undefined) return [];
      const { rows } =
        space.vectorModel === model
          ? await lackingOf(session, space, model, limit)
          : await sql.execute<Lacking>(LACKING_ANY, [space.number, limit]);
      return rows.map(({ id, text }) => ({ id, text }));
    },

    async nearest(name, { model, vector, limit, accept = () => true }) {
      const space = await findSpace(session, name);
      if (space === undefined || space.vectorModel !== model || space.vectorDimension === null) return [];
      const unit = unitVector(vector, space.vectorDimension);
      const rows = await readVectorRows(session, space, space.vectorDimension);
      return rows.nearest(unit, limit, accept, (numbers) => readVectors(session, space, numbers));
    },
  };
}

/** Looks on from the first that was found before: a large space would take long to go through from its beginning each time. */
async function lackingOf({ sql, embeddedCache }: Session, space: SpaceRow, model: string, limit: number) {
  const known = embeddedCache?.get(space.number);
  const from = known?.epoch === space.epoch && known.model === model ? known.through : 0;
  const found = await sql.execute<Lacking & { readonly number: number }>(LACKING, [space.number, from, limit]);
  const through = found.rows[0]?.number ?? space.nextNumber;
  if (limit < 1) return found;
  embeddedCache?.delete(space.number);
  embeddedCache?.set(space.number, { epoch: space.epoch, model, through });
  for (const number of embeddedCache?.keys() ?? []) {
    if ((embeddedCache?.size ?? 0) <= EMBEDDED_SPACES_MAX) break;
    embeddedCache?.delete(number);
  }
  return found;
}

async function vectorsOf(
  session: Session,
  name: string,
  model: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  const space = await findSpace(session, name);
  if (space === undefined || space.vectorModel !== model) return found;
  const entries = await entriesBy(session.sql, space, { column: "id", values: ids });
  const idOf = new Map(entries.map(({ entry }) => [entry.number, entry.id]));
  for (const { number, vector } of await readVectors(session, space, [...idOf.keys()])) {
    const id = idOf.get(number);
    if (id !== undefined) found.set(id, vector);
  }
  return found;
}

/** Removes the vectors of these entries, codes and all. */
export async function forgetVectors(session: Session, space: SpaceRow, numbers: readonly number[]): Promise<void> {
  if (space.vectorDimension === null) return;
  for (const number of numbers)
    await session.sql.execute("delete from umi_vectors where space_number = $1 and number = $2", [
      space.number,
      number,
    ]);
  await changeCodes(session, space, space.vectorDimension, new Map(numbers.map((number) => [number, undefined])));
}

async function changeModel({ sql, world }: Session, space: SpaceRow, model: string, dimension: number): Promise<void> {
  await sql.execute("delete from umi_vectors where space_number = $1", [space.number]);
  await sql.execute("delete from umi_vector_codes where space_number = $1", [space.number]);
  await sql.execute(
    "update umi_spaces set vector_model = $1, vector_dimension = $2, vectors_epoch = $3, epoch = $3 where number = $4",
    [model, dimension, world.clock.now(), space.number],
  );
}

/** Writes codes (undefined removes one) into their chunks: a byte that says whether there is one, then its bits. */
async function changeCodes(
  { sql, world }: Session,
  space: SpaceRow,
  dimension: number,
  codes: ReadonlyMap<number, Uint8Array | undefined>,
): Promise<void> {
  const rowBytes = codeBytes(dimension) + 1;
  const chunks = new Set([...codes.keys()].map((number) => Math.floor(number / CODES_PER_CHUNK)));
  for (const chunk of [...chunks].sort((a, b) => a - b)) {
    const { rows } = await sql.execute<{ readonly data: Uint8Array }>(CHUNK, [space.number, chunk]);
    const [row] = rows;
    const data = row === undefined ? new Uint8Array(rowBytes * CODES_PER_CHUNK) : Uint8Array.from(row.data);
    for (const [number, code] of codes) {
      if (Math.floor(number / CODES_PER_CHUNK) !== chunk) continue;
      const at = (number % CODES_PER_CHUNK) * rowBytes;
      data.fill(0, at, at + rowBytes);
      if (code !== undefined) data.set([1, ...code], at);
    }
    await sql.execute(UPSERT_CODES, [space.number, chunk, world.clock.now(), data]);
  }
  await sql.execute("update umi_spaces set vectors_epoch = $1 where number = $2", [world.clock.now(), space.number]);
}

async function readVectors({ sql }: Session, space: SpaceRow, numbers: readonly number[]) {
  const found: { number: number; vector: Float32Array }[] = [];
  for (const list of filledLists(numbers)) {
    const statement = `select number, vector from umi_vectors where space_number = $1 and number in (${placeholders(2, list.length)}) and vector is not null`;
    for (const row of (
      await sql.execute<{ readonly number: number; readonly vector: Uint8Array }>(statement, [space.number, ...list])
    ).rows)
      found.push({ number: row.number, vector: vectorOf(row.vector) });
  }
  return found;
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Bytes of a row may begin anywhere in memory; numbers may not. */
function vectorOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

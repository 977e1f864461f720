import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Instant } from "../../core/clock.ts";
import { builderOver } from "../base/dialect.ts";
import { type SqlConnection, typed } from "../base/driver.ts";
import type { Tables } from "../base/schema.ts";
import type { SpaceRow } from "../base/space.hot.ts";
import { fold } from "./fold.hot.ts";

/** Entries that are put into the index at a time. */
const ENTRIES_AT_ONCE = 2_000;

/** What of a memory could not be read, and must be made anew. */
export interface Unindexed {
  /** Entries, or what finds them by their words. */
  readonly words: boolean;
  /** Vectors, or what finds by them. */
  readonly vectors: boolean;
}

/**
 * Makes what finds memories anew, from the entries that are there. What is not there any more of messages and passages that
 * are, and all vectors where some are lost, the next server makes: it owes that work.
 */
export async function reindex(connection: SqlConnection, { words, vectors }: Unindexed, now: Instant): Promise<void> {
  const db = builderOver(connection, "sqlite");
  if (words) {
    await sql`delete from umi_postings`.execute(db);
    await sql`delete from umi_columns`.execute(db);
    await sql`update umi_spaces set indexed_through = 0, epoch = ${now}`.execute(db);
    for (const space of await spacesOf(db)) await indexSpace(connection, space);
    await oweEntries(db, now);
  }
  if (!vectors) return;
  await sql`delete from umi_vectors`.execute(db);
  await sql`delete from umi_vector_codes`.execute(db);
  await owe(
    db,
    "embed",
    now,
    sql`select organization_id, name as space from umi_spaces where vector_model is not null`,
  );
  await sql`update umi_spaces set vector_model = null, vector_dimension = null, vectors_epoch = ${now}, epoch = ${now}`.execute(
    db,
  );
}

async function spacesOf(db: Kysely<Tables>): Promise<readonly Pick<SpaceRow, "number" | "nextNumber">[]> {
  const { rows } = await sql<Pick<SpaceRow, "number" | "nextNumber">>`select number, next_number as "nextNumber"
    from umi_spaces order by number`.execute(db);
  return rows;
}

async function indexSpace(connection: SqlConnection, space: Pick<SpaceRow, "number" | "nextNumber">): Promise<void> {
  for (let from = 0; from < space.nextNumber; from += ENTRIES_AT_ONCE) {
    const nextNumber = Math.min(space.nextNumber, from + ENTRIES_AT_ONCE);
    await fold(typed(connection), { number: space.number, indexedThrough: from, nextNumber });
  }
}

/** What was said, or is in an archive, and is no entry any more becomes one again. */
async function oweEntries(db: Kysely<Tables>, now: Instant): Promise<void> {
  await sql`update messages set search_text = 'lost' where is_spoken = 1 and not exists (select 1 from umi_spaces
    join umi_entries on umi_entries.space_number = umi_spaces.number and umi_entries.id = messages.id
    where umi_spaces.organization_id = messages.organization_id and umi_spaces.name = messages.agent_id)`.execute(db);
  const spaces = sql`select organization_id, id as space from archives
    union select organization_id, agent_id as space from messages where search_text <> ''`;
  await owe(db, "index", now, spaces);
}

/** Owes spaces a kind of work, on behalf of the first user of their organisation. */
async function owe(db: Kysely<Tables>, kind: string, now: Instant, spaces: RawBuilder<unknown>): Promise<void> {
  await sql`insert into space_work (organization_id, space, kind, revision, attempts, due_at, user_id)
    select spaces.organization_id, spaces.space, ${kind}, 1, 0, ${now},
      coalesce((select min(users.id) from users where users.organization_id = spaces.organization_id), '')
    from (${spaces}) as spaces where true
    on conflict (organization_id, space, kind) do update set revision = space_work.revision + 1, due_at = excluded.due_at`.execute(
    db,
  );
}

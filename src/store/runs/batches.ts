import { type Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type {
  Batch,
  BatchCounts,
  BatchReader,
  BatchRequest,
  BatchStore,
  WaitingBatch,
  WaitingBatchCallback,
} from "../../agent/batch.ts";
import type { TurnInput } from "../../agent/new-message.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import { instantOf } from "../../core/clock.ts";
import { findWhere, type PageSource, readPage } from "../base/pages.ts";
import { fromJson, toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { BATCHES } from "./tables.ts";

/** Requests that are stored by one statement. */
const STORED_AT_ONCE = 100;

/** {@link BatchStore} over SQL. */
export function sqlBatchStore(session: Session): BatchStore {
  return { ...readerOf(session), ...writerOf(session) };
}

/** Batches that the session may see: of a narrowed one all that is left of them is for its agents. */
function seen({ organizationId, agentIds }: Pick<Session, "organizationId" | "agentIds">): RawBuilder<SqlBool> {
  const isOurs = sql<SqlBool>`batches.organization_id = ${organizationId}`;
  if (agentIds === null) return isOurs;
  const names = agentIds.length === 0 ? sql`null` : sql.join([...agentIds]);
  const requests = sql`select 1 from batch_requests where batch_requests.batch_id = batches.id and batch_requests.agent_id`;
  return sql<SqlBool>`${isOurs} and exists (${requests} in (${names})) and not exists (${requests} not in (${names}))`;
}

function readerOf(session: Session): BatchReader {
  const { db, organizationId } = session;
  const condition = seen(session);
  const source = { table: BATCHES, column: "created_at", missing: "refuse", seen: condition } satisfies PageSource;
  return {
    find: (id) => findWhere(session, BATCHES, sql`id = ${id} and ${condition}`),
    list: (page) => readPage(session, source, { page, condition }),

    async countOpen(max) {
      const rows = await db
        .selectFrom("batches")
        .select("id")
        .where("organization_id", "=", organizationId)
        .where("look_at", "is not", null)
        .limit(max)
        .execute();
      return rows.length;
    },

    async counts(id) {
      const { rows } = await sql<{ state: string; count: number }>`
        select case when batch_requests.run_id is null and input is null then 'cancelled'
          when batch_requests.run_id is null then 'waiting' else coalesce(runs.status, 'gone') end as state,
          count(*) as count
        from batch_requests left join runs on runs.id = batch_requests.run_id
        where batch_requests.batch_id = ${id} and batch_requests.organization_id = ${organizationId}
        group by 1 order by 1`.execute(db);
      const of = (...states: readonly string[]) =>
        rows.filter(({ state }) => states.includes(state)).reduce((sum, { count }) => sum + Number(count), 0);
      const batch = await db
        .selectFrom("batches")
        .select(["size", "look_at"])
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      // One that was ended in a copy has requests that are no runs, and never will be.
      const waiting = batch?.look_at == null ? 0 : of("waiting");
      const [unfinished, completed, cancelled] = [of("created", "running"), of("completed"), of("cancelled")];
      const failed = Math.max(of("failed"), (batch?.size ?? 0) - waiting - unfinished - completed - cancelled);
      const counts: BatchCounts = { waiting, unfinished, completed, failed, cancelled };
      return counts;
    },

    async nextRequests(id, limit) {
      const rows = await db
        .selectFrom("batch_requests")
        .select(["position", "agent_id", "input", "options"])
        .where("batch_id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("run_id", "is", null)
        .where("input", "is not", null)
        .orderBy("position")
        .limit(limit)
        .execute();
      return rows.map(
        (row): BatchRequest => ({
          position: row.position,
          agentId: row.agent_id,
          input: fromJson<TurnInput>(String(row.input)),
          options: fromJson<TurnOptions>(String(row.options)),
        }),
      );
    },

    async queuedRuns(id) {
      const rows = await db
        .selectFrom("batch_requests")
        .innerJoin("runs", "runs.id", "batch_requests.run_id")
        .select("runs.id")
        .where("batch_requests.batch_id", "=", id)
        .where("batch_requests.organization_id", "=", organizationId)
        .where("runs.status", "=", "created")
        .orderBy("batch_requests.position")
        .execute();
      return rows.map((row) => row.id);
    },
  };
}

function writerOf(session: Session): Omit<BatchStore, keyof BatchReader> {
  const { db, organizationId } = session;
  const isOne = (id: string) => sql<SqlBool>`id = ${id} and organization_id = ${organizationId}`;
  return {
    insert: (batch, requests) => insertBatch(session, batch, requests),

    async setRun(id, position, runId) {
      await db
        .updateTable("batch_requests")
        .set({ run_id: runId, input: null, options: null })
        .where("batch_id", "=", id)
        .where("position", "=", position)
        .where("organization_id", "=", organizationId)
        .execute();
    },

    async dropWaiting(id) {
      await db
        .updateTable("batch_requests")
        .set({ input: null, options: null })
        .where("batch_id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("run_id", "is", null)
        .execute();
    },

    async postpone(id, until) {
      await db
        .updateTable("batches")
        .set({ look_at: until })
        .where(isOne(id))
        .where("look_at", "is not", null)
        .execute();
    },

    async finish(id, status, at) {
      const { numUpdatedRows } = await db
        .updateTable("batches")
        .set({ status, completed_at: at, look_at: null })
        .where(isOne(id))
        .where("look_at", "is not", null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      const isTold = db.updateTable("batches").where(isOne(id)).where("callback_url", "is not", null);
      await isTold.set({ callback_due_at: at }).execute();
    },

    async noteCallback(id, { sentAt, statusCode, error, retryAt }) {
      await db
        .updateTable("batches")
        .set((eb) => ({
          callback_sent_at: sentAt,
          callback_status_code: statusCode,
          callback_error: error,
          callback_due_at: retryAt,
          callback_attempts: eb("callback_attempts", "+", 1),
        }))
        .where(isOne(id))
        .execute();
    },

    async removeOld(kept) {
      await sql`delete from batches where organization_id = ${organizationId} and look_at is null and callback_due_at is null
        and id not in (select id from batches where organization_id = ${organizationId} and look_at is null
          order by created_at desc, id desc limit ${kept})`.execute(db);
    },
  };
}

async function insertBatch(
  { db, organizationId, keyId }: Session,
  batch: Batch,
  requests: readonly BatchRequest[],
): Promise<void> {
  const own = { organization_id: organizationId, key_id: keyId, callback_attempts: 0, callback_due_at: null };
  await db
    .insertInto("batches")
    .values({ ...BATCHES.row(batch), ...own, look_at: batch.createdAt })
    .execute();
  const rows = requests.map(({ position, agentId, input, options }) => ({
    batch_id: batch.id,
    position,
    organization_id: organizationId,
    agent_id: agentId,
    run_id: null,
    input: JSON.stringify(input),
    options: JSON.stringify(options),
  }));
  for (let first = 0; first < rows.length; first += STORED_AT_ONCE)
    await db
      .insertInto("batch_requests")
      .values(rows.slice(first, first + STORED_AT_ONCE))
      .execute();
}

/** See `Store.waitingBatches`. */
export async function waitingBatches(db: Kysely<Tables>, limit: number): Promise<readonly WaitingBatch[]> {
  const rows = await db
    .selectFrom("batches")
    .select(["id", "organization_id", "user_id", "key_id", "look_at"])
    .where("look_at", "is not", null)
    .orderBy("look_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ actor: toActor(row), id: row.id, dueAt: row.look_at ?? instantOf(0) }));
}

/** See `Store.waitingBatchCallbacks`. */
export async function waitingBatchCallbacks(
  db: Kysely<Tables>,
  limit: number,
): Promise<readonly WaitingBatchCallback[]> {
  const rows = await db
    .selectFrom("batches")
    .select(["id", "organization_id", "user_id", "key_id", "callback_url", "callback_attempts", "callback_due_at"])
    .where("callback_due_at", "is not", null)
    .orderBy("callback_due_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    actor: toActor(row),
    id: row.id,
    url: String(row.callback_url),
    attempts: row.callback_attempts,
    dueAt: row.callback_due_at ?? instantOf(0),
  }));
}

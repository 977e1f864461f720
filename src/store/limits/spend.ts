import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Limit, type LimitId, type Spend, type SubjectKind, WINDOWS_KEPT } from "../../access/limit.ts";
import type { LimitStore, SpendChange } from "../../agent/ports/limits.ts";
import { builderOver } from "../base/dialect.ts";
import type { SqlDatabase } from "../base/driver.ts";
import type { Session } from "../base/session.ts";
import { inTransaction } from "../base/transaction.hot.ts";
import { isUnfinished } from "../runs/queued-runs.ts";

/** The part of a {@link LimitStore} that counts. */
export function sqlSpend(session: Session): Pick<LimitStore, "spent" | "add" | "hold" | "release"> {
  const { db } = session;
  return {
    async spent(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom("spend")
        .select(["limit_id as limitId", "window_start as windowStart", "settled", "reserved"])
        .where("limit_id", "in", ids)
        .execute();
      return Map.groupBy<LimitId, Spend & { readonly limitId: LimitId }>(rows, ({ limitId }) => limitId);
    },

    async add(changes) {
      for (const change of changes) await addTo(session, change);
    },

    async hold(callId, reservations) {
      const rows = reservations.map(({ limitId, windowStart, amount }) => ({
        call_id: callId,
        limit_id: limitId,
        window_start: windowStart,
        amount,
      }));
      if (rows.length > 0) await db.insertInto("reservations").values(rows).execute();
    },

    async release(callId) {
      return db
        .deleteFrom("reservations")
        .where("call_id", "=", callId)
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom("limits")
              .select("limits.id")
              .whereRef("limits.id", "=", "reservations.limit_id")
              .where("limits.organization_id", "=", session.organizationId),
          ),
        )
        .returning(["limit_id as limitId", "window_start as windowStart", "amount"])
        .execute();
    },
  };
}

async function addTo({ db }: Session, { limitId, windowStart, settled, reserved }: SpendChange): Promise<void> {
  const changed = await db
    .updateTable("spend")
    .set((eb) => ({ settled: eb("settled", "+", settled), reserved: eb("reserved", "+", reserved) }))
    .where("limit_id", "=", limitId)
    .where("window_start", "=", windowStart)
    .executeTakeFirst();
  if (changed.numUpdatedRows > 0n) return;
  await db.insertInto("spend").values({ limit_id: limitId, window_start: windowStart, settled, reserved }).execute();
  // What is held in an old window is booked there when its call is over.
  await sql`delete from spend where limit_id = ${limitId} and reserved = 0 and window_start < (
    select min(latest.window_start) from (select window_start from spend where limit_id = ${limitId}
      order by window_start desc limit ${WINDOWS_KEPT}) as latest)`.execute(db);
}

/** Whose runs a limit counts, by the kind of its subject. */
const COUNTED_BY: Readonly<Record<SubjectKind, "organization_id" | "user_id" | "key_id" | "agent_id">> = {
  organization: "organization_id",
  user: "user_id",
  key: "key_id",
  agent: "agent_id",
};

/** See `LimitStore.activeRuns`. */
export async function activeRuns(
  { db, organizationId }: Session,
  { subjectKind, subjectId }: Limit,
  max: number,
): Promise<number> {
  // What is unfinished is little, and found by an index of its own; by its organisation a run is one of all.
  const isCounted: RawBuilder<SqlBool> = sql`coalesce(organization_id, '') = ${organizationId}
    and coalesce(${sql.ref(COUNTED_BY[subjectKind])}, '') = ${subjectId}`;
  const { rows } = await sql`select 1 from runs where ${sql.raw(isUnfinished())} and status = 'running'
    and ${isCounted} limit ${max}`.execute(db);
  return rows.length;
}

/**
 * Books whole what calls held that were not over when the server that made them ended: they may have been charged. For a
 * start, before any call is made: who stored them does nothing any more. A second time there is nothing left.
 */
export async function settleLostCalls(database: SqlDatabase): Promise<void> {
  const db = builderOver(database.writer, database.dialect);
  await inTransaction(database, async () => {
    await sql`update spend set reserved = 0, settled = settled + coalesce((select sum(amount) from reservations
      where reservations.limit_id = spend.limit_id and reservations.window_start = spend.window_start), 0)
      where reserved <> 0`.execute(db);
    await db.deleteFrom("reservations").execute();
  });
}

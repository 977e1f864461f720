import { type Kysely, type SqlBool, sql } from "kysely";
import type { Instant } from "../../core/clock.ts";
import { isUnfinished } from "../runs/queued-runs.ts";
import { builderOver } from "./dialect.ts";
import type { SqlDatabase } from "./driver.ts";
import type { Lease } from "./lease.ts";
import type { Tables } from "./schema.ts";
import { inTransaction } from "./transaction.hot.ts";

/** What a database needs to be told of when it becomes one of its own. */
export interface Leaving {
  readonly now: Instant;
  /** Why its callbacks were not sent, and its schedules send nothing. */
  readonly reasons: { readonly callbacks: string; readonly schedules: string };
}

/** How much of what the original owes is not done here. */
export interface Left {
  readonly callbacks: number;
  readonly schedules: number;
}

/** The text that {@link writeHome} kept last; undefined in a database that has never been told where it is. */
export async function readHome({ writer, dialect }: SqlDatabase): Promise<string | undefined> {
  return (await builderOver(writer, dialect).selectFrom("home").select("place").executeTakeFirst())?.place;
}

/** Keeps where the database is at home, on disk when it resolves. */
export async function writeHome(database: SqlDatabase, lease: Lease, place: string): Promise<void> {
  await inTransaction(database, async () => {
    await lease.check();
    await replace(builderOver(database.writer, database.dialect), place);
  });
  await database.flush();
}

/**
 * Makes a copied database one of its own, all in one transaction: whatever has not ended ends, no callback waits to be
 * sent, no request for approval expires, no schedule sends anything, and it is at home where it is.
 */
export async function leaveOriginal(
  { database, lease }: { readonly database: SqlDatabase; readonly lease: Lease },
  place: string,
  { now, reasons }: Leaving,
): Promise<Left> {
  const db = builderOver(database.writer, database.dialect);
  const left = await inTransaction(database, async () => {
    await lease.check();
    await db
      .updateTable("runs")
      .set({ status: "failed", stop_reason: "error", completed_at: now })
      .where(sql<SqlBool>`${sql.raw(isUnfinished())}`)
      .execute();
    const unsent = db.selectFrom("run_callbacks").select("run_id");
    await db.updateTable("runs").set({ callback_error: reasons.callbacks }).where("id", "in", unsent).execute();
    const { numDeletedRows } = await db.deleteFrom("run_callbacks").executeTakeFirst();
    await db.updateTable("runs").set({ approval_due_at: null }).where("approval_due_at", "is not", null).execute();
    const { numUpdatedRows } = await db
      .updateTable("schedules")
      .set({ next_due_at: null, look_at: null, stopped_why: reasons.schedules })
      .where("next_due_at", "is not", null)
      .executeTakeFirst();
    const ending = { status: "failed", completed_at: now, look_at: null } as const;
    await db.updateTable("batches").set(ending).where("look_at", "is not", null).execute();
    const silent = { callback_due_at: null, callback_error: reasons.callbacks };
    await db.updateTable("batches").set(silent).where("callback_due_at", "is not", null).execute();
    await replace(db, place);
    return { callbacks: Number(numDeletedRows), schedules: Number(numUpdatedRows) };
  });
  await database.flush();
  return left;
}

/** A schedule that was stopped in a copy. */
export interface StoppedSchedule {
  readonly cron: string | null;
  readonly scheduledAt: Instant | null;
  readonly timezone: string;
}

/**
 * Has the schedules go on that {@link leaveOriginal} stopped, which nothing else does: each at the time that is given for
 * it, and none for which there is none. All in one transaction, on disk when it resolves. Returns how many.
 */
export async function resumeSchedules(
  { database, lease }: { readonly database: SqlDatabase; readonly lease: Lease },
  dueOf: (stopped: StoppedSchedule) => Instant | null,
): Promise<number> {
  const db = builderOver(database.writer, database.dialect);
  const resumed = await inTransaction(database, async () => {
    await lease.check();
    const stopped = await db
      .selectFrom("schedules")
      .select(["id", "cron", "scheduled_at", "timezone"])
      .where("stopped_why", "is not", null)
      .where("next_due_at", "is", null)
      .orderBy("id")
      .execute();
    let count = 0;
    for (const { id, cron, scheduled_at: scheduledAt, timezone } of stopped) {
      const due = dueOf({ cron, scheduledAt, timezone });
      if (due === null) continue;
      const going = { next_due_at: due, look_at: due, stopped_why: null };
      await db.updateTable("schedules").set(going).where("id", "=", id).execute();
      count += 1;
    }
    return count;
  });
  if (resumed > 0) await database.flush();
  return resumed;
}

async function replace(db: Kysely<Tables>, place: string): Promise<void> {
  await db.deleteFrom("home").execute();
  await db.insertInto("home").values({ place }).execute();
}

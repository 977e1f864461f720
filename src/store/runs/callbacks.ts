import { type Kysely, type SqlBool, sql } from "kysely";
import type { CallbackOutcome, Run, WaitingCallback } from "../../agent/run.ts";
import type { RunId } from "../../core/id.ts";
import { toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

/** Puts the callback of a run that has ended on the list, in the transaction that ends it. */
export async function queueCallback(session: Session, run: Run): Promise<void> {
  if (run.callbackUrl === null || run.completedAt === null || run.callbackSentAt !== null) return;
  // Given up before it was sent.
  if (run.callbackError !== null) return;
  await session.db
    .insertInto("run_callbacks")
    .values({ run_id: run.id, organization_id: session.organizationId, attempts: 0, due_at: run.completedAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** See `RunStore.noteCallback`. */
export async function noteCallback(
  { db, organizationId }: Session,
  id: RunId,
  { sentAt, statusCode, error, retryAt }: CallbackOutcome,
): Promise<void> {
  await db
    .updateTable("runs")
    .set({ callback_sent_at: sentAt, callback_status_code: statusCode, callback_error: error })
    .where("id", "=", id)
    .where("organization_id", "=", organizationId)
    .execute();
  const isOurs = sql<SqlBool>`run_id = ${id} and organization_id = ${organizationId}`;
  if (retryAt === null) await db.deleteFrom("run_callbacks").where(isOurs).execute();
  else
    await db
      .updateTable("run_callbacks")
      .set((eb) => ({ attempts: eb("attempts", "+", 1), due_at: retryAt }))
      .where(isOurs)
      .execute();
}

/** See `Store.waitingCallbacks`. */
export async function waitingCallbacks(db: Kysely<Tables>, limit: number): Promise<readonly WaitingCallback[]> {
  const rows = await db
    .selectFrom("run_callbacks")
    .innerJoin("runs", "runs.id", "run_callbacks.run_id")
    .selectAll("run_callbacks")
    .select(["runs.user_id", "runs.callback_url"])
    .orderBy("run_callbacks.due_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    actor: toActor(row),
    runId: row.run_id,
    url: String(row.callback_url),
    attempts: row.attempts,
    dueAt: row.due_at,
  }));
}

import type { CallbackOutcome, Run, WaitingCallback } from "../../agent/run.ts";
import type { RunId } from "../../core/id.ts";
import type { TypedConnection } from "../base/driver.ts";
import { toActor } from "../base/rows.ts";
import type { RunRow, Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

const QUEUE = `insert into run_callbacks (run_id, organization_id, attempts, due_at)
  values ($1, $2, 0, $3) on conflict do nothing`;
const WAITING = `select run_callbacks.*, runs.user_id, runs.callback_url from run_callbacks
  join runs on runs.id = run_callbacks.run_id order by run_callbacks.due_at limit $1`;
const NOTE = `update runs set callback_sent_at = $1, callback_status_code = $2, callback_error = $3
  where id = $4 and organization_id = $5`;
const AGAIN =
  "update run_callbacks set attempts = attempts + 1, due_at = $1 where run_id = $2 and organization_id = $3";
const DONE = "delete from run_callbacks where run_id = $1 and organization_id = $2";

type WaitingRow = Tables["run_callbacks"] & Pick<RunRow, "user_id" | "callback_url">;

/** Puts the callback of a run that has ended on the list, in the transaction that ends it. */
export async function queueCallback(session: Session, run: Run): Promise<void> {
  if (run.callbackUrl === null || run.completedAt === null || run.callbackSentAt !== null) return;
  // Given up before it was sent.
  if (run.callbackError !== null) return;
  await session.sql.execute(QUEUE, [run.id, session.organizationId, run.completedAt]);
}

/** See `RunStore.noteCallback`. */
export async function noteCallback(session: Session, id: RunId, outcome: CallbackOutcome): Promise<void> {
  const { sentAt, statusCode, error, retryAt } = outcome;
  await session.sql.execute(NOTE, [sentAt, statusCode, error, id, session.organizationId]);
  if (retryAt === null) await session.sql.execute(DONE, [id, session.organizationId]);
  else await session.sql.execute(AGAIN, [retryAt, id, session.organizationId]);
}

/** See `Store.waitingCallbacks`. */
export async function waitingCallbacks(reader: TypedConnection, limit: number): Promise<readonly WaitingCallback[]> {
  const { rows } = await reader.execute<WaitingRow>(WAITING, [limit]);
  return rows.map((row) => ({
    actor: toActor(row),
    runId: row.run_id,
    url: String(row.callback_url),
    attempts: row.attempts,
    dueAt: row.due_at,
  }));
}

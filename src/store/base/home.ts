import type { Instant } from "../../core/clock.ts";
import { isUnfinished } from "../runs/queued-runs.ts";
import type { SqlConnection, SqlDatabase } from "./driver.ts";
import type { Lease } from "./lease.ts";
import { inTransaction } from "./transaction.ts";

const END = `update runs set status = 'failed', stop_reason = 'error', completed_at = $1 where ${isUnfinished()}`;
const NOTE_UNSENT = "update runs set callback_error = $1 where id in (select run_id from run_callbacks)";
const STAY = "update runs set approval_due_at = null where approval_due_at is not null";

/** What a database needs to be told of when it becomes one of its own. */
export interface Leaving {
  readonly now: Instant;
  /** Why its callbacks were not sent. */
  readonly reason: string;
}

/** The text that {@link writeHome} kept last; undefined in a database that has never been told where it is. */
export async function readHome({ writer }: SqlDatabase): Promise<string | undefined> {
  const { rows } = await writer.execute("select place from home", []);
  const [row] = rows;
  return row && String(row["place"]);
}

/** Keeps where the database is at home, on disk when it resolves. */
export async function writeHome(database: SqlDatabase, lease: Lease, place: string): Promise<void> {
  await inTransaction(database, async () => {
    await lease.check();
    await replace(database.writer, place);
  });
  await database.flush();
}

/**
 * Makes a copied database one of its own, all in one transaction: whatever has not ended ends, no callback waits to be
 * sent, no request for approval expires, and it is at home where it is. Returns how many callbacks will not be sent.
 */
export async function leaveOriginal(
  { database, lease }: { readonly database: SqlDatabase; readonly lease: Lease },
  place: string,
  { now, reason }: Leaving,
): Promise<number> {
  const { writer } = database;
  const dropped = await inTransaction(database, async () => {
    await lease.check();
    await writer.execute(END, [now]);
    await writer.execute(NOTE_UNSENT, [reason]);
    const { changes } = await writer.execute("delete from run_callbacks", []);
    await writer.execute(STAY, []);
    await replace(writer, place);
    return changes;
  });
  await database.flush();
  return dropped;
}

async function replace(writer: SqlConnection, place: string): Promise<void> {
  await writer.execute("delete from home", []);
  await writer.execute("insert into home (place) values ($1)", [place]);
}

// Hot: two statements of every transaction. No builder has them.
import { WORDS } from "./dialect.ts";
import type { SqlConnection, SqlDatabase } from "./driver.ts";

/** Runs `work` between begin and commit; anything thrown rolls back. `committed` is told before anybody else can read it. */
export async function inTransaction<T>(
  { writer, dialect }: Pick<SqlDatabase, "writer" | "dialect">,
  work: () => Promise<T>,
  committed: () => void = () => {},
): Promise<T> {
  await writer.execute(WORDS[dialect].begin, []);
  try {
    const result = await work();
    const done = writer.execute("commit", []);
    if (done instanceof Promise) await done;
    committed();
    return result;
  } catch (error) {
    await rollback(writer);
    throw error;
  }
}

async function rollback(writer: SqlConnection): Promise<void> {
  try {
    await writer.execute("rollback", []);
  } catch {
    // SQLite has already rolled back by itself after some errors (a full disk); there is nothing left to undo.
  }
}

/** A savepoint around `work`, which is undone when its result is not ok or it throws. */
export async function attempt<T extends { readonly ok: boolean }>(
  writer: SqlConnection,
  work: () => Promise<T>,
): Promise<T> {
  await writer.execute("savepoint attempt", []);
  try {
    const result = await work();
    if (!result.ok) await writer.execute("rollback to attempt", []);
    await writer.execute("release attempt", []);
    return result;
  } catch (error) {
    await giveUp(writer);
    throw error;
  }
}

async function giveUp(writer: SqlConnection): Promise<void> {
  try {
    await writer.execute("rollback to attempt", []);
    await writer.execute("release attempt", []);
  } catch {
    // After some errors the whole transaction is rolled back already; the error that did it says more than this one.
  }
}

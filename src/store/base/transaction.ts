import type { SqlConnection } from "./driver.ts";

/** Runs `work` between begin and commit; anything thrown rolls back. `committed` is told before anybody else can read it. */
export async function inTransaction<T>(
  writer: SqlConnection,
  work: () => Promise<T>,
  committed: () => void = () => {},
): Promise<T> {
  await writer.execute("begin immediate", []);
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

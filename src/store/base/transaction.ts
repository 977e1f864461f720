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

import { closeSync, openSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { SqlDatabase } from "../../store/base/driver.ts";
import { SCHEMA_VERSION } from "../../store/base/migrate.ts";
import { syncFile, syncNames } from "./data-files.ts";

/** Copies that a data folder keeps, the newest ones. */
const COPIES_MAX = 3;
const COPY = /^selkie\.schema-\d+\.db$/;
/** A copy that was not finished: it never has the name of one that was. */
const PARTIAL = /^selkie\.schema-\d+\.db\.partial/;
/** What is in use of the database, its log included. */
const BYTES_USED = `select (page_count - freelist_count) * page_size as bytes
  from pragma_page_count, pragma_freelist_count, pragma_page_size`;

/**
 * Keeps the database in `directory` as it is, beside it, before it gets another schema than `version`. The copy is whole
 * and on disk when it gets its name. Throws a `full` Failure where there is no room, and leaves nothing behind.
 * Returns what a person should know of it.
 */
export async function copyBeforeMigration(directory: string, database: SqlDatabase, version: number): Promise<string> {
  const name = `selkie.schema-${version}.db`;
  const path = join(directory, name);
  const partial = `${path}.partial`;
  const { rows } = await database.writer.execute(BYTES_USED, []);
  const bytes = Number(rows[0]?.["bytes"]);
  const noRoom = (cause?: unknown) =>
    new Failure(
      "full",
      `The database in ${directory} has schema version ${version}, and there is no room to keep a copy of it (about ${Math.ceil(bytes / 1e6)} MB) before it gets version ${SCHEMA_VERSION}. Nothing was changed. Free some space on that disk, or move the folder to a larger one, and start again; until then the server that wrote it still works`,
      { cause },
    );
  removeAll(directory, PARTIAL);
  // A disk that is filled up is trouble for everybody who uses it, so it is asked before. Some tell nothing.
  const { bavail, bsize, blocks } = statfsSync(directory);
  if (blocks > 0 && bavail * bsize < bytes) throw noRoom();
  try {
    // SQLite fills an empty file, and leaves it the mode that it has.
    closeSync(openSync(partial, "wx", 0o600));
    await database.writer.execute("vacuum into $1", [partial]);
    syncFile(partial);
  } catch (error) {
    removeAll(directory, PARTIAL);
    throw error instanceof Failure && error.kind === "full" ? noRoom(error) : error;
  }
  renameSync(partial, path);
  syncNames(directory);
  removeOldest(directory, name);
  return `The database had schema version ${version} and gets version ${SCHEMA_VERSION}. It is kept as it was in ${path}. To go back to the older server: stop this one, delete selkie.db, selkie.db-wal and selkie.db-shm, rename ${name} to selkie.db, and start the older one. What is stored from now on is not in it`;
}

/** Whatever the clock says, the copy that was made now is not among the oldest. */
function removeOldest(directory: string, made: string): void {
  const others = readdirSync(directory).filter((name) => COPY.test(name) && name !== made);
  const madeMs = (name: string) => statSync(join(directory, name)).mtimeMs;
  const newestFirst = others.sort((a, b) => madeMs(b) - madeMs(a));
  for (const name of newestFirst.slice(COPIES_MAX - 1)) rmSync(join(directory, name));
}

function removeAll(directory: string, names: RegExp): void {
  for (const name of readdirSync(directory)) if (names.test(name)) rmSync(join(directory, name));
}

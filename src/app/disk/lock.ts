import { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { codeOf, openFailure } from "./sqlite-failures.ts";

/** A folder that nobody else may work on until it is let go. */
export interface HeldDirectory {
  close(): void;
}

/**
 * Holds the directory for this process: a lock that the operating system lets go of when the process dies, however
 * it dies.
 */
export function lockDirectory(directory: string): HeldDirectory {
  const lock = openLock(directory);
  const holder = join(directory, "selkie.pid");
  try {
    lock.run("pragma busy_timeout = 0");
    lock.run("begin exclusive");
  } catch (error) {
    lock.close();
    if (codeOf(error) !== "SQLITE_BUSY") throw openFailure(directory, error);
    throw new Failure(
      "conflict",
      `Another selkie (process ${readHolder(holder)}) is using ${directory}. Stop it, or choose another directory with --data`,
      {
        cause: error,
      },
    );
  }
  try {
    writeFileSync(holder, `${process.pid}\n`);
  } catch {
    // The lock is what counts; the number only helps whoever is refused, and a full disk must not stop a start.
  }
  return lock;
}

function openLock(directory: string): Database {
  try {
    return new Database(join(directory, "selkie.lock"), { create: true });
  } catch (error) {
    throw openFailure(directory, error);
  }
}

/** Which process holds the data, as far as it could say. */
function readHolder(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "unknown";
  }
}

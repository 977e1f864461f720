import { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** Whether the data in a directory holds keys or passwords, so that nobody comes in without; reading only, and before anything is opened. */
export function isDoorClosed(directory: string): boolean {
  const path = join(directory, "selkie.db");
  // Looking into an empty file is no reading only: SQLite throws the log beside it away.
  if (!existsSync(path) || statSync(path).size === 0) return false;
  try {
    using database = new Database(path, { readonly: true });
    return database.query("select 1 from door").get() !== null;
  } catch {
    // Older data has no keys; what else is wrong shows when it is opened.
    return false;
  }
}

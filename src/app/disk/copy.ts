import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Copies the database of one data folder into another that has none. Nothing happens where there is no database. */
export function copyDatabase(from: string, to: string): void {
  const path = join(from, "selkie.db");
  if (!existsSync(path)) return;
  const database = new Database(path, { readwrite: true, create: false });
  try {
    database.prepare("vacuum into ?").run(join(to, "selkie.db"));
  } finally {
    database.close();
  }
}

import type { Database } from "bun:sqlite";
import type { TableRows } from "./rows.ts";

/** What SQLite finds wrong with a database, and keys that lead nowhere. */
export function problemsOf(database: Database): readonly string[] {
  const found = database.query("pragma integrity_check").all() as { integrity_check: string }[];
  const dangling = database.query("pragma foreign_key_check").all();
  const texts = found.map((row) => row.integrity_check).filter((text) => text !== "ok");
  return [...texts, ...dangling.map((row) => `A key leads nowhere: ${JSON.stringify(row)}`)];
}

/** Every row of every table as text, by the names of the tables. */
export function* rowsOf(database: Database): Generator<TableRows> {
  const tables = database.query("select name from sqlite_master where type = 'table' order by name").all() as {
    name: string;
  }[];
  for (const { name } of tables)
    yield [
      name,
      database
        .query(`select * from "${name}"`)
        .values()
        .map((row) => JSON.stringify(row)),
    ];
}

import { createHash } from "node:crypto";

/** The name of a table, and its rows as text. */
export type TableRows = readonly [name: string, rows: readonly string[]];

/** SHA-256 over every row of every table. */
export function hashOfRows(tables: Iterable<TableRows>): string {
  const hash = createHash("sha256");
  for (const [name, rows] of tables) {
    hash.update(name);
    for (const row of rows) hash.update(row);
  }
  return hash.digest("hex");
}

/** Which of these texts stand in which table. */
export function holding(tables: Iterable<TableRows>, texts: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const [name, rows] of tables)
    for (const text of texts) if (rows.some((row) => row.includes(text))) found.push(`${text} in ${name}`);
  return found;
}

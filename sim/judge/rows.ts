import { createHash } from "node:crypto";

/** The name of a table, and its rows as text. */
export type TableRows = readonly [name: string, rows: readonly string[]];

/** What a database is when a seed is over. */
export interface Remains {
  /** SHA-256 over every row of every table. */
  readonly hash: string;
  /** Which of the texts that should be gone stand in which table. */
  readonly holding: readonly string[];
}

/** Reads every row of every table. */
export function remainsOf(tables: Iterable<TableRows>, texts: readonly string[]): Remains {
  const hash = createHash("sha256");
  const holding: string[] = [];
  for (const [name, rows] of tables) {
    hash.update(name);
    for (const row of rows) hash.update(row);
    for (const text of texts) if (rows.some((row) => row.includes(text))) holding.push(`${text} in ${name}`);
  }
  return { hash: hash.digest("hex"), holding };
}

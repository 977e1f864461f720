import { reasonOf } from "../unusable-row.ts";
import { DELETED, type V1Import } from "./each-row.ts";
import { type Row, rowOf } from "./row.ts";

/** What an agent's rows became; told to the report once the agent is stored. */
export interface AgentTally {
  taken(table: string, rows?: number): void;
  left(table: string, reason: string, rows?: number): void;
  changed(table: string, what: string): void;
}

/** Uses each row of a table that belongs to an agent; one that is of no use is left by itself. */
export async function eachLink(
  work: V1Import,
  { table, id, tally }: { readonly table: string; readonly id: string; readonly tally: AgentTally },
  use: (row: Row) => Promise<void>,
): Promise<void> {
  for (const values of work.staging.rows(table, id)) {
    const row = rowOf(values, work.now);
    if (row.isDeleted) {
      tally.left(table, DELETED);
      continue;
    }
    try {
      await use(row);
      tally.taken(table);
    } catch (error) {
      tally.left(table, reasonOf(error));
    }
  }
}

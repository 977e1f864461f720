/** What became of the rows of one table. */
export interface TableReport {
  readonly table: string;
  /** Rows in the file. */
  readonly rows: number;
  /** Rows that are here now and were not. */
  readonly taken: number;
  /** Rows that were here already. */
  readonly known: number;
  /** Rows that were left, by reason. */
  readonly left: ReadonlyMap<string, number>;
  /** What is not as it was, by what it is. */
  readonly changed: ReadonlyMap<string, number>;
}

/** Accounts for every row of what is imported. */
export interface ImportReport {
  /** Rows that the file has of a table, where that is only known as it is read. */
  found(table: string, rows?: number): void;
  taken(table: string, rows?: number): void;
  known(table: string, rows?: number): void;
  left(table: string, reason: string, rows?: number): void;
  changed(table: string, what: string, rows?: number): void;
  /** How many rows are accounted for. */
  done(): number;
  tables(): readonly TableReport[];
  /** Rows of which nothing was said: a fault of the import. */
  unaccounted(): readonly { readonly table: string; readonly rows: number }[];
}

/** Reasons that one table tells apart; those beyond are told together. */
const REASONS_MAX = 20;
const OTHER = "for other reasons";

/** A report on tables with so many rows. */
export function createReport(counts: ReadonlyMap<string, number>): ImportReport {
  const tables = new Map([...counts].map(([table, rows]) => [table, newTable(table, rows)]));
  const add = (map: Map<string, number>, reason: string, rows: number) => {
    const key = map.has(reason) || map.size < REASONS_MAX ? reason : OTHER;
    map.set(key, (map.get(key) ?? 0) + rows);
  };
  let done = 0;
  return {
    found(table, rows = 1) {
      const known = tables.get(table) ?? newTable(table, 0);
      known.rows += rows;
      tables.set(table, known);
    },
    done: () => done,
    taken: (table, rows = 1) =>
      count(table, rows, (one) => {
        one.taken += rows;
      }),
    known: (table, rows = 1) =>
      count(table, rows, (one) => {
        one.known += rows;
      }),
    left: (table, reason, rows = 1) => count(table, rows, (one) => add(one.left, reason, rows)),
    changed: (table, what, rows = 1) => count(table, 0, (one) => add(one.changed, what, rows)),
    tables: () => [...tables.values()].filter(({ rows }) => rows > 0),
    unaccounted: () =>
      [...tables.values()].flatMap(({ table, rows, taken, known, left }) => {
        const missing = rows - taken - known - [...left.values()].reduce((sum, count) => sum + count, 0);
        return missing === 0 ? [] : [{ table, rows: missing }];
      }),
  };

  function count(
    name: string,
    rows: number,
    change: (table: NonNullable<ReturnType<typeof tables.get>>) => void,
  ): void {
    const table = tables.get(name);
    if (table === undefined) return;
    done += rows;
    change(table);
  }
}

function newTable(table: string, rows: number) {
  return { table, rows, taken: 0, known: 0, left: new Map<string, number>(), changed: new Map<string, number>() };
}

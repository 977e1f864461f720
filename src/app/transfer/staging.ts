import { Database, type Statement } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valuesOf } from "./copy-text.ts";

/** How the rows of a table are asked for: by one of its columns, in the order of another. */
export interface StagedTable {
  /** The column that tells rows apart; absent where there is none. */
  readonly id?: string;
  /** The column by which rows are asked for together; absent asks for all. */
  readonly parent?: string;
  /** A column of whole numbers, or of times, by which they are in order; the order of the dump when absent. */
  readonly order?: string;
}

/** A row, by the names of its columns. */
export type StagedRow = Readonly<Record<string, string | null>>;

/** Rows of a dump where they can be asked for in any order, on disk: a dump may be larger than memory. */
export interface Staging {
  /** A table whose rows come next; without a shape they are only counted. */
  begin(table: string, columns: readonly string[], shape: StagedTable | undefined): void;
  /** One of them, as COPY writes it. */
  add(line: string): void;
  /** So many of them, which are only counted. */
  skip(rows: number): void;
  /** No more rows come. */
  finish(): void;
  /** Names of the tables that came, with how many rows each has. */
  counts(): ReadonlyMap<string, number>;
  /** Rows of a table, of one parent where that is named, in order. */
  rows(table: string, parent?: string): IterableIterator<StagedRow>;
  /** The row of that id. */
  find(table: string, id: string): StagedRow | undefined;
  /** How many rows of a table a parent has. */
  count(table: string, parent: string): number;
  /** Removes it from the disk. */
  close(): void;
}

/** Rows that are inserted in one transaction. */
const BATCH = 5_000;

/** Characters of rows after which memory is tidied, which the runtime puts off too long for long rows. */
const CHARS_KEPT_MAX = 16 * 1024 * 1024;

/** Rows that are read at once. */
const PAGE = 200;
const BEHIND = "and (ord > ? or (ord = ? and rowid > ?)) order by ord, rowid limit $page";
const ALL = `select rowid as place, ord, line from staged where tbl = ? ${BEHIND}`;
const OF_PARENT = `select rowid as place, ord, line from staged where tbl = ? and parent = ? ${BEHIND}`;

/** A staging that holds nothing yet, among temporary files. */
export function openStaging(): Staging {
  const directory = mkdtempSync(join(tmpdir(), "selkie-import-"));
  const db = new Database(join(directory, "rows.sqlite"));
  // Nothing here outlives the process that made it.
  db.run("pragma journal_mode = off");
  db.run("pragma synchronous = off");
  db.run("pragma cache_size = -16000");
  db.run("create table staged (tbl text, parent text, ord real, id text, line text)");
  const insert = db.prepare("insert into staged (tbl, parent, ord, id, line) values (?, ?, ?, ?, ?)");
  const shapes = new Map<string, { readonly columns: readonly string[]; readonly place: readonly number[] }>();
  const counts = new Map<string, number>();
  let table = "";
  let added = 0;

  const queries = new Map<string, Statement>();
  const query = (text: string) => {
    const known = queries.get(text) ?? db.prepare(text);
    queries.set(text, known);
    return known;
  };
  let chars = 0;
  const passes = (line: string) => {
    chars += line.length;
    if (chars < CHARS_KEPT_MAX) return;
    chars = 0;
    Bun.gc(true);
  };
  const rowOf = (of: string, line: string): StagedRow => {
    passes(line);
    const columns = shapes.get(of)?.columns ?? [];
    const values = valuesOf(line);
    return Object.fromEntries(columns.map((name, at) => [name, values[at] ?? null]));
  };

  return {
    begin(name, columns, shape) {
      table = name;
      counts.set(name, 0);
      if (shape === undefined) return;
      const { id, parent, order } = shape;
      const at = (column: string | undefined) => (column === undefined ? -1 : columns.indexOf(column));
      shapes.set(name, { columns, place: [at(parent), at(order), at(id)] });
    },
    add(line) {
      passes(line);
      counts.set(table, (counts.get(table) ?? 0) + 1);
      const place = shapes.get(table)?.place;
      if (place === undefined) return;
      const [parentAt = -1, orderAt = -1, idAt = -1] = place;
      const values = parentAt + orderAt + idAt === -3 ? [] : line.split("\t");
      const order = orderAt === -1 ? added : orderOf(values[orderAt], added);
      if (added % BATCH === 0) db.run(added === 0 ? "begin" : "commit; begin");
      added++;
      insert.run(table, values[parentAt] ?? "", order, values[idAt] ?? null, line);
    },
    skip(rows) {
      counts.set(table, (counts.get(table) ?? 0) + rows);
    },
    finish() {
      if (added > 0) db.run("commit");
      db.run("create index by_parent on staged (tbl, parent, ord)");
      db.run("create index by_order on staged (tbl, ord)");
      db.run("create index by_id on staged (tbl, id) where id is not null");
    },
    counts: () => counts,
    *rows(of, parent) {
      for (const line of linesOf(query, of, parent)) yield rowOf(of, line);
    },
    find(of, id) {
      const row = query("select line from staged where tbl = ? and id = ? limit 1").get(of, id);
      return hasLine(row) ? rowOf(of, row.line) : undefined;
    },
    count(of, parent) {
      const row = query("select count(*) as line from staged where tbl = ? and parent = ?").values(of, parent);
      return Number(row[0]?.[0] ?? 0);
    },
    close() {
      for (const statement of queries.values()) statement.finalize();
      insert.finalize();
      db.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The rows of a table, of one parent where that is named. In pages, so that whoever takes them may ask for others meanwhile. */
function* linesOf(query: (text: string) => Statement, table: string, parent: string | undefined): Generator<string> {
  const text = (parent === undefined ? ALL : OF_PARENT).replace("$page", String(PAGE));
  const of = parent === undefined ? [table] : [table, parent];
  let [order, place] = [Number.NEGATIVE_INFINITY, 0];
  for (;;) {
    const page = query(text)
      .all(...of, order, order, place)
      .filter(isPlaced);
    for (const row of page) {
      [order, place] = [row.ord, row.place];
      yield row.line;
    }
    if (page.length < PAGE) return;
  }
}

function isPlaced(row: unknown): row is { readonly place: number; readonly ord: number; readonly line: string } {
  return hasLine(row) && "place" in row && "ord" in row;
}

function hasLine(row: unknown): row is { readonly line: string } {
  return typeof row === "object" && row !== null && "line" in row && typeof row.line === "string";
}

function orderOf(value: string | undefined, otherwise: number): number {
  const number = Number(value);
  if (Number.isFinite(number) && value !== "") return number;
  const time = Date.parse((value ?? "").replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  return Number.isFinite(time) ? time : otherwise;
}

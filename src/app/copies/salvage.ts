import type { Database, SQLQueryBindings } from "bun:sqlite";
import { codeOf } from "../disk/sqlite-failures.ts";

/** Attempts to read a part of one table; what is not reached by then counts as lost. */
const ATTEMPTS_MAX = 20_000;
/** Rows of a table without row ids that are asked for at once. */
const ROWS_AT_ONCE = 500;
/** Ids of lost rows that are named. */
const NAMED_MAX = 20;
/** The highest row id that is looked for where nothing tells which is the last. */
const ROWIDS_MAX = 1_000_000;

/** A table of the damaged database, which is attached as `damaged`. */
export interface TableToSave {
  readonly name: string;
  readonly sql: string;
}

/** What became of a table. */
export interface SavedTable {
  readonly table: string;
  readonly saved: number;
  /** How many rows cannot be read, at least; null where nothing tells. 0 is none. */
  readonly lost: number | null;
  /** Ids of lost rows, as far as an index still names them. */
  readonly ids: readonly string[];
}

/** Copies all rows of a table that can be read. */
export function saveTable(db: Database, table: TableToSave): SavedTable {
  const from = `damaged."${table.name}"`;
  const copy = (where: string, values: readonly SQLQueryBindings[] = []) =>
    succeeds(db, `insert or ignore into main."${table.name}" select * from ${from} ${where}`, values);
  // With a condition rows are read and written anew; without one SQLite would copy their bytes, however wrong these are.
  const isWhole = copy("where true");
  const isKeyed = /\bwithout\s+rowid\b/i.test(table.sql);
  if (!isWhole && isKeyed) saveKeyed(db, table.name, copy);
  const missed = isWhole || isKeyed ? 0 : saveByRowid(db, table.name, copy);
  const saved = numberOf(db, `select count(*) as n from main."${table.name}"`) ?? 0;
  const { count, ids } = isWhole ? { count: 0, ids: [] } : lostIds(db, table.name);
  const indexed = isWhole || !isKeyed ? undefined : countByIndex(db, table.name);
  const lost = isWhole ? 0 : isKeyed ? (indexed === undefined ? null : indexed - saved) : Math.max(missed, count);
  return { table: table.name, saved, lost, ids };
}

type Copy = (where: string, values?: readonly SQLQueryBindings[]) => boolean;

/** Halves what cannot be read until single rows are left. Gives how many row ids cannot be reached. */
function saveByRowid(db: Database, name: string, copy: Copy): number {
  const first = numberOf(db, `select min(rowid) as n from damaged."${name}"`) ?? 0;
  const waiting: [number, number][] = [[first, lastRowid(db, name)]];
  let missed = 0;
  for (let attempts = 0; waiting.length > 0 && attempts < ATTEMPTS_MAX; attempts++) {
    const [low, high] = waiting.pop() ?? [0, 0];
    if (copy("where rowid between ? and ?", [low, high])) continue;
    if (low >= high) missed++;
    else {
      const middle = Math.floor((low + high) / 2);
      waiting.push([low, middle], [middle + 1, high]);
    }
  }
  return missed + waiting.reduce((sum, [low, high]) => sum + high - low + 1, 0);
}

/** The highest row id; where the end of a table cannot be read, its indexes know it. */
function lastRowid(db: Database, name: string): number {
  const sources = ["", ...indexesOf(db, name).map((index) => ` indexed by "${index}"`)];
  const found = sources.map((source) => numberOf(db, `select max(rowid) as n from damaged."${name}"${source}`));
  return Math.max(...found.map((n) => n ?? -1)) >= 0 ? Math.max(...found.map((n) => n ?? -1)) : ROWIDS_MAX;
}

/** Reads a table that is stored by its key from both ends, then by the keys that its indexes and its parents name. */
function saveKeyed(db: Database, name: string, copy: Copy): void {
  const keys = keyOf(db, name);
  walk(db, { name, keys, order: "asc" }, copy);
  walk(db, { name, keys, order: "desc" }, copy);
  const all = keys.map((key) => `"${key}" = ?`).join(" and ");
  const columns = keys.map((key) => `"${key}"`).join(", ");
  for (const index of indexesOf(db, name))
    for (const row of rowsOf(db, `select ${columns} from damaged."${name}" indexed by "${index}"`))
      copy(`where ${all}`, row);
  for (const parent of parentsOf(db, name, keys[0]))
    for (const [id] of rowsOf(db, `select "${parent.column}" from main."${parent.table}"`)) {
      const within = { name, keys, first: id ?? null };
      walk(db, { ...within, order: "asc" }, copy);
      walk(db, { ...within, order: "desc" }, copy);
    }
}

interface Walk {
  readonly name: string;
  readonly keys: readonly string[];
  readonly order: "asc" | "desc";
  /** Only rows whose key begins with this. */
  readonly first?: SQLQueryBindings;
}

/** Goes from one end as far as rows can be read, a page at a time, and near the damage one by one. */
function walk(db: Database, { name, keys, order, first }: Walk, copy: Copy): void {
  const list = keys.map((key) => `"${key}"`).join(", ");
  const sorted = keys.map((key) => `"${key}" ${order}`).join(", ");
  const beyond = `(${list}) ${order === "asc" ? ">" : "<"} (${keys.map(() => "?").join(", ")})`;
  const start = first === undefined ? [] : [first];
  const within = first === undefined ? [] : [`"${keys[0]}" = ?`];
  let last: readonly SQLQueryBindings[] = [];
  for (let size = ROWS_AT_ONCE; size >= 1; ) {
    const conditions = [...within, ...(last.length === 0 ? [] : [beyond])];
    const where = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
    const page = `${where} order by ${sorted} limit ${size}`;
    const values = [...start, ...last];
    const read = copy(page, values) ? rowsOf(db, `select ${list} from damaged."${name}" ${page}`, values) : [];
    const end = read.at(-1);
    if (end !== undefined) last = end;
    // Nothing was read: near the damage in smaller steps, or there is no more.
    else size = Math.floor(size / 2);
  }
}

/** Ids that an index names and that were not saved. */
function lostIds(db: Database, name: string): { readonly count: number; readonly ids: readonly string[] } {
  const hasId = rowsOf(db, `select 1 from pragma_table_info('${name}') where name = 'id'`).length > 0;
  if (!hasId) return { count: 0, ids: [] };
  const ids = rowsOf(
    db,
    `select id from damaged."${name}" where id not in (select id from main."${name}") order by id`,
  );
  return { count: ids.length, ids: ids.slice(0, NAMED_MAX).map(([id]) => String(id)) };
}

function countByIndex(db: Database, name: string): number | undefined {
  const whole = rowsOf(
    db,
    `select name from pragma_index_list('${name}', 'damaged') where partial = 0 and origin <> 'pk'`,
  );
  const counts = whole.map(([index]) =>
    numberOf(db, `select count(*) as n from damaged."${name}" indexed by "${index}"`),
  );
  return counts.find((count) => count !== undefined);
}

function indexesOf(db: Database, name: string): readonly string[] {
  return rowsOf(
    db,
    `select name from pragma_index_list('${name}', 'damaged') where origin <> 'pk' or name like 'sqlite_autoindex_%' order by seq`,
  ).map(([index]) => String(index));
}

function keyOf(db: Database, name: string): readonly string[] {
  return rowsOf(db, `select name from pragma_table_info('${name}') where pk > 0 order by pk`).map(([column]) =>
    String(column),
  );
}

/** Tables whose rows the first column of the key names. */
function parentsOf(
  db: Database,
  name: string,
  column: string | undefined,
): readonly { readonly table: string; readonly column: string }[] {
  // No reference says it of threads: they are agents' own, or conversations.
  if (name === "thread_messages") return ["agents", "conversations"].map((table) => ({ table, column: "id" }));
  const found = rowsOf(
    db,
    `select "table", coalesce("to", 'id') from pragma_foreign_key_list('${name}') where "from" = ?`,
    [column ?? ""],
  );
  return found.map(([table, to]) => ({ table: String(table), column: String(to) }));
}

/** Rows as lists of their columns, as far as they can be read. */
function rowsOf(
  db: Database,
  sql: string,
  values: readonly SQLQueryBindings[] = [],
): readonly (readonly SQLQueryBindings[])[] {
  try {
    return db
      .query<unknown, SQLQueryBindings[]>(sql)
      .values(...values)
      .map((row) => row.map(toBinding));
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}

function toBinding(value: unknown): SQLQueryBindings {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array)
    return value;
  return String(value);
}

function numberOf(db: Database, sql: string): number | undefined {
  const value = rowsOf(db, sql)[0]?.[0];
  return typeof value === "number" ? value : undefined;
}

function succeeds(db: Database, sql: string, values: readonly SQLQueryBindings[]): boolean {
  try {
    db.query<unknown, SQLQueryBindings[]>(sql).run(...values);
    return true;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB|IOERR|ERROR|CONSTRAINT)/.test(codeOf(error));
}

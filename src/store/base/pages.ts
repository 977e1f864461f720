import { type RawBuilder, type SqlBool, sql } from "kysely";
import { Failure } from "../../core/failure.ts";
import { PAGE_ITEMS_MAX, type Page } from "../../core/page.ts";
import { readable } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { Session } from "./session.ts";

/** Columns that may be null; such rows come last in either order. */
const NULLABLE: ReadonlySet<string> = new Set(["last_run_completion", "last_message_at"]);

/** What a page is cut from: a table with an `id`, and the column that orders it. */
export interface PageSource {
  readonly table: keyof Tables & string;
  readonly column: string;
  /** What happens when a cursor names no row: V1 ignored it for agents and refused it elsewhere. */
  readonly missing: "ignore" | "refuse";
}

/**
 * The condition that narrows a sorted list to a page. Rows are compared as (column, id), so equal times neither
 * skip nor repeat a row.
 */
export async function pageCondition(session: Session, source: PageSource, page: Page): Promise<RawBuilder<SqlBool>> {
  const isDescending = page.order === "desc";
  const after = await comparison(session, source, page.after, isDescending ? "<" : ">");
  const before = await comparison(session, source, page.before, isDescending ? ">" : "<");
  return sql<SqlBool>`${after} and ${before}`;
}

/** What a page is read by. */
export interface PageRead<Row, T> {
  readonly page: Page;
  /** Which rows; it also scopes them to the organisation. */
  readonly condition: RawBuilder<SqlBool>;
  readonly decode: (row: Row) => T;
}

/** Reads of one page that replace damaged rows by others. */
const REFILLS_MAX = 10;

/** One page of a table. Damaged rows are left out, and the page goes on behind them, so that one bad row hides no others. */
export async function readPage<Row extends { readonly id: string }, T>(
  session: Session,
  source: PageSource,
  { page, condition, decode }: PageRead<Row, T>,
): Promise<readonly T[]> {
  const read: T[] = [];
  let after = page.after;
  for (let round = 0; round <= REFILLS_MAX; round++) {
    const here: Page = { ...page, limit: limitOf(page) - read.length, ...(after === undefined ? {} : { after }) };
    const { rows } = await sql<Row>`select ${sql.table(source.table)}.* from ${sql.table(source.table)}
      where ${condition} and ${await pageCondition(session, source, here)}
      order by ${orderOf(source, page)} limit ${here.limit}`.execute(session.db);
    const found = readable(session, { table: source.table, rows }, decode);
    read.push(...found);
    if (found.length === rows.length || rows.length < here.limit) break;
    after = rows.at(-1)?.id;
  }
  return read;
}

/** How many rows of a table meet `condition`, which also scopes them to the organisation. */
export async function countRows(
  { db }: Session,
  table: PageSource["table"],
  condition: RawBuilder<SqlBool>,
): Promise<number> {
  const found = await sql<{
    total: number;
  }>`select count(*) as total from ${sql.table(table)} where ${condition}`.execute(db);
  return Number(found.rows[0]?.total ?? 0);
}

/** Removes one row of the organisation; false when there is none. */
export async function removeRow(
  { db, organizationId }: Session,
  table: PageSource["table"],
  id: string,
): Promise<boolean> {
  const gone =
    await sql`delete from ${sql.table(table)} where id = ${id} and organization_id = ${organizationId}`.execute(db);
  return (gone.numAffectedRows ?? 0n) > 0n;
}

/** The page's size within {@link PAGE_ITEMS_MAX}. */
export function limitOf(page: Page): number {
  return Math.max(0, Math.min(page.limit, PAGE_ITEMS_MAX));
}

/** The order of a page: by the column, nulls last, then by id. */
export function orderOf(source: PageSource, page: Page): RawBuilder<unknown> {
  const column = sql.ref(`${source.table}.${source.column}`);
  const id = sql.ref(`${source.table}.id`);
  const isNullable = NULLABLE.has(source.column);
  const direction = sql.raw(page.order);
  return isNullable
    ? sql`${column} is null, ${column} ${direction}, ${id} ${direction}`
    : sql`${column} ${direction}, ${id} ${direction}`;
}

async function comparison(
  session: Session,
  source: PageSource,
  id: string | undefined,
  operator: "<" | ">",
): Promise<RawBuilder<SqlBool>> {
  if (id === undefined) return sql<SqlBool>`1 = 1`;
  const { table, column } = source;
  const found = await sql<{ value: unknown }>`select ${sql.ref(column)} as value from ${sql.table(table)}
    where id = ${id} and organization_id = ${session.organizationId}`.execute(session.db);
  const row = found.rows[0];
  if (row === undefined) {
    if (source.missing === "ignore") return sql<SqlBool>`1 = 1`;
    throw new Failure("not_found", `The page cursor '${id}' names nothing that exists; start again without it`);
  }
  return compareTo(source, operator, row.value, id);
}

function compareTo(source: PageSource, operator: "<" | ">", value: unknown, id: string): RawBuilder<SqlBool> {
  const column = sql.ref(`${source.table}.${source.column}`);
  const key = sql.ref(`${source.table}.id`);
  const compare = sql.raw(operator);
  if (value === null) return sql<SqlBool>`(${column} is null and ${key} ${compare} ${id})`;
  const isNullable = NULLABLE.has(source.column);
  const beyond = sql<SqlBool>`(${column}, ${key}) ${compare} (${value}, ${id})`;
  return isNullable ? sql<SqlBool>`(${column} is null or ${beyond})` : beyond;
}

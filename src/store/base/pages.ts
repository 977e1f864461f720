import { type RawBuilder, type SqlBool, sql } from "kysely";
import { Failure } from "../../core/failure.ts";
import { PAGE_ITEMS_MAX, type Page } from "../../core/page.ts";
import { ours } from "./is-ours.ts";
import type { Tables } from "./schema.ts";
import type { Session } from "./session.ts";

/** Columns that may be null; such rows come last in either order. */
const NULLABLE: ReadonlySet<string> = new Set(["last_run_completion", "last_message_at", "total_duration_ns"]);

/** What a page is read with. */
type PageSession = Pick<Session, "db" | "onDamaged" | "organizationId" | "agentIds">;

/** What a page is cut from: a table with an `id`, and the column that orders it. */
export interface PageSource {
  readonly table: { readonly name: keyof Tables & string };
  readonly column: string;
  /** What happens when a cursor names no row: V1 ignored it for agents and refused it elsewhere. */
  readonly missing: "ignore" | "refuse";
  /** Which rows a cursor may name; those that the session may see when absent. */
  readonly seen?: RawBuilder<SqlBool>;
}

/**
 * The condition that narrows a sorted list to a page. Rows are compared as (column, id), so equal times neither
 * skip nor repeat a row.
 */
export async function pageCondition(
  session: PageSession,
  source: PageSource,
  page: Page,
): Promise<RawBuilder<SqlBool>> {
  const isDescending = page.order === "desc";
  const after = await comparison(session, source, page.after, isDescending ? "<" : ">");
  const before = await comparison(session, source, page.before, isDescending ? ">" : "<");
  return sql<SqlBool>`${after} and ${before}`;
}

/** What a page is read by. */
export interface PageRead {
  readonly page: Page;
  /** Which rows; it also scopes them to the organisation. */
  readonly condition: RawBuilder<SqlBool>;
}

/** A table that a page is read from. */
export interface PagedTable<Row, T> {
  readonly name: keyof Tables & string;
  readonly selected: () => string;
  readonly read: (row: Row) => T;
}

/** Reads of one page that replace damaged rows by others. */
const REFILLS_MAX = 10;

/** One page of a table. Damaged rows are left out, and the page goes on behind them, so that one bad row hides no others. */
export async function readPage<Row extends { readonly id: string }, T>(
  session: PageSession,
  source: PageSource & { readonly table: PagedTable<Row, T> },
  { page, condition }: PageRead,
): Promise<readonly T[]> {
  const read: T[] = [];
  let after = page.after;
  for (let round = 0; round <= REFILLS_MAX; round++) {
    const here: Page = { ...page, limit: limitOf(page) - read.length, ...(after === undefined ? {} : { after }) };
    const { rows } = await sql<Row>`select ${sql.raw(source.table.selected())} from ${sql.table(source.table.name)}
      where ${condition} and ${await pageCondition(session, source, here)}
      order by ${orderOf(source, page)} limit ${here.limit}`.execute(session.db);
    const found = readable(session, source.table, rows);
    read.push(...found);
    if (found.length === rows.length || rows.length < here.limit) break;
    after = rows.at(-1)?.id;
  }
  return read;
}

/**
 * The rows of a list that can be read. The others are told of and left out, as they would hide all that is listed with
 * them; who asks for one of them by its id hears that it is damaged.
 */
export function readable<Row extends { readonly id: string }, T>(
  { onDamaged }: Pick<Session, "onDamaged">,
  { name, read }: Pick<PagedTable<Row, T>, "name" | "read">,
  rows: readonly Row[],
): readonly T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "damaged") throw error;
      onDamaged(name, row.id);
      return [];
    }
  });
}

/** How many rows of a table meet `condition`, which also scopes them to the organisation. */
export async function countRows(
  { db }: Session,
  { name }: PageSource["table"],
  condition: RawBuilder<SqlBool>,
): Promise<number> {
  const found = await sql<{
    total: number;
  }>`select count(*) as total from ${sql.table(name)} where ${condition}`.execute(db);
  return Number(found.rows[0]?.total ?? 0);
}

/** What the row of this id holds; undefined when the organisation has none. */
export function findRow<Row, T>(session: Session, table: PagedTable<Row, T>, id: string): Promise<T | undefined> {
  return findWhere(session, table, sql`id = ${id} and ${ours(session, table.name)}`);
}

/** What a row holds that meets `condition`, of which there is one at most; whoever calls it scopes it. */
export async function findWhere<Row, T>(
  { db }: Pick<Session, "db">,
  { name, selected, read }: PagedTable<Row, T>,
  condition: RawBuilder<unknown>,
): Promise<T | undefined> {
  const { rows } = await sql<Row>`select ${sql.raw(selected())} from ${sql.table(name)}
    where ${condition} limit 1`.execute(db);
  return rows[0] && read(rows[0]);
}

/** Columns that a row keeps, whatever is put in its place: whose it is, and when it was made. */
const KEPT: ReadonlySet<string> = new Set(["id", "organization_id", "created_at"]);

/** A table whose rows are entities with an `id`. */
interface SavedTable<T> {
  readonly name: keyof Tables & string;
  readonly row: (entity: T) => object;
}

/**
 * Puts an entity in the place of the row of its id, with columns that no field of it stands in; false when the
 * organisation has no such row.
 */
export async function saveRow<T extends { readonly id: string }>(
  { db, organizationId }: Session,
  { name, row }: SavedTable<T>,
  { entity, others = {} }: { readonly entity: T; readonly others?: Readonly<Record<string, unknown>> },
): Promise<boolean> {
  const columns = Object.entries({ ...row(entity), ...others }).filter(([column]) => !KEPT.has(column));
  const set = sql.join(columns.map(([column, value]) => sql`${sql.ref(column)} = ${value}`));
  const saved =
    await sql`update ${sql.table(name)} set ${set} where id = ${entity.id} and organization_id = ${organizationId}`.execute(
      db,
    );
  return (saved.numAffectedRows ?? 0n) > 0n;
}

/** Removes one row of the organisation; false when there is none. */
export async function removeRow(
  { db, organizationId }: Session,
  { name }: PageSource["table"],
  id: string,
): Promise<boolean> {
  const gone =
    await sql`delete from ${sql.table(name)} where id = ${id} and organization_id = ${organizationId}`.execute(db);
  return (gone.numAffectedRows ?? 0n) > 0n;
}

/** The page's size within {@link PAGE_ITEMS_MAX}. */
export function limitOf(page: Page): number {
  return Math.max(0, Math.min(page.limit, PAGE_ITEMS_MAX));
}

/** The order of a page: by the column, nulls last, then by id. */
export function orderOf(source: PageSource, page: Page): RawBuilder<unknown> {
  const column = sql.ref(`${source.table.name}.${source.column}`);
  const id = sql.ref(`${source.table.name}.id`);
  const isNullable = NULLABLE.has(source.column);
  const direction = sql.raw(page.order);
  return isNullable
    ? sql`${column} is null, ${column} ${direction}, ${id} ${direction}`
    : sql`${column} ${direction}, ${id} ${direction}`;
}

async function comparison(
  session: PageSession,
  source: PageSource,
  id: string | undefined,
  operator: "<" | ">",
): Promise<RawBuilder<SqlBool>> {
  if (id === undefined) return sql<SqlBool>`1 = 1`;
  const { table, column, seen = ours(session, source.table.name) } = source;
  const found = await sql<{ value: unknown }>`select ${sql.ref(column)} as value from ${sql.table(table.name)}
    where id = ${id} and ${seen}`.execute(session.db);
  const row = found.rows[0];
  if (row === undefined) {
    if (source.missing === "ignore") return sql<SqlBool>`1 = 1`;
    throw new Failure("not_found", `The page cursor '${id}' names nothing that exists; start again without it`);
  }
  return compareTo(source, operator, row.value, id);
}

function compareTo(source: PageSource, operator: "<" | ">", value: unknown, id: string): RawBuilder<SqlBool> {
  const column = sql.ref(`${source.table.name}.${source.column}`);
  const key = sql.ref(`${source.table.name}.id`);
  const compare = sql.raw(operator);
  if (value === null) return sql<SqlBool>`(${column} is null and ${key} ${compare} ${id})`;
  const isNullable = NULLABLE.has(source.column);
  const beyond = sql<SqlBool>`(${column}, ${key}) ${compare} (${value}, ${id})`;
  return isNullable ? sql<SqlBool>`(${column} is null or ${beyond})` : beyond;
}

import type { Client } from "pg";
import { Failure } from "../../../core/failure.ts";
import type { DumpReader } from "../plain-dump.ts";
import { type Address, readAddress } from "./address.ts";
import { connect, ended, untilAborted } from "./connect.ts";
import { copyOut } from "./copy-out.ts";
import { saidOf } from "./said.ts";
import { type Watch, watched } from "./watch.ts";

/** What a database is read with. */
export interface DatabaseWish {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Whether the rows of a table are wanted, or only how many there are. */
  readonly wants: (table: string) => boolean;
  /** Tables without which it is another program's. */
  readonly needed: readonly string[];
  /** The table and column that say how far the schema had come, and what is known here. */
  readonly version: { readonly table: string; readonly column: string; readonly known: string };
  /** Whether a schema of another version is taken, too. */
  readonly takesOtherVersions: boolean;
}

/** How long one of the first questions may take, and a lock be waited for. */
const QUESTION_MS = 30_000;

/**
 * One moment of the database, whatever others write meanwhile, and nothing written. What pg_dump sets too, so that values are
 * written as in a dump and a policy that hides rows is an error. Sequential scans must begin at the beginning: the order of a dump is theirs.
 */
const BEGIN = `begin isolation level repeatable read read only;
set local statement_timeout = ${QUESTION_MS}; set local lock_timeout = ${QUESTION_MS};
set local idle_in_transaction_session_timeout = 0; set local client_encoding = 'UTF8'; set local search_path = pg_catalog;
set local row_security = off; set local synchronize_seqscans = off; set local datestyle = 'ISO'; set local intervalstyle = 'postgres';
set local extra_float_digits = 3; set local bytea_output = 'hex'; set local timezone = 'UTC'`;

/** Tables but those of extensions, with their columns but those that are computed, as pg_dump takes them. */
const TABLES = `select n.nspname as schema, c.relname as name, pg_catalog.pg_table_size(c.oid)::text as bytes,
  array(select a.attname::text from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by c.relname collate "C"`;

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly bytes: string;
  readonly columns: readonly string[];
}

/**
 * Reads a V1 database from a running server, telling the reader what a plain dump of this moment would. Throws a Failure for what
 * cannot be reached, is no such database, or is of a version that is not known. An abort cancels what the server is at work on.
 */
export async function readDatabase(from: string, reader: DumpReader, wish: DatabaseWish): Promise<void> {
  const address = readAddress(from, wish.environment);
  const { environment, signal } = wish;
  try {
    const client = await untilAborted(connect(address, environment), signal);
    try {
      await watched(client, { address, environment, signal }, (watch) =>
        read(client, address, { reader, wish, watch }),
      );
    } finally {
      await ended(client);
    }
  } catch (error) {
    // What fails because it was stopped is no failure.
    signal.throwIfAborted();
    throw saidOf(error, address);
  }
}

interface Reading {
  readonly reader: DumpReader;
  readonly wish: DatabaseWish;
  readonly watch: Watch;
}

async function read(client: Client, address: Address, { reader, wish, watch }: Reading): Promise<void> {
  await client.query(BEGIN);
  const tables = await tablesOf(client, address, wish);
  // From here on silence is measured, not the length of the work.
  await client.query("set local statement_timeout = 0");
  const total = tables.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  let done = 0;
  for (const table of tables) {
    const size = Number(table.bytes);
    let read = 0;
    watch.heard();
    reader.progress?.(done, total);
    reader.table(table.name, table.columns);
    if (!wish.wants(table.name)) reader.counted?.(await countOf(client, table));
    else
      await copyOut(client, `copy ${nameOf(table)} (${table.columns.map(quoted).join(", ")}) to stdout`, (line) => {
        reader.row(line);
        watch.heard();
        read += line.length;
        reader.progress?.(done + Math.min(read, size), total);
      });
    done += size;
  }
  await client.query("commit");
}

async function countOf(client: Client, table: Table): Promise<number> {
  const { rows } = await client.query<{ readonly count: string }>(
    `select count(*)::text as count from only ${nameOf(table)}`,
  );
  return Number(rows[0]?.count);
}

/** The tables of the schema that V1's are in. */
async function tablesOf(client: Client, { shown }: Address, wish: DatabaseWish): Promise<readonly Table[]> {
  const { needed, version } = wish;
  const { rows: all } = await client.query<Table>(TABLES);
  const has = (schema: string, name: string) => all.some((table) => table.schema === schema && table.name === name);
  const schemas = [...new Set(all.map(({ schema }) => schema))];
  const [schema, ...others] = schemas.filter((one) => [...needed, version.table].every((name) => has(one, name)));
  if (schema === undefined) {
    const missing = [...needed, version.table].filter((name) => !has("public", name));
    throw new Failure(
      "refused",
      `${shown} is no Letta V1 database: it has no table ${missing.join(", ")}. The URL ends with the name of the database, which is letta where nothing else was said`,
    );
  }
  if (others.length > 0)
    throw new Failure(
      "refused",
      `${shown} has Letta V1's tables in ${[schema, ...others].join(" and ")}. Import a dump of one: pg_dump --no-owner --schema=${schema} --file=dump.sql`,
    );
  const tables = all.filter((table) => table.schema === schema);
  await checkVersion(client, shown, { schema, wish });
  return tables;
}

async function checkVersion(
  client: Client,
  shown: string,
  { schema, wish }: { readonly schema: string; readonly wish: DatabaseWish },
): Promise<void> {
  const { table, column, known } = wish.version;
  const { rows } = await client.query<{ readonly version: string }>(
    `select ${quoted(column)}::text as version from ${quoted(schema)}.${quoted(table)} order by 1 limit 10`,
  );
  const found = rows.map(({ version }) => version).join(", ") || "none";
  if (found === known || wish.takesOtherVersions) return;
  throw new Failure(
    "refused",
    `${shown} has version ${found} of V1's schema, and ${known} is what is known here. Bring it there by Letta's own migrations (alembic upgrade ${known}), or say --format v1 to take what is known of it; try that by --dry-run first`,
  );
}

function nameOf({ schema, name }: Table): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

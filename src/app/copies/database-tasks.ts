import { Database } from "bun:sqlite";
import { type SavedTable, saveTable } from "./salvage.ts";

/** The table that a backup has beside those of the data. */
export const BACKUP_TABLE = "selkie_backup";
/** Lines of damage that are told. */
const DAMAGE_MAX = 10;
/** As many where it is to be repaired. */
const REPAIRED_MAX = 100;

/** How long the log is waited for that somebody reads. */
const SCRUB_WAIT_MS = 10_000;

/** What is found in a database that was looked through whole. */
export interface Looked {
  /** What is wrong with it; nothing where it is sound. */
  readonly damage: readonly string[];
  /** The version of its schema; 0 where it has none. */
  readonly schema: number;
  /** Rows of each table. */
  readonly tables: Readonly<Record<string, number>>;
  /** How many secrets each key sealed, by the key's name. */
  readonly secrets: Readonly<Record<string, number>>;
}

/** What became of a damaged database. */
export interface Salvaged {
  /** What is wrong with it, page by page; nothing where it is sound, and then nothing was made. */
  readonly damage: readonly string[];
  readonly schema: number;
  readonly tables: readonly SavedTable[];
  /** Rows that are there, but whose parents are lost, by their tables. */
  readonly orphans: Readonly<Record<string, number>>;
  /** Indexes and rules that could not be made, as what is left breaks them. */
  readonly refused: readonly string[];
}

/** Long work on databases, by name. */
export const TASKS = {
  /**
   * Writes a database as it is at this moment into a file that is not there. A server may be at work on it: it reads one
   * snapshot and holds nobody up, and nothing of the folder is changed.
   */
  copy({ from, to }: { readonly from: string; readonly to: string }): null {
    using database = new Database(from, { readonly: true });
    database.run("pragma busy_timeout = 5000");
    database.prepare("vacuum into ?").run(to);
    return null;
  },

  /** Reads all of a database. */
  look({ path }: { readonly path: string }): Looked {
    using database = new Database(path, { readonly: true });
    const damage = database
      .query<{ integrity_check: string }, []>(`pragma integrity_check(${DAMAGE_MAX})`)
      .all()
      .map((row) => row.integrity_check)
      .filter((line) => line !== "ok");
    if (damage.length > 0) return { damage, schema: 0, tables: {}, secrets: {} };
    const names = database
      .query<{ name: string }, []>(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name",
      )
      .all()
      .map(({ name }) => name)
      .filter((name) => name !== BACKUP_TABLE);
    const count = (name: string) =>
      database.query<{ total: number }, []>(`select count(*) as total from "${name}"`).get()?.total ?? 0;
    const versions = names.includes("schema_version")
      ? database.query<{ version: number | null }, []>("select max(version) as version from schema_version").all()
      : [];
    const secrets = names.includes("secrets")
      ? database
          .query<{ key: string; total: number }, []>(
            "select key_id as key, count(*) as total from secrets group by key_id order by key_id",
          )
          .all()
      : [];
    return {
      damage,
      schema: versions[0]?.version ?? 0,
      tables: Object.fromEntries(names.map((name) => [name, count(name)])),
      secrets: Object.fromEntries(secrets.map(({ key, total }) => [key, total])),
    };
  },

  /**
   * Writes all of a database anew, and keeps nothing of what was deleted in its pages and its log. What it needs on the way
   * is in a file, for it may be more than memory holds. False where a reader kept the log from being emptied.
   */
  scrub({ path }: { readonly path: string }): boolean {
    using database = new Database(path, { readwrite: true, create: false });
    database.run(`pragma busy_timeout = ${SCRUB_WAIT_MS}`);
    database.run("pragma temp_store = file");
    database.run("pragma secure_delete = on");
    database.run("vacuum");
    const [emptied] = database.query<{ busy: number }, []>("pragma wal_checkpoint(truncate)").all();
    return emptied?.busy === 0;
  },

  /** Copies all that can be read of a damaged database into an empty file. It writes beside what it reads: give it a copy. */
  salvage({ from, to }: { readonly from: string; readonly to: string }): Salvaged {
    const damage = damageIn(from);
    if (damage.length === 0) return { damage, schema: 0, tables: [], orphans: {}, refused: [] };
    using db = new Database(to, { readwrite: true, create: true });
    db.run("attach ? as damaged", [from]);
    db.run("pragma foreign_keys = off");
    db.run("pragma damaged.cell_size_check = on");
    db.run("pragma synchronous = off");
    const made = db
      .query<{ type: string; name: string; sql: string }, []>(
        "select type, name, sql from damaged.sqlite_schema where sql is not null and name not like 'sqlite_%' order by rowid",
      )
      .all();
    const tables: SavedTable[] = [];
    const refused: string[] = [];
    for (const one of made.toSorted((a, b) => Number(b.type === "table") - Number(a.type === "table"))) {
      if (!isMade(db, one.sql)) refused.push(one.name);
      else if (one.type === "table") tables.push(saveTable(db, one));
    }
    const lost = db
      .query<{ name: string; total: number }, []>(
        'select "table" as name, count(*) as total from main.pragma_foreign_key_check group by "table" order by "table"',
      )
      .all();
    const orphans = Object.fromEntries(lost.map(({ name, total }) => [name, total]));
    const version = db
      .query<{ version: number | null }, []>("select max(version) as version from main.schema_version")
      .get();
    db.run("detach damaged");
    return { damage, schema: version?.version ?? 0, tables, orphans, refused };
  },
};

/** What is wrong with a database, or that not even that can be told. */
function damageIn(path: string): readonly string[] {
  using database = new Database(path, { readwrite: true, create: false });
  try {
    return database
      .query<{ integrity_check: string }, []>(`pragma integrity_check(${REPAIRED_MAX})`)
      .all()
      .flatMap((row) => row.integrity_check.split("\n"))
      .filter((line) => line !== "ok");
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function isMade(db: Database, sql: string): boolean {
  try {
    db.run(sql);
    return true;
  } catch {
    return false;
  }
}

/** What the worker is asked. */
export type Task = { [Name in TaskName]: { readonly name: Name; readonly of: Asked<Name> } }[TaskName];

/** Names of the tasks. */
export type TaskName = keyof typeof TASKS;

/** What a task is asked. */
export type Asked<Name extends TaskName> = Parameters<(typeof TASKS)[Name]>[0];

/** What a task gives. */
export type Given<Name extends TaskName> = ReturnType<(typeof TASKS)[Name]>;

/** What the worker answers: what the task gives, or what SQLite says and calls it. */
export type Answer<Name extends TaskName> =
  | { readonly given: Given<Name> }
  | { readonly message: string; readonly code: string };

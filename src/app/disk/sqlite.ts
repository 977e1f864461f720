import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { closeSync, existsSync, fdatasync, fdatasyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { SqlConnection, SqlDatabase, SqlResult } from "../../store/base/driver.ts";
import { SCHEMA_VERSION } from "../../store/base/migrate.ts";
import { unreadableRows } from "../../store/base/unreadable-rows.ts";
import { workOn } from "../copies/database-work.ts";
import { createTurns } from "../serving/turns.ts";
import { finishRestore } from "./arriving.ts";
import { checkpointer, copyLog } from "./checkpoints.ts";
import { makePrivate, watchFiles } from "./data-files.ts";
import { type HeldDirectory, lockDirectory } from "./lock.ts";
import { openFailure, translate } from "./sqlite-failures.ts";
import { transactionOn } from "./sqlite-transaction.ts";

/** Unreadable rows that the doctor names. */
const DAMAGED_ROWS_MAX = 20;
/** Prepared statements kept per connection; the one prepared first goes first. */
const STATEMENTS_MAX = 400;
/** How much of the log is written again at a time. */
const RENEWED_BYTES = 1024 * 1024;

/** A database with counters for benches and tests. */
export interface OpenedSqlite extends SqlDatabase {
  /** Times the log was flushed to disk. */
  flushes(): number;
  /** Transactions committed. */
  commits(): number;
}

/**
 * Opens (or makes) the database in `directory`, alone: it throws while another process has it open.
 *
 * Commits go to the write-ahead log without waiting (`synchronous=NORMAL`); `flush` then makes them durable with one
 * `fdatasync` of the log, off this thread. That is what `synchronous=FULL` does inside each commit, moved to where it
 * stalls nobody and serves many commits at once. Checkpoints keep SQLite's own order of syncs.
 *
 * When a flush fails, `onDiskFailure` is told: what the kernel could not write it may have dropped, so a later flush
 * that succeeds proves nothing. The same when the files were taken away: nobody would find what is written to them. The process must end; the next one begins with writing the log again.
 */
export function openSqlite(directory: string, onDiskFailure: (error: unknown) => void = () => {}): OpenedSqlite {
  let lock: HeldDirectory | undefined;
  try {
    makePrivate(directory);
    lock = lockDirectory(directory);
    finishRestore(directory);
    return openIn(directory, lock, onDiskFailure);
  } catch (error) {
    lock?.close();
    throw openFailure(directory, error);
  }
}

function openIn(directory: string, lock: HeldDirectory, onDiskFailure: (error: unknown) => void): OpenedSqlite {
  const path = join(directory, "selkie.db");
  renewLog(`${path}-wal`);
  const write = openDatabase(path, false);
  const read = openDatabase(path, true);
  const log = openSync(`${path}-wal`, "r+");
  const files = watchFiles(path, log);
  const checkpoints = checkpointer(path, write, log);
  const writer = connectionTo(write, checkpoints.committed);
  let flushes = 0;

  return {
    dialect: "sqlite",
    writer: writer.writing,
    reader: readerOver(writer, connectionTo(read).reading),
    flushes: () => flushes,
    commits: writer.commits,
    giveWay: writer.giveWay,
    gather: () => new Promise((resolve) => setImmediate(resolve)),
    async flush() {
      const rows = writer.takeChangedRows();
      let logBytes: number;
      try {
        await syncLog(log);
        logBytes = files.check();
      } catch (error) {
        onDiskFailure(error);
        throw error;
      }
      flushes++;
      checkpoints.wrote(rows, logBytes);
    },
    // In a thread of its own: others may go on reading meanwhile.
    scrub: () => workOn("scrub", { path }),
    async close() {
      await checkpoints.stop();
      copyLog(write, "truncate");
      closeSync(log);
      read.close();
      write.close();
      lock.close();
    },
  };
}

/** What is wrong with the database in `directory`, at most a few lines; reading only, beside a running server too. */
export function checkDatabase(directory: string): readonly string[] {
  const database = new Database(join(directory, "selkie.db"), { readonly: true });
  try {
    const rows = database.query<{ quick_check: string }, []>("pragma quick_check(10)").all();
    const damage = rows.map((row) => row.quick_check).filter((line) => line !== "ok");
    if (damage.length > 0)
      return [...damage, "restore a backup of it, or save what can be read with 'selkie doctor --repair'"];
    const version = versionIn(database);
    if (version > SCHEMA_VERSION)
      return [`a newer selkie wrote it (schema ${version}, known up to ${SCHEMA_VERSION}); use that one`];
    // An older one has other columns, until a server has opened it.
    return version < SCHEMA_VERSION ? [] : unreadable(database);
  } catch (error) {
    throw openFailure(directory, error);
  } finally {
    database.close();
  }
}

/** What is said of the database of `directory` where nothing is in it; `path` is that one, or a copy of it. */
export function emptinessOf(directory: string, path = join(directory, "selkie.db")): string | undefined {
  if (statSync(path).size > 0 && hasTables(path)) return undefined;
  return `${join(directory, "selkie.db")} is empty: not even a table is in it, so there is nothing to check or to save. Restore a backup with 'selkie restore FILE --force'. If nothing was ever stored here, delete it, and the next start begins anew`;
}

function hasTables(path: string): boolean {
  try {
    using database = new Database(path, { readonly: true });
    return database.query<{ name: string }, []>("select name from sqlite_schema limit 1").all().length > 0;
  } catch {
    // It is damaged, or cannot be opened, which others tell.
    return true;
  }
}

/** Whether the database in `directory` has the schema that this server writes. */
export function isOfToday(directory: string): boolean {
  using database = new Database(join(directory, "selkie.db"), { readonly: true });
  return versionIn(database) === SCHEMA_VERSION;
}

function versionIn(database: Database): number {
  const [row] = database.query<{ version: number }, []>("select max(version) as version from schema_version").all();
  return row?.version ?? 0;
}

/** Rows that the disk gives back, but that do not hold what the server wrote. */
function unreadable(database: Database): readonly string[] {
  const rows = unreadableRows(DAMAGED_ROWS_MAX + 1).flatMap((query) =>
    database.query<{ name: string; id: string; columns: string }, []>(query).all(),
  );
  const named = rows.slice(0, DAMAGED_ROWS_MAX).map(({ name, id, columns }) => `${name} ${id} (${columns})`);
  if (rows.length > named.length) named.push("and more");
  return named.length === 0 ? [] : [`rows that cannot be read: ${named.join(", ")}`, "restore a backup of them"];
}

/**
 * A connection. Checkpoints, and syncs of what was committed, are ours (decision 006), so SQLite is told to make none. A
 * reader cannot write by mistake. The cache is 16 MB, which SQLite wants as a negative number of KB.
 */
function openDatabase(path: string, isReader: boolean): Database {
  const database = new Database(path, { create: true, readwrite: true });
  database.run("pragma busy_timeout = 5000");
  database.run("pragma journal_mode = wal");
  database.run("pragma synchronous = normal");
  database.run("pragma foreign_keys = on");
  database.run("pragma wal_autocheckpoint = 0");
  database.run("pragma cache_size = -16000");
  database.run("pragma temp_store = memory");
  if (isReader) database.run("pragma query_only = on");
  return database;
}

/** A statement, whether it gives rows, and whether those are rows that it changed. */
interface PreparedSql {
  readonly statement: Statement;
  readonly gives: boolean;
  readonly returns: boolean;
}

/** A connection that keeps its prepared statements and counts what it changes. */
function connectionTo(database: Database, committed: () => void = () => {}) {
  const statements = new Map<string, PreparedSql>();
  let changedRows = 0;
  let commits = 0;
  const transaction = transactionOn(() => database.inTransaction);
  const turns = createTurns();

  function prepare(sql: string) {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= STATEMENTS_MAX) dropOldest(statements);
    const returns = /\breturning\b/i.test(sql);
    const gives = returns || /^\s*(select|with|pragma)\b/i.test(sql);
    const prepared = { statement: database.prepare(sql), gives, returns };
    statements.set(sql, prepared);
    return prepared;
  }

  function answer(sql: string, parameters: readonly unknown[]): SqlResult {
    try {
      const { statement, gives, returns } = prepare(sql);
      const values = parameters.map(toBinding);
      transaction.before(sql);
      if (gives) {
        const rows = statement.all(...values) as SqlResult["rows"];
        if (returns) changedRows += rows.length;
        return { rows, changes: 0 };
      }
      const { changes } = statement.run(...values);
      changedRows += changes;
      transaction.after(sql);
      if (sql === "commit") {
        commits++;
        committed();
      }
      return { rows: [], changes };
    } catch (error) {
      const failure = translate(error);
      transaction.failed(failure);
      throw failure;
    }
  }

  /** For whoever reads between the transactions of others: asked at once, because one may begin meanwhile. */
  const reading: SqlConnection = {
    execute(sql, parameters) {
      turns.begin();
      const result = answer(sql, parameters);
      return turns.ifDue()?.then(() => result) ?? result;
    },
  };
  /** For the one whose transactions they are. */
  const writing: SqlConnection = {
    execute(sql, parameters) {
      turns.begin();
      // Nobody may see what is committed before whoever committed it knows that it must be flushed.
      const others = sql === "commit" ? undefined : turns.ifDue();
      return others?.then(() => answer(sql, parameters)) ?? answer(sql, parameters);
    },
  };
  return {
    reading,
    writing,
    giveWay: turns.ifDue,
    commits: () => commits,
    isInTransaction: transaction.isOpen,
    takeChangedRows() {
      const rows = changedRows;
      changedRows = 0;
      return rows;
    },
  };
}

/**
 * Reads on the writer's connection between its transactions, where everything is committed and its page cache is warm;
 * while one is open, on a connection of its own, which sees only what is committed but must read changed pages anew.
 */
function readerOver(writer: ReturnType<typeof connectionTo>, apart: SqlConnection): SqlConnection {
  return {
    execute: (sql, parameters) => (writer.isInTransaction() ? apart : writer.reading).execute(sql, parameters),
  };
}

/** Lets go of the statement that has been kept longest; it is prepared again when it is needed. */
function dropOldest(statements: Map<string, { readonly statement: Statement }>): void {
  for (const [sql, { statement }] of statements) {
    statement.finalize();
    statements.delete(sql);
    return;
  }
}

function toBinding(value: unknown): SQLQueryBindings {
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === undefined ? null : (value as SQLQueryBindings);
}

/** Puts on disk what the log holds, in a thread of the pool. */
function syncLog(log: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(log, (error) => {
      if (error === null) resolve();
      else reject(new Failure("unavailable", "The disk failed to store the write-ahead log", { cause: error }));
    });
  });
}

/**
 * Writes the log that the last process left once more, as it is. After a flush that failed the system may go on showing
 * what the disk does not have, and never write it: what is built on that would be lost with the power.
 */
function renewLog(path: string): void {
  if (!existsSync(path)) return;
  const log = openSync(path, "r+");
  try {
    const bytes = Buffer.alloc(RENEWED_BYTES);
    for (let offset = 0; ; ) {
      const read = readSync(log, bytes, 0, RENEWED_BYTES, offset);
      if (read === 0) break;
      offset += writeSync(log, bytes, 0, read, offset);
    }
    fdatasyncSync(log);
  } finally {
    closeSync(log);
  }
}

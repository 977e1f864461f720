import { Database, type SQLQueryBindings } from "bun:sqlite";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../src/core/failure.ts";
import type { SqlConnection, SqlDatabase, SqlResult } from "../src/store/driver.ts";
import type { Faults } from "./faults.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Incarnation } from "./world.ts";

/**
 * The disk of the simulated machine: a real SQLite file in memory, where a flush takes its time, and from which a crash
 * leaves what a killed process or a machine without power leaves.
 */
export interface SimDisk {
  /** Opens what the last process left. `ended` is told where the process ends by what happens on the disk itself. */
  open(incarnation: Incarnation, ended: (how: string) => void): SqlDatabase;
  /** What a process that was killed leaves: all it wrote. The handles of the dead process stay with its files. */
  kill(): void;
  /** What a machine that lost its power leaves: all that was flushed, and of the rest of the log any beginning. */
  losePower(): void;
  /** Transactions committed so far. */
  commits(): number;
  /** SHA-256 over every row of every table. */
  hash(): string;
  /** Problems SQLite itself finds in the file, foreign keys included. */
  problems(): readonly string[];
  remove(): void;
}

/** What a disk is made of. */
export interface DiskOptions {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  /** The longest a flush takes. */
  readonly flushMs: number;
  /** The longest that beginning or ending a transaction takes; 0 where it takes no time, as in SQLite. */
  readonly transactionMs: number;
  /** Mutant: flushes resolve at once and flush nothing. */
  readonly losesFlushes: boolean;
}

const MEMORY_DISK = "/dev/shm";

/**
 * Makes an empty disk. The log is never copied into the database file while a process runs, so it only grows, and a
 * beginning of it is exactly what a disk may hold that was not flushed. Losses that reorder writes, or strike inside a
 * commit or a checkpoint, are those of `power/disk.ts`.
 */
export function createDisk(options: DiskOptions): SimDisk {
  const { scheduler, random, flushMs, losesFlushes } = options;
  const directory = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), "selkie-sim-"));
  let generation = 0;
  let handles: readonly Database[] = [];
  /** Bytes of the log that are on the disk for certain. */
  let flushedBytes = 0;
  let commits = 0;

  const path = () => join(directory, `${generation}.db`);
  const logBytes = () => (existsSync(`${path()}-wal`) ? statSync(`${path()}-wal`).size : 0);

  function leave(bytes: number): void {
    const from = path();
    generation++;
    copyFileSync(from, path());
    if (existsSync(`${from}-wal`)) {
      copyFileSync(`${from}-wal`, `${path()}-wal`);
      truncateSync(`${path()}-wal`, bytes);
    }
    closeAll();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${from}${end}`, { force: true });
  }

  function closeAll(): void {
    for (const handle of handles) handle.close();
    handles = [];
  }

  function withFile<T>(work: (database: Database) => T): T {
    const database = openDatabase(path());
    try {
      return work(database);
    } finally {
      if (handles.length > 0) database.close();
      else database.close(true);
    }
  }

  return {
    open(incarnation) {
      const writer = openDatabase(path());
      const reader = openDatabase(path());
      reader.run("pragma query_only = on");
      handles = [writer, reader];
      return {
        dialect: "sqlite",
        reader: connectionTo(reader, () => {}),
        writer: slowed(
          options,
          incarnation,
          connectionTo(writer, () => {
            commits++;
          }),
        ),
        async flush() {
          if (losesFlushes) return;
          const upTo = logBytes();
          await scheduler.wait("disk flushed", random.between(0, flushMs), incarnation);
          flushedBytes = Math.max(flushedBytes, upTo);
        },
        async close() {
          writer.run("pragma wal_checkpoint(truncate)");
          closeAll();
          flushedBytes = 0;
        },
      };
    },
    kill: () => leave(logBytes()),
    losePower() {
      const size = logBytes();
      flushedBytes = random.chance(0.5) ? flushedBytes : flushedBytes + random.int(size - flushedBytes + 1);
      leave(flushedBytes);
    },
    commits: () => commits,
    hash: () => withFile(hashOf),
    problems: () => withFile(problemsOf),
    remove() {
      closeAll();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function problemsOf(database: Database): readonly string[] {
  const found = database.query("pragma integrity_check").all() as { integrity_check: string }[];
  const dangling = database.query("pragma foreign_key_check").all();
  const texts = found.map((row) => row.integrity_check).filter((text) => text !== "ok");
  return [...texts, ...dangling.map((row) => `A key leads nowhere: ${JSON.stringify(row)}`)];
}

function openDatabase(path: string): Database {
  const database = new Database(path, { create: true, readwrite: true });
  database.run("pragma journal_mode = wal");
  // What is durable is this file's to say; SQLite need not wait for anything.
  database.run("pragma synchronous = off");
  database.run("pragma foreign_keys = on");
  database.run("pragma wal_autocheckpoint = 0");
  database.run("pragma temp_store = memory");
  return database;
}

/** A connection as `app/sqlite.ts` makes them: its constraint failures are conflicts. */
function connectionTo(database: Database, committed: () => void): SqlConnection {
  return {
    execute(sql, parameters): SqlResult {
      const values = parameters.map(toBinding);
      try {
        const statement = database.query(sql);
        if (/^\s*(select|with|pragma)\b|\breturning\b/i.test(sql))
          return { rows: statement.all(...values) as SqlResult["rows"], changes: 0 };
        const { changes } = statement.run(...values);
        if (sql === "commit") committed();
        return { rows: [], changes };
      } catch (error) {
        const isConflict =
          error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT");
        if (!isConflict) throw error;
        throw new Failure("conflict", "This conflicts with something that exists already", { cause: error });
      }
    },
  };
}

/** A connection whose transactions begin and end after a while, as those of a database elsewhere do. */
export function slowed(
  { scheduler, random, transactionMs }: Pick<DiskOptions, "scheduler" | "random" | "transactionMs">,
  incarnation: Incarnation,
  connection: SqlConnection,
): SqlConnection {
  if (transactionMs === 0) return connection;
  return {
    async execute(sql, parameters) {
      if (sql === "begin immediate" || sql === "commit")
        await scheduler.wait(`database ${sql}`, random.between(0, transactionMs), incarnation);
      return connection.execute(sql, parameters);
    },
  };
}

function toBinding(value: unknown): SQLQueryBindings {
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === undefined ? null : (value as SQLQueryBindings);
}

function hashOf(database: Database): string {
  const hash = createHash("sha256");
  const tables = database.query("select name from sqlite_master where type = 'table' order by name").all() as {
    name: string;
  }[];
  for (const { name } of tables) {
    hash.update(name);
    for (const row of database.query(`select * from "${name}"`).values()) hash.update(JSON.stringify(row));
  }
  return hash.digest("hex");
}

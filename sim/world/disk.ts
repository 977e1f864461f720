import { Database, type SQLQueryBindings } from "bun:sqlite";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SqliteTransaction, transactionOn } from "../../src/app/disk/sqlite-transaction.ts";
import { Failure } from "../../src/core/failure.ts";
import type { SqlConnection, SqlDatabase, SqlResult } from "../../src/store/base/driver.ts";
import { problemsOf, rowsOf } from "../judge/file-rows.ts";
import { type Remains, remainsOf } from "../judge/rows.ts";
import { createDiskTrouble, type DiskTrouble, type DiskTroubleOptions, unreadable } from "./disk-trouble.ts";
import { copyOf } from "./file-copy.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Incarnation, never } from "./world.ts";

/**
 * The disk of the simulated machine: a real SQLite file in memory, where a flush takes its time, and from which a crash
 * leaves what a killed process or a machine without power leaves.
 */
export interface SimDisk {
  /** Opens what the last process left. `ended` is told where the process ends by what happens on the disk itself. */
  open(incarnation: Incarnation, ended: (how: string) => void): SqlDatabase;
  /** Whether the process could be paused now, and another start on the same files. */
  mayPause(): boolean;
  /** One process of several ended by itself: what it was about is rolled back. */
  release(incarnation: Incarnation): void;
  /** What a process that was killed leaves: all it wrote. The handles of the dead process stay with its files. */
  kill(): void;
  /** What a machine that lost its power leaves: all that was flushed, and of the rest of the log any beginning. */
  losePower(): void;
  /** The bytes of the database as it is, all in one file; absent where that cannot be told. */
  readonly copied?: () => Uint8Array;
  /** Whether it may refuse writes, whatever the hazards say. */
  readonly refuses: boolean;
  /** Transactions committed so far. */
  commits(): number;
  /** What is there in the end, and what is wrong with it: problems that SQLite finds, texts that should be gone. */
  remains(gone: readonly string[]): Remains & { readonly problems: readonly string[] };
  remove(): void;
}

/** A disk of the fast lane. */
export interface FileDisk extends SimDisk {
  /** The bytes of the database file, in which everything is once the process has stopped. */
  image(): Uint8Array;
  /** The same of one that is in use. */
  copied(): Uint8Array;
}

/** What a disk is made of. */
export interface DiskOptions extends DiskTroubleOptions {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** The longest a flush takes. */
  readonly flushMs: number;
  /** The longest that beginning or ending a transaction takes; 0 where it takes no time, as in SQLite. */
  readonly transactionMs: number;
  /** Whether rows that no query orders come the other way round. */
  readonly reversesRows: boolean;
  /** Mutant: flushes resolve at once and flush nothing. */
  readonly losesFlushes: boolean;
}

/** How often a process tries again while another writes. */
const LOCK_RETRY_MS = 5;
const MEMORY_DISK = "/dev/shm";

/** One process at the disk. */
interface Seat {
  readonly incarnation: Incarnation;
  readonly ended: (how: string) => void;
  readonly writer: Database;
  /** Made when it is needed first, which it seldom is. */
  readonly reader: () => Database;
  readonly close: () => void;
  readonly transaction: SqliteTransaction;
}

/** The database file and its log, by generations: what a crash leaves is a copy, which the handles of the dead do not have. */
function createFiles({ reversesRows, image }: Pick<DiskOptions, "reversesRows" | "image">) {
  const directory = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), "selkie-sim-"));
  let generation = 0;
  const path = () => join(directory, `${generation}.db`);
  if (image !== undefined) writeFileSync(path(), image);
  return {
    open: () => openDatabase(path(), reversesRows),
    logBytes: () => (existsSync(`${path()}-wal`) ? statSync(`${path()}-wal`).size : 0),
    /** Begins the next generation with so much of the log; returns what drops the last one, once its handles are closed. */
    leave(bytes: number): () => void {
      const from = path();
      generation++;
      copyFileSync(from, path());
      if (existsSync(`${from}-wal`)) {
        copyFileSync(`${from}-wal`, `${path()}-wal`);
        truncateSync(`${path()}-wal`, bytes);
      }
      return () => {
        for (const end of ["", "-wal", "-shm"]) rmSync(`${from}${end}`, { force: true });
      };
    },
    image: () => readFileSync(path()),
    copied: () => copyOf(path()),
    look<T>(work: (database: Database) => T, isAlone: boolean): T {
      const database = openDatabase(path(), false);
      try {
        return work(database);
      } finally {
        database.close(isAlone);
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The processes at the disk, of which all but one are paused or replaced. */
function createSeats() {
  let seats: readonly Seat[] = [];
  return {
    add(seat: Seat): void {
      seats = [...seats, seat];
    },
    isEmpty: () => seats.length === 0,
    isAlone: (seat: Seat) => seats.every((other) => other === seat),
    isLockedFor: (seat: Seat) => !seat.transaction.isOpen() && seats.some((other) => other.transaction.isOpen()),
    areIdle: () => seats.every(({ transaction }) => !transaction.isOpen()),
    /** All of them are dead. */
    closeAll(): void {
      for (const { incarnation } of seats) incarnation.end();
      for (const { close } of seats) close();
      seats = [];
    },
    /** One ended by itself: what it was about is rolled back. */
    release(incarnation: Incarnation): void {
      const gone = seats.filter((seat) => seat.incarnation === incarnation);
      seats = seats.filter((seat) => seat.incarnation !== incarnation);
      for (const { writer, close } of gone) {
        if (writer.inTransaction) writer.run("rollback");
        close();
      }
    },
  };
}

/**
 * Makes an empty disk. The log is never copied into the database file while a process runs, so it only grows, and a
 * beginning of it is exactly what a disk may hold that was not flushed. Losses that reorder writes, or strike inside a
 * commit or a checkpoint, are those of `power/disk.ts`.
 */
export function createDisk(options: DiskOptions): FileDisk {
  const { random } = options;
  const trouble = createDiskTrouble(options, random);
  const files = createFiles(options);
  const seats = createSeats();
  /** Bytes of the log that are on the disk for certain. */
  let flushedBytes = 0;
  let commits = 0;

  function leave(bytes: number): void {
    const drop = files.leave(bytes);
    seats.closeAll();
    drop();
  }

  function losePower(): void {
    const size = files.logBytes();
    flushedBytes = random.chance(0.5) ? flushedBytes : flushedBytes + random.int(size - flushedBytes + 1);
    leave(flushedBytes);
  }

  const at: SeatOptions = {
    ...options,
    trouble,
    logBytes: files.logBytes,
    isLockedFor: seats.isLockedFor,
    flushed(bytes) {
      flushedBytes = Math.max(flushedBytes, bytes);
    },
    committed() {
      commits++;
    },
    end(how, { incarnation, ended }, isPower) {
      incarnation.end();
      if (isPower) losePower();
      else leave(files.logBytes());
      ended(how);
      return never();
    },
  };

  return {
    open(incarnation, ended) {
      const seat: Seat = { incarnation, ended, ...connectionsOf(files.open) };
      seats.add(seat);
      trouble.begin();
      return {
        dialect: "sqlite",
        reader: { execute: (sql, parameters) => read(at, seat, sql, parameters) },
        writer: slowed(options, incarnation, { execute: (sql, parameters) => write(at, seat, sql, parameters) }),
        flush: () => flush(at, seat),
        async close() {
          // Whoever took its place while it was paused stays at the disk.
          if (!seats.isAlone(seat)) return seats.release(incarnation);
          // Where beginning and ending one takes time, a transaction may be open: it goes with its connection.
          if (seat.writer.inTransaction) seat.writer.run("rollback");
          seat.writer.run("pragma wal_checkpoint(truncate)");
          seats.closeAll();
          flushedBytes = 0;
        },
      };
    },
    refuses: false,
    release: seats.release,
    mayPause: seats.areIdle,
    kill: () => leave(files.logBytes()),
    losePower,
    commits: () => commits,
    image: files.image,
    copied: files.copied,
    remains: (gone) =>
      files.look(
        (database) => ({ ...remainsOf(rowsOf(database), gone), problems: problemsOf(database) }),
        seats.isEmpty(),
      ),
    remove() {
      seats.closeAll();
      files.remove();
    },
  };
}

function connectionsOf(open: () => Database): Omit<Seat, "incarnation" | "ended"> {
  const writer = open();
  let reader: Database | undefined;
  return {
    writer,
    transaction: transactionOn(() => writer.inTransaction),
    reader() {
      if (reader === undefined) {
        reader = open();
        reader.run("pragma query_only = on");
      }
      return reader;
    },
    close() {
      reader?.close();
      writer.close();
    },
  };
}

/** What the processes share. */
interface SeatOptions extends DiskOptions {
  readonly trouble: DiskTrouble;
  logBytes(): number;
  /** Whether another process has a transaction open. */
  isLockedFor(seat: Seat): boolean;
  flushed(bytes: number): void;
  committed(): void;
  /** Ends a process from within: nobody hears of what it was about. */
  end(how: string, seat: Seat, isPower: boolean): Promise<never>;
}

function write(
  at: SeatOptions,
  seat: Seat,
  sql: string,
  parameters: readonly unknown[],
): SqlResult | Promise<SqlResult> {
  const { trouble, random, committed, end } = at;
  const { incarnation, transaction } = seat;
  if (!incarnation.mayAct("the database")) return never();
  if (at.isLockedFor(seat)) return writeLater(at, seat, sql, parameters);
  transaction.before(sql);
  const blow = trouble.before(sql, incarnation);
  if (blow?.kind === "ends") return end(blow.how, seat, random.chance(0.5));
  if (blow?.kind === "full") throw new Failure("full", "The disk is full");
  if (blow?.kind === "unreadable") throw loseTransaction(seat);
  const result = executeOn(seat.writer, sql, parameters);
  transaction.after(sql);
  if (sql !== "commit") return result;
  committed();
  const how = trouble.after("commit", incarnation);
  return how === undefined ? result : end(how, seat, random.chance(0.5));
}

/** A read that fails ends the transaction that needed it, whatever its process makes of the error. */
function loseTransaction({ writer, transaction }: Seat): Failure {
  const failure = unreadable();
  if (!transaction.isOpen()) return failure;
  writer.run("rollback");
  transaction.failed(failure);
  return failure;
}

/** Waits for the end of the other process's transaction, as a connection with a busy timeout does. */
async function writeLater(
  at: SeatOptions,
  seat: Seat,
  sql: string,
  parameters: readonly unknown[],
): Promise<SqlResult> {
  await at.scheduler.wait("database is locked", LOCK_RETRY_MS, seat.incarnation);
  return write(at, seat, sql, parameters);
}

/** Between transactions on the connection of the writer, as `app/sqlite.ts` reads. */
function read(
  { trouble, random, end }: SeatOptions,
  seat: Seat,
  sql: string,
  parameters: readonly unknown[],
): SqlResult | Promise<never> {
  if (!seat.incarnation.mayAct("the database")) return never();
  const blow = trouble.beforeReading(seat.incarnation);
  if (blow?.kind === "ends") return end(blow.how, seat, random.chance(0.5));
  if (blow !== undefined) throw unreadable();
  return executeOn(seat.transaction.isOpen() ? seat.reader() : seat.writer, sql, parameters);
}

async function flush(at: SeatOptions, seat: Seat): Promise<void> {
  const { incarnation } = seat;
  if (!incarnation.mayAct("the disk")) return never();
  if (at.losesFlushes) return;
  const upTo = at.logBytes();
  await at.scheduler.wait("disk flushed", at.random.between(0, at.flushMs), incarnation);
  if (at.trouble.failsFlush(incarnation)) return at.end("flush failed", seat, true);
  at.flushed(upTo);
  const how = at.trouble.after("flush", incarnation);
  return how === undefined ? undefined : at.end(how, seat, at.random.chance(0.5));
}

function openDatabase(path: string, reversesRows: boolean): Database {
  const database = new Database(path, { create: true, readwrite: true });
  // What is durable is this file's to say; SQLite need not wait for anything.
  database.run(
    "pragma journal_mode = wal; pragma synchronous = off; pragma foreign_keys = on; pragma wal_autocheckpoint = 0; pragma temp_store = memory",
  );
  if (reversesRows) database.run("pragma reverse_unordered_selects = on");
  return database;
}

/** What a connection of `app/sqlite.ts` does: its constraint failures are conflicts. */
function executeOn(database: Database, sql: string, parameters: readonly unknown[]): SqlResult {
  const values = parameters.map(toBinding);
  try {
    const statement = database.query(sql);
    if (/^\s*(select|with|pragma)\b|\breturning\b/i.test(sql))
      return { rows: statement.all(...values) as SqlResult["rows"], changes: 0 };
    return { rows: [], changes: statement.run(...values).changes };
  } catch (error) {
    const isConflict = error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT");
    if (!isConflict) throw error;
    throw new Failure("conflict", "This conflicts with something that exists already", { cause: error });
  }
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

import { type SqliteTransaction, transactionOn } from "../../src/app/disk/sqlite-transaction.ts";
import type { SqlConnection, SqlDatabase, SqlResult } from "../../src/store/base/driver.ts";
import { type DiskOptions, slowed } from "../world/disk.ts";
import type { SeededRandom } from "../world/random.ts";
import { type Incarnation, never } from "../world/world.ts";
import { connectTo, SMALL_CACHE, type WasmConnection } from "./connection.ts";
import type { Engine } from "./engine.ts";
import type { Trouble, Work } from "./trouble.ts";
import type { Host } from "./vfs.ts";

/** One process that has the database open. */
export interface PowerProcess {
  readonly database: SqlDatabase;
  readonly connection: () => WasmConnection;
  /** Gives back what is held for it, once it is no more. */
  leave(): void;
}

/** What a process is made of. */
export interface PowerProcessOptions {
  readonly engine: Engine;
  readonly disk: DiskOptions;
  readonly random: SeededRandom;
  readonly host: Host;
  readonly trouble: Trouble;
  /** Changed rows after which the log is copied into the database file. */
  readonly checkpointRows: number;
  readonly incarnation: Incarnation;
  /** Called once the files are open. */
  readonly opened: (connection: WasmConnection) => void;
  readonly committed: () => void;
  /** Called when the process ends by what happens on the disk. */
  readonly ended: (how: string) => void;
}

/** The file that holds everything, once the log is copied into it. */
export const DATABASE = "selkie.db";
/** The write-ahead log. */
export const LOG = `${DATABASE}-wal`;

/** A process as the disk needs it. */
interface Life extends PowerProcessOptions {
  isOver: boolean;
  connection: WasmConnection | undefined;
  /** While a transaction is open: what waits for its end. */
  transaction: PromiseWithResolvers<void> | undefined;
  nextCommit: PromiseWithResolvers<void>;
  readonly guard: SqliteTransaction;
  changedRows: number;
  isCheckpointing: boolean;
}

/** Starts a process: it opens what the last one left, flushes and makes checkpoints as `app/sqlite.ts` does. */
export function startProcess(options: PowerProcessOptions): PowerProcess {
  const life: Life = {
    ...options,
    isOver: false,
    connection: undefined,
    transaction: undefined,
    nextCommit: Promise.withResolvers(),
    guard: transactionOn(() => connection(life).isInTransaction()),
    changedRows: 0,
    isCheckpointing: false,
  };
  options.trouble.begin();
  // A start that the power ends is no answer to wait for.
  void during(life, "start", () => {
    renewLog(life.host);
    connection(life);
  });
  if (!life.isOver) life.opened(connection(life));
  const execute: SqlConnection["execute"] = (sql, parameters) => executeIn(life, sql, parameters);
  return {
    connection: () => connection(life),
    leave: () => leave(life),
    database: {
      dialect: "sqlite",
      writer: slowed(options.disk, options.incarnation, { execute }),
      reader: {
        execute(sql, parameters) {
          if (life.transaction === undefined) return execute(sql, parameters);
          return betweenTransactions(life).then(() => execute(sql, parameters));
        },
      },
      flush: () => flush(life),
      async close() {
        try {
          await during(life, "stop", () => connection(life).execute("pragma wal_checkpoint(truncate)", []));
        } catch {
          // The log stays, and the next start reads it.
        }
        // The last to close it removes the log, where that is copied.
        await during(life, "stop", () => connection(life).close());
        life.connection = undefined;
        leave(life);
      },
    },
  };
}

/** Something done to the files. If the process ends there, nobody hears of it. */
function during<T>(life: Life, work: Work, act: () => T): T | Promise<never> {
  const { trouble } = life;
  if (life.isOver) return never();
  try {
    const result = trouble.during(work, act);
    if (trouble.isOn()) return result;
  } catch (error) {
    if (trouble.isOn()) throw error;
  }
  return end(life, `power in ${work}`);
}

function end(life: Life, how: string): Promise<never> {
  leave(life);
  life.ended(how);
  return never();
}

function leave(life: Life): void {
  if (life.isOver) return;
  life.isOver = true;
  life.trouble.end();
  life.connection?.close();
}

function connection(life: Life): WasmConnection {
  const cache = life.disk.hazards.unreadableRate > 0 ? SMALL_CACHE : undefined;
  life.connection ??= connectTo(() => life.engine.open(DATABASE, life.host), cache);
  return life.connection;
}

function executeIn(life: Life, sql: string, parameters: readonly unknown[]): SqlResult | Promise<never> {
  if (sql === "rollback") endTransaction(life);
  life.guard.before(sql);
  return during(life, sql === "commit" ? "commit" : "statement", () => {
    const result = executeOn(life, sql, parameters);
    if (sql === "begin immediate") life.transaction = Promise.withResolvers();
    if (sql === "commit") {
      life.committed();
      life.nextCommit.resolve();
      life.nextCommit = Promise.withResolvers();
      endTransaction(life);
    }
    life.changedRows += result.changes;
    return result;
  });
}

function executeOn(life: Life, sql: string, parameters: readonly unknown[]): SqlResult {
  try {
    const result = connection(life).execute(sql, parameters);
    life.guard.after(sql);
    return result;
  } catch (error) {
    life.guard.failed(error);
    throw error;
  }
}

function endTransaction(life: Life): void {
  life.transaction?.resolve();
  life.transaction = undefined;
}

/** Waits until everything is committed: one connection does here for the two that there are outside. */
async function betweenTransactions(life: Life): Promise<void> {
  while (life.transaction !== undefined) await life.transaction.promise;
}

async function flush(life: Life): Promise<void> {
  const { disk, random, host, trouble } = life;
  const log = host.files.find(LOG);
  const changes = log?.changes;
  await disk.scheduler.wait("disk flushed", random.between(0, disk.flushMs), life.incarnation);
  if (life.isOver) return never();
  if (log !== undefined && !disk.losesFlushes) {
    if (trouble.failsFlush()) host.files.failSync(log);
    // That something could not be stored the system says once. The process ends of it.
    if (log.hasLost) {
      log.hasLost = false;
      return end(life, "flush failed");
    }
    host.files.sync(log, changes);
  }
  if (life.changedRows >= life.checkpointRows && !life.isCheckpointing) void checkpoint(life);
}

async function checkpoint(life: Life): Promise<void> {
  const { disk, random } = life;
  life.changedRows = 0;
  life.isCheckpointing = true;
  await disk.scheduler.wait("checkpoint", random.between(0, disk.flushMs), life.incarnation);
  // The thread that does it may find commits that no flush has covered.
  if (random.chance(0.5)) await life.nextCommit.promise;
  await betweenTransactions(life);
  try {
    await during(life, "checkpoint", () => connection(life).execute("pragma wal_checkpoint(passive)", []));
    disk.faults.applied("checkpoint");
  } catch {
    // The log stays as it is, and the next checkpoint copies it.
  }
  life.isCheckpointing = false;
}

/** Writes the log again, as `app/sqlite.ts` does: what the system shows of it may be missing on the disk. */
function renewLog({ files, outcomeOf }: Host): void {
  const log = files.find(LOG);
  if (log === undefined || outcomeOf("write", LOG) !== "done") return;
  files.write(log, 0, log.seen.buffer.subarray(0, log.seen.size));
  if (outcomeOf("sync", LOG) === "done") files.sync(log);
}

import type { Database } from "bun:sqlite";
import { fstatSync } from "node:fs";
import { entryUrl } from "../entries.ts";
import { isOfDisk } from "./sqlite-failures.ts";

/** Changed rows after which the log is copied into the database file; sooner when it is too long. */
const CHECKPOINT_ROWS = 4_000;
/** Size of the log beyond which this thread finishes a checkpoint itself, so that the log starts over. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Sizes to which a longer log is cut as it starts over. While much is written it keeps the room that it will need again:
 * a file system asks more for new room than the writing itself takes.
 */
const LOG_BYTES_KEPT = { busy: 2 * LOG_BYTES_MAX, quiet: 16 * 1024 * 1024 };
/** Fewer rows a second than this are little. */
const QUIET_ROWS = 1_000;
/** How long what is written is watched before it is called little. */
const WATCH_MS = 1_000;

/**
 * Copies the log into the database file, what others leave of it or all. Where the disk is full or cannot be read the
 * log stays: a later checkpoint copies it, and the next start reads it.
 */
export function copyLog(write: Database, mode: "passive" | "truncate"): void {
  try {
    write.run(`pragma wal_checkpoint(${mode})`);
  } catch (error) {
    // What could be left for later must not make a commit fail that was made.
    if (mode === "truncate" && !isOfDisk(error)) throw error;
  }
}

/** Copies the log into the database file from time to time, in a thread of its own so that no request waits for it. */
export function checkpointer(path: string, write: Database, log: number) {
  let worker: Worker | undefined;
  let running: Promise<void> | undefined;
  let rows = 0;
  let isLeft = false;
  /** How long the log was when it was copied last. Longer means that it has not started over since. */
  let grownTo = LOG_BYTES_MAX;
  const rate = { sinceMs: performance.now(), rows: 0 };
  cutTo(LOG_BYTES_KEPT.busy);

  /** Sets the size to which the log is cut whenever it starts over. */
  function cutTo(bytes: number): void {
    write.run(`pragma journal_size_limit = ${bytes}`);
  }

  async function run(): Promise<void> {
    worker ??= new Worker(entryUrl("disk/checkpoint-worker"));
    const thread = worker;
    await new Promise<void>((resolve) => {
      thread.onmessage = () => resolve();
      thread.onerror = () => resolve();
      thread.postMessage(path);
    });
    const { size } = fstatSync(log);
    isLeft = size > LOG_BYTES_MAX;
    grownTo = Math.max(size, LOG_BYTES_MAX);
    finish();
  }

  /** What was written meanwhile is little; copying it here lets the log start over instead of growing. */
  function finish(): void {
    // A transaction that others were let into is still open: SQLite copies nothing then, and it is done after its commit.
    if (!isLeft || write.inTransaction) return;
    isLeft = false;
    copyLog(write, "passive");
  }

  /** Watches how much is written, and sets the log's room by it. Tells, once in a while, that the log has more than it needs. */
  function watch(changedRows: number, logBytes: number): boolean {
    rate.rows += changedRows;
    const nowMs = performance.now();
    if (nowMs - rate.sinceMs < WATCH_MS) return false;
    const isQuiet = (rate.rows * 1000) / (nowMs - rate.sinceMs) < QUIET_ROWS;
    rate.sinceMs = nowMs;
    rate.rows = 0;
    cutTo(isQuiet ? LOG_BYTES_KEPT.quiet : LOG_BYTES_KEPT.busy);
    return isQuiet && logBytes > LOG_BYTES_KEPT.quiet;
  }

  return {
    committed: finish,
    wrote(changedRows: number, logBytes: number) {
      rows += changedRows;
      const isDue = watch(changedRows, logBytes) || rows >= CHECKPOINT_ROWS || logBytes > grownTo;
      if (!isDue || running !== undefined) return;
      rows = 0;
      running = run().finally(() => {
        running = undefined;
      });
    },
    async stop() {
      await running;
      worker?.terminate();
    },
  };
}

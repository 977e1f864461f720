import type { Database } from "bun:sqlite";
import { fstatSync } from "node:fs";
import { entryUrl } from "../entries.ts";
import { isOfDisk } from "./sqlite-failures.ts";

/** Changed rows after which the log is copied into the database file; sooner when it is too long. */
const CHECKPOINT_ROWS = 4_000;
/** Size of the log beyond which this thread finishes a checkpoint itself, so that the log starts over. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Size to which a log that was longer is cut as it starts over. One that was not keeps its room, which would be paid for again. */
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

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
  let limit = 0;
  cutTo(LOG_BYTES_MAX);

  /** Sets the size to which the log is cut whenever it starts over. */
  function cutTo(bytes: number): void {
    if (bytes === limit) return;
    limit = bytes;
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
    isLeft = fstatSync(log).size > LOG_BYTES_MAX;
    if (isLeft) cutTo(LOG_BYTES_KEPT);
    finish();
  }

  /** What was written meanwhile is little; copying it here lets the log start over instead of growing. */
  function finish(): void {
    // A transaction that others were let into is still open: SQLite copies nothing then, and it is done after its commit.
    if (!isLeft || write.inTransaction) return;
    isLeft = false;
    copyLog(write, "passive");
  }

  return {
    committed: finish,
    wrote(changedRows: number, logBytes: number) {
      rows += changedRows;
      if (logBytes <= LOG_BYTES_KEPT) cutTo(LOG_BYTES_MAX);
      const isDue = rows >= CHECKPOINT_ROWS || logBytes > LOG_BYTES_MAX;
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

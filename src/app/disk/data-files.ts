import { chmodSync, closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";

/** How often it is made sure, at most, that the files are still where they were. */
const LOOK_MS = 100;
/** What others than the owner may do with a file. */
const OTHERS = 0o077;
/** Every file of a data directory begins so. */
const OWN_FILE = /^(selkie\.|secrets\.key(\.new)?$)/;
/** The files that hold what was said, and the lock; SQLite makes others with the mode of the first. */
const FILES = ["selkie.db", "selkie.lock", "selkie.pid"];

/**
 * Makes the directory and its files the owner's alone, those of older servers too. A directory that holds other things
 * is somebody else's to decide on, and keeps its mode.
 */
export function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = readdirSync(directory);
  if (found.some((name) => OWN_FILE.test(name)) && found.every((name) => OWN_FILE.test(name))) tighten(directory);
  for (const name of FILES) if (!found.includes(name)) closeSync(openSync(join(directory, name), "a", 0o600));
  for (const name of found) if (OWN_FILE.test(name)) tighten(join(directory, name));
}

/** Puts on disk what a file holds. */
export function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Puts on disk which names the files of a directory have: without it a file may have lost its name after a power cut. */
export function syncNames(directory: string): void {
  // Windows opens no directories, and keeps names by itself.
  if (process.platform === "win32") return;
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Takes away what others may do with a file, where that can be done. */
function tighten(path: string): void {
  const { mode } = statSync(path);
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode & 0o7777 & ~OTHERS);
  } catch {
    // It belongs to another user, or its file system knows no modes; whether it can be used is found out by using it.
  }
}

/** The files of a database that is open. */
export interface DataFiles {
  /** The length of the log in bytes. Throws an `unavailable` Failure when a file is gone: what is written now, nobody would find. */
  check(): number;
}

/**
 * Watches over the database at `path` and its open log. Cheap enough for every flush: it asks whether the log has a
 * name left, and only now and then whether both names still mean the files that were opened.
 */
export function watchFiles(path: string, log: number): DataFiles {
  const names = [path, `${path}-wal`];
  const opened = names.map(fileAt);
  let lookedAtMs = performance.now();
  return {
    check() {
      const nowMs = performance.now();
      const isDue = nowMs - lookedAtMs >= LOOK_MS;
      const { nlink, size } = fstatSync(log);
      if (!isDue && nlink > 0) return size;
      lookedAtMs = nowMs;
      for (const [index, name] of names.entries())
        if (fileAt(name) !== opened[index])
          throw new Failure("unavailable", `${name} was removed or replaced while the server was running`);
      return size;
    },
  };
}

/** What tells a file from another one of its name; undefined when there is none. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

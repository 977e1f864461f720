import init, { type Database as WasmDatabase } from "@sqlite.org/sqlite-wasm";
import { once } from "../../src/core/once.ts";
import { type Host, installVfs, VFS_NAME } from "./vfs.ts";

/** SQLite itself, compiled to WebAssembly, on the files of a {@link Host}. */
export interface Engine {
  /** Opens a database, making it where there is none. One is open at a time. */
  open(name: string, host: Host): OpenedDatabase;
}

/** A database that is open. */
export interface OpenedDatabase {
  readonly database: WasmDatabase;
  /** Whether a transaction is open: after some errors SQLite rolls it back by itself. */
  isInTransaction(): boolean;
}

/** SQLite, loaded once for a process: its memory is megabytes, and what seeds leave in it decides nothing. */
export const loadEngine = once(load);

async function load(): Promise<Engine> {
  const sqlite = await init();
  // It tells every failed statement on the console, and whoever asked is told anyway.
  sqlite.config.error = () => {};
  sqlite.config.warn = () => {};
  let current: Host | undefined;
  installVfs(sqlite, () => {
    if (current === undefined) throw new Error("SQLite asks for files before a database was opened");
    return current;
  });
  return {
    open(name, host) {
      current = host;
      // Its generator of random numbers starts over, from those of this host.
      sqlite.capi.sqlite3_randomness(0, 0);
      const database = new sqlite.oo1.DB({ filename: name, flags: "c", vfs: VFS_NAME });
      return { database, isInTransaction: () => sqlite.capi.sqlite3_get_autocommit(database) === 0 };
    },
  };
}

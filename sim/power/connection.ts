import type { PreparedStatement, SqlValue } from "@sqlite.org/sqlite-wasm";
import { Failure } from "../../src/core/failure.ts";
import type { SqlResult } from "../../src/store/base/driver.ts";
import { unreadable } from "../world/disk-trouble.ts";
import type { OpenedDatabase } from "./engine.ts";

/** One connection to SQLite in WebAssembly; it answers at once, and fails as that of `app/sqlite.ts` does. */
export interface WasmConnection {
  execute(sql: string, parameters: readonly unknown[]): SqlResult;
  /** Also when its process is dead: then only memory is given back. */
  close(): void;
  /** See {@link OpenedDatabase}. */
  isInTransaction(): boolean;
}

const STATEMENTS_MAX = 400;
/** Result codes of SQLite; those above 255 hold another in their lowest byte. */
const FULL = [13, 778];
const CONSTRAINT = 19;
const CORRUPT = 11;
/** A read that failed, that gave too little, that met a bad sector. */
const UNREADABLE = [266, 522, 8458];

/** Sets the database up as `app/sqlite.ts` does, but for one process with one connection, which needs no shared memory. */
export function connectTo(open: () => OpenedDatabase, cache: readonly string[] = ROOMY_CACHE): WasmConnection {
  const { database, isInTransaction } = orTranslated(open);
  const statements = new Map<string, { readonly statement: PreparedStatement; readonly gives: boolean }>();

  function prepare(sql: string) {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= STATEMENTS_MAX) drop();
    const prepared = { statement: database.prepare(sql), gives: /^\s*(select|with|pragma)\b|\breturning\b/i.test(sql) };
    statements.set(sql, prepared);
    return prepared;
  }

  function drop(): void {
    for (const { statement } of statements.values()) statement.finalize();
    statements.clear();
  }

  function execute(sql: string, parameters: readonly unknown[]): SqlResult {
    return orTranslated(() => {
      const { statement, gives } = prepare(sql);
      try {
        if (parameters.length > 0) statement.bind(parameters.map(toValue));
        const rows: Record<string, SqlValue>[] = [];
        while (statement.step()) rows.push(statement.get({}));
        return gives ? { rows, changes: 0 } : { rows: [], changes: Number(database.changes()) };
      } finally {
        statement.resetNoThrow(true);
      }
    });
  }

  try {
    for (const pragma of [...PRAGMAS, ...cache]) execute(`pragma ${pragma}`, []);
  } catch (error) {
    drop();
    database.close();
    throw error;
  }
  return {
    execute,
    isInTransaction,
    close() {
      drop();
      database.close();
    },
  };
}

const PRAGMAS = [
  "page_size = 4096",
  "locking_mode = exclusive",
  "journal_mode = wal",
  "synchronous = normal",
  "foreign_keys = on",
  "wal_autocheckpoint = 0",
  "temp_store = memory",
];
const ROOMY_CACHE = ["cache_size = -16000"];
/** So few pages that most of what is asked for is read from the files again. What is changed stays until its commit. */
export const SMALL_CACHE: readonly string[] = ["cache_size = 12", "cache_spill = off"];

function toValue(value: unknown): SqlValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === undefined ? null : (value as SqlValue);
}

function orTranslated<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  const code = error instanceof Error && "resultCode" in error ? Number(error.resultCode) : 0;
  if (UNREADABLE.includes(code) || (code & 0xff) === CORRUPT) return unreadable(error);
  if (FULL.includes(code)) return new Failure("full", "The disk is full", { cause: error });
  if ((code & 0xff) === CONSTRAINT)
    return new Failure("conflict", "This conflicts with something that exists already", { cause: error });
  return error;
}

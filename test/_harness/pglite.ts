import { PGlite } from "@electric-sql/pglite";
import { Failure } from "../../src/core/failure.ts";
import { DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID } from "../../src/core/id.ts";
import type { SqlConnection, SqlDatabase, SqlResult } from "../../src/store/base/driver.ts";

/** What PostgreSQL calls a row that another one keeps out: class 23, integrity constraint violation. */
const CONSTRAINT = /^23/;
/** Tables that every fresh database has rows in. */
const KEPT = ["schema_version", "lease", "organizations", "users", "memberships"];

/** PostgreSQL in this process, in memory alone. */
export interface OpenedPglite extends SqlDatabase {
  /** Removes what tests stored; the schema and what a fresh database holds stay. */
  clear(): Promise<void>;
}

/**
 * Opens a {@link OpenedPglite}. It has one session, so that reader and writer are the same: who reads inside another's
 * transaction waits for its end. Nothing of it is on disk, so that flushing is counting.
 */
export async function openPglite(): Promise<OpenedPglite> {
  const database = await PGlite.create();
  /** Settles when the open transaction ends. */
  let transaction: PromiseWithResolvers<void> | undefined;

  async function answer(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    try {
      const { rows, affectedRows = 0 } = await database.query<Record<string, unknown>>(sql, [...parameters]);
      return { rows, changes: affectedRows };
    } catch (cause) {
      throw translate(cause);
    }
  }
  const writer: SqlConnection = {
    async execute(sql, parameters) {
      const result = await answer(sql, parameters);
      if (sql === "begin") transaction = Promise.withResolvers();
      if (sql === "commit" || sql === "rollback") {
        transaction?.resolve();
        transaction = undefined;
      }
      return result;
    },
  };
  const reader: SqlConnection = {
    async execute(sql, parameters) {
      while (transaction !== undefined) await transaction.promise;
      return answer(sql, parameters);
    },
  };
  return {
    dialect: "postgres",
    reader,
    writer,
    flush: async () => {},
    close: () => database.close(),
    async clear() {
      const { rows } = await database.query<{ tablename: string }>(
        "select tablename from pg_tables where schemaname = 'public'",
      );
      const tables = rows.map(({ tablename }) => tablename).filter((name) => !KEPT.includes(name));
      await database.exec(`truncate ${tables.join(", ")} restart identity cascade;
        delete from memberships where user_id <> '${DEFAULT_USER_ID}'; delete from users where id <> '${DEFAULT_USER_ID}';
        delete from organizations where id <> '${DEFAULT_ORGANIZATION_ID}'`);
    },
  };
}

function translate(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!CONSTRAINT.test(code)) return error;
  return new Failure("conflict", "This conflicts with something that exists already", { cause: error });
}

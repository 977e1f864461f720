import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { SqlConnection, SqlDatabase } from "./driver.ts";
import type { Tables } from "./schema.ts";

/** Whether an entry of the audit log lies before the place at which retention has cut it. */
const IS_CUT = `exists (select 1 from audit_anchors
  where audit_anchors.organization_id = old.organization_id and audit_anchors.number >= old.number)`;

/**
 * Where the two dialects need different words. Everything else is written so that both understand it and do the same;
 * `test/store` holds them to that. PostgreSQL must compare text by its bytes (the collation `C`), as SQLite does.
 */
export const WORDS = {
  sqlite: {
    // It writes, so it takes the lock at once, where it can still wait for it.
    begin: "begin immediate",
    inMigrations: {
      "%AUTO%": "integer primary key",
      "%BYTES%": "blob",
      "%KEYED%": "without rowid",
      "%GUARD_AUDIT_CHANGES%": `create trigger audit_is_not_changed before update on audit
        begin select raise(abort, 'What the audit log says is never changed'); end`,
      "%GUARD_AUDIT_REMOVALS%": `create trigger audit_is_kept before delete on audit when not ${IS_CUT}
        begin select raise(abort, 'The audit log goes by its retention alone'); end`,
    },
    numberIn: (column: string, field: string) => `json_extract(${column}, '$.${field}')`,
    textIn: (column: string, field: string) => `json_extract(${column}, '$.${field}')`,
  },
  postgres: {
    begin: "begin",
    inMigrations: {
      "%AUTO%": "bigserial primary key",
      "%BYTES%": "bytea",
      "%KEYED%": "",
      "%GUARD_AUDIT_CHANGES%": `create function keep_audit() returns trigger as $$ begin
          if tg_op = 'DELETE' then if ${IS_CUT} then return old; end if; end if;
          raise exception 'The audit log is never changed, and goes by its retention alone';
        end $$ language plpgsql`,
      "%GUARD_AUDIT_REMOVALS%":
        "create trigger audit_is_kept before update or delete on audit for each row execute function keep_audit()",
    },
    numberIn: (column: string, field: string) => `cast(cast(${column} as json) ->> '${field}' as double precision)`,
    textIn: (column: string, field: string) => `cast(${column} as json) ->> '${field}'`,
  },
} as const satisfies Record<SqlDatabase["dialect"], Words>;

interface Words {
  readonly begin: string;
  readonly inMigrations: Readonly<Record<string, string>>;
  /** A number in a column that holds a JSON object; null where it has none. */
  readonly numberIn: (column: string, field: string) => string;
  /** The same of a text. */
  readonly textIn: (column: string, field: string) => string;
}

/** The highest number that a column of type `integer` holds in both. */
export const INTEGER_MAX = 2_147_483_647;

/** A query builder over one connection. Transactions are the store's business, not Kysely's. */
export function builderOver(connection: SqlConnection, dialect: SqlDatabase["dialect"]): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: dialectOver(connection, dialect) });
}

function dialectOver(connection: SqlConnection, dialect: SqlDatabase["dialect"]): Dialect {
  const isSqlite = dialect === "sqlite";
  return {
    createDriver: () => driverOver(connection),
    createQueryCompiler: () => (isSqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    createAdapter: () => (isSqlite ? new SqliteAdapter() : new PostgresAdapter()),
    createIntrospector: (db) => (isSqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
  };
}

function driverOver(connection: SqlConnection): Driver {
  const only: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, changes } = await connection.execute(query.sql, query.parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(changes) };
    },
    streamQuery: () => {
      throw new Error("Rows are read whole, in bounded pages");
    },
  };
  const refuse = async () => {
    throw new Error("Transactions belong to the store");
  };
  return {
    init: async () => {},
    acquireConnection: async () => only,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

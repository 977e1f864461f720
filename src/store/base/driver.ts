/** What a statement gave back. `rows` is empty unless it selects or returns. */
export interface SqlResult<Row = Readonly<Record<string, unknown>>> {
  readonly rows: readonly Row[];
  readonly changes: number;
}

/**
 * One connection. Placeholders are `$1`, `$2`, ... in order of first appearance; values are text, numbers, bytes or null.
 * A statement that fails throws: a `full`, `unreadable` or `damaged` Failure where the disk is to blame, a `conflict` one
 * where a rule of the schema is broken, whatever the database says for everything else.
 */
export interface SqlConnection {
  execute(sql: string, parameters: readonly unknown[]): SqlResult | Promise<SqlResult>;
}

/** A connection that takes the caller's word for what rows a statement gives; the schema has their types. */
export interface TypedConnection {
  execute<Row = Readonly<Record<string, unknown>>>(
    sql: string,
    parameters: readonly unknown[],
  ): SqlResult<Row> | Promise<SqlResult<Row>>;
}

/** The connection, for statements whose rows have a type. */
export function typed(connection: SqlConnection): TypedConnection {
  return connection as TypedConnection;
}

/** One open database. SQLite and Postgres differ only in the file that makes this. */
export interface SqlDatabase {
  readonly dialect: "sqlite" | "postgres";
  /** Sees committed rows only; never used inside a transaction. */
  readonly reader: SqlConnection;
  /** The only connection that writes; one transaction at a time. */
  readonly writer: SqlConnection;
  /** Gives others a turn where statements have held the thread for long. */
  giveWay?(): Promise<void> | undefined;
  /** Waits until work that is ready has had its turn: what it commits is flushed with what waits for a flush already. */
  gather?(): Promise<void>;
  /** Resolves when everything committed before the call is on disk. Rejects when the disk failed: stop writing then. */
  flush(): Promise<void>;
  /** Writes all of the database anew and keeps nothing of what was deleted, in files or log; false where a reader kept it from that. */
  scrub?(): Promise<boolean>;
  /** Lets the database go. No statement may run, and none may come. */
  close(): Promise<void>;
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Tables } from "./schema.ts";
import type { Session } from "./session.ts";

/** Holds where the session's organisation has a row of that id, for statements on what hangs on the row. */
export function isOurs(
  { organizationId }: Pick<Session, "organizationId">,
  table: keyof Tables & string,
  id: string,
): RawBuilder<SqlBool> {
  const ours = sql`${sql.ref(`${table}.id`)} = ${id} and ${sql.ref(`${table}.organization_id`)} = ${organizationId}`;
  return sql<SqlBool>`exists (select 1 from ${sql.table(table)} where ${ours})`;
}

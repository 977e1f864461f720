import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Session } from "./session.ts";

/** Holds for the rows of one space of memory, in the session's organisation. */
export function inSpace({ organizationId }: Pick<Session, "organizationId">, space: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`organization_id = ${organizationId} and space = ${space}`;
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { User } from "../../access/people.ts";
import type { UserFilter, UserStore } from "../../agent/ports/access.ts";
import { Failure } from "../../core/failure.ts";
import { findWhere, type PageSource, readPage } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { closeDoor } from "./door.ts";
import { USERS } from "./tables.ts";

/** {@link UserStore} over SQL. */
export function sqlUserStore(session: Session): UserStore {
  const { db, organizationId, accessChanges } = session;
  const seen = isMember(organizationId);
  return {
    find: (id) => findWhere(session, USERS, sql`id = ${id} and ${seen}`),

    async list(filter, page) {
      const source = { table: USERS, column: "created_at", missing: "refuse", seen } satisfies PageSource;
      return readPage(session, source, { page, condition: matches(seen, filter) });
    },

    async insert(user) {
      await refuseTaken(session, user);
      await db.insertInto("users").values(USERS.row(user)).execute();
      if (isKnownBy(user)) await closeDoor(session);
    },

    async save(user) {
      await refuseTaken(session, user);
      const { id, created_at: _, ...row } = USERS.row(user);
      const result = await db.updateTable("users").set(row).where("id", "=", id).where(seen).executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw missing(id);
      accessChanges.push({ kind: "user", id });
      if (isKnownBy(user)) await closeDoor(session);
    },

    async remove(id) {
      const result = await db.deleteFrom("users").where("id", "=", id).where(seen).executeTakeFirst();
      if (result.numDeletedRows === 0n) throw missing(id);
      accessChanges.push({ kind: "user", id });
    },
  };
}

/** Whether somebody can show who they are without a key. */
function isKnownBy({ passwordHash, subject }: User): boolean {
  return passwordHash !== null || subject !== null;
}

/** Holds for the users who are members of the organisation. */
function isMember(organizationId: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from memberships
    where memberships.user_id = users.id and memberships.organization_id = ${organizationId})`;
}

function matches(seen: RawBuilder<SqlBool>, { kind, name }: UserFilter): RawBuilder<SqlBool> {
  const conditions = [seen];
  if (kind !== undefined) conditions.push(sql<SqlBool>`users.kind = ${kind}`);
  if (name !== undefined) conditions.push(sql<SqlBool>`users.name = ${name}`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

/** Said before the database does, which does not know the words for it. */
async function refuseTaken({ db }: Session, { id, email, subject }: User): Promise<void> {
  for (const [field, value] of [
    ["email", email],
    ["subject", subject],
  ] as const) {
    if (value === null) continue;
    const other = await db.selectFrom("users").select("id").where(field, "=", value).executeTakeFirst();
    if (other !== undefined && other.id !== id)
      throw new Failure("conflict", `Another user has the ${field} '${value.slice(0, 100)}'`);
  }
}

function missing(id: string): Failure {
  return new Failure("not_found", `User not found with id='${id}'`);
}

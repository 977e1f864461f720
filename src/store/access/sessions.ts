import { type SqlBool, sql } from "kysely";
import type { SessionStore } from "../../agent/ports/access.ts";
import { Failure } from "../../core/failure.ts";
import { findRow, type PageSource, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { CODES, SESSIONS } from "./tables.ts";

const SOURCE = { table: SESSIONS, column: "created_at", missing: "refuse" } satisfies PageSource;
/** Rows that have ended which go with each that is added: more than come, so that none pile up. */
const CLEARED = 4;

/** {@link SessionStore} over SQL. */
export function sqlSessionStore(session: Session): SessionStore {
  const { db, organizationId, accessChanges } = session;
  return {
    find: (id) => findRow(session, SESSIONS, id),

    async list({ userId, openAt }, page) {
      const ours = sql<SqlBool>`sessions.organization_id = ${organizationId} and sessions.expires_at > ${openAt}`;
      const condition = userId === undefined ? ours : sql<SqlBool>`${ours} and sessions.user_id = ${userId}`;
      return readPage(session, SOURCE, { page, condition });
    },

    async insert(added) {
      await clear(session, "sessions", "id");
      await db
        .insertInto("sessions")
        .values({ ...SESSIONS.row(added), organization_id: organizationId })
        .execute();
    },

    async remove(id) {
      if (!(await removeRow(session, SESSIONS, id)))
        throw new Failure("not_found", `Session not found with id='${id}'`);
      accessChanges.push({ kind: "session", id });
    },

    async removeOf(userId) {
      for (const table of ["sessions", "sign_in_codes"] as const)
        await db.deleteFrom(table).where("user_id", "=", userId).execute();
      accessChanges.push({ kind: "user", id: userId });
    },

    async endOf(keyId, at) {
      await db
        .updateTable("sessions")
        .set({ expires_at: at })
        .where("key_id", "=", keyId)
        .where("organization_id", "=", organizationId)
        .where("expires_at", ">", at)
        .execute();
    },

    async insertCode(code) {
      await clear(session, "sign_in_codes", "code_hash");
      await db
        .insertInto("sign_in_codes")
        .values({ ...CODES.row(code), organization_id: organizationId })
        .execute();
    },

    async takeCode(codeHash) {
      const gone = await db
        .deleteFrom("sign_in_codes")
        .where("code_hash", "=", codeHash)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      return gone.numDeletedRows > 0n;
    },
  };
}

/** Takes away some of what has ended, of any organisation. */
async function clear({ db, world }: Session, table: "sessions" | "sign_in_codes", key: string): Promise<void> {
  await sql`delete from ${sql.table(table)} where ${sql.ref(key)} in (
    select ${sql.ref(key)} from ${sql.table(table)} where expires_at <= ${world.clock.now()}
    order by expires_at limit ${CLEARED})`.execute(db);
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { KeyFilter, KeyStore } from "../../agent/ports/access.ts";
import { Failure } from "../../core/failure.ts";
import { countRows, findRow, type PageSource, readPage } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { closeDoor } from "./door.ts";
import { KEYS } from "./tables.ts";

const SOURCE = { table: KEYS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** How long a key of web pages is kept after its end. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** How many go with each that is added: more than come, so that none pile up. */
const CLEARED = 4;

/** {@link KeyStore} over SQL. */
export function sqlKeyStore(session: Session): KeyStore {
  const { db, organizationId, accessChanges } = session;
  return {
    find: (id) => findRow(session, KEYS, id),

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(organizationId, filter) });
    },

    count: (filter) => countRows(session, KEYS, matches(organizationId, filter)),

    async insert(key) {
      const { world } = session;
      await sql`delete from access_keys where id in (select id from access_keys
        where origin is not null and expires_at <= ${world.clock.now() - KEPT_MS} order by expires_at limit ${CLEARED})`.execute(
        db,
      );
      await db
        .insertInto("access_keys")
        .values({ ...KEYS.row(key), organization_id: organizationId })
        .execute();
      await closeDoor(session);
    },

    async save(key) {
      const { id, organization_id: _, created_at: __, last_used_at: ___, last_used_ip: ____, ...row } = KEYS.row(key);
      const result = await db
        .updateTable("access_keys")
        .set(row)
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw new Failure("not_found", `Key not found with id='${id}'`);
      accessChanges.push({ kind: "key", id });
    },
  };
}

/** Holds for keys that open something at that time. */
export function isOpenAt(at: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`access_keys.revoked_at is null and (access_keys.expires_at is null or access_keys.expires_at > ${at})`;
}

function matches(organizationId: string, { userId, openAt, hasOrigin }: KeyFilter): RawBuilder<SqlBool> {
  const conditions = [sql<SqlBool>`access_keys.organization_id = ${organizationId}`];
  if (userId !== undefined) conditions.push(sql<SqlBool>`access_keys.user_id = ${userId}`);
  if (openAt !== undefined) conditions.push(isOpenAt(openAt));
  if (hasOrigin !== undefined)
    conditions.push(
      hasOrigin ? sql<SqlBool>`access_keys.origin is not null` : sql<SqlBool>`access_keys.origin is null`,
    );
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

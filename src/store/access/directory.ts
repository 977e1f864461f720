import { type Kysely, type SqlBool, sql } from "kysely";
import type { AccessKey, Session } from "../../access/people.ts";
import type { Directory, Shown, Use } from "../../agent/ports/access.ts";
import { DEFAULT_ORGANIZATION_ID } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import { findWhere, type PagedTable, type PageSource, readPage } from "../base/pages.ts";
import type { Tables } from "../base/schema.ts";
import type { Session as Reading } from "../base/session.ts";
import { isOpenAt } from "./keys.ts";
import { membershipsOf } from "./memberships.ts";
import { CODES, KEYS, MEMBERSHIPS, ORGANIZATIONS, SESSIONS, USERS } from "./tables.ts";

const EVERYBODY = sql<SqlBool>`1 = 1`;

/** {@link Directory} over SQL. */
export function sqlDirectory(reading: Pick<Reading, "db" | "onDamaged">): Directory {
  const { db } = reading;
  return {
    async closedSince() {
      return (await db.selectFrom("door").select("closed_at").executeTakeFirst())?.closed_at;
    },

    ...credentials(reading),
    membershipsOf: (userId) => membershipsOf(reading, userId),

    findOrganization: (id) => findWhere(reading, ORGANIZATIONS, sql`id = ${id}`),
    listOrganizations: (page) => everything(reading, ORGANIZATIONS, page),
    findUser: (id) => findWhere(reading, USERS, sql`id = ${id}`),
    listUsers: (page) => everything(reading, USERS, page),

    async withOtherTools(digest, limit) {
      const rows = await db
        .selectFrom("organizations")
        .select(ORGANIZATIONS.selection)
        .where((eb) => eb.or([eb("tools_digest", "is", null), eb("tools_digest", "!=", digest)]))
        .orderBy("created_at")
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(ORGANIZATIONS.read);
    },

    async agentsBy(where, organizationId, limit) {
      const [links, condition] =
        "tags" in where
          ? [sql.table("agent_tags"), sql`links.tag in (${sql.join([...where.tags])})`]
          : [sql.table("agent_identities"), sql`links.identity_id = ${where.identityId}`];
      const { rows } = await sql<{ id: Tables["agents"]["id"] }>`select distinct agents.id from ${links} as links
        join agents on agents.id = links.agent_id
        where ${condition} and agents.organization_id = ${organizationId} limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },

    async hasOrigin(origin, at) {
      const found = await db
        .selectFrom("access_keys")
        .select("id")
        .where("origin", "=", origin)
        .where(isOpenAt(at))
        .executeTakeFirst();
      return found !== undefined;
    },
  };
}

/** Who has what was shown. */
function credentials(reading: Pick<Reading, "db">): Pick<Directory, "keyOf" | "sessionOf" | "codeOf" | "userBy"> {
  return {
    async keyOf(hash) {
      const key =
        (await findWhere(reading, KEYS, sql`secret_hash = ${hash}`)) ??
        (await findWhere(reading, KEYS, sql`replaced_hash = ${hash}`));
      return key && shown(reading, key, null);
    },

    async sessionOf(tokenHash) {
      const session = await findWhere(reading, SESSIONS, sql`token_hash = ${tokenHash}`);
      if (session === undefined) return undefined;
      if (session.keyId === null) return shown(reading, null, session);
      const key = await findWhere(reading, KEYS, sql`id = ${session.keyId}`);
      return key && shown(reading, key, session);
    },

    codeOf: (codeHash) => findWhere(reading, CODES, sql`code_hash = ${codeHash}`),
    userBy: (field, value) => findWhere(reading, USERS, sql`${sql.ref(field)} = ${value}`),
  };
}

/** See `Store.noteUses`. Called in a transaction. */
export async function noteUses(db: Kysely<Tables>, uses: readonly Use[]): Promise<void> {
  for (const { id, at, ip } of uses) {
    if (id.startsWith("key-"))
      await sql`update access_keys set last_used_at = ${at}, last_used_ip = ${ip} where id = ${id}`.execute(db);
    else await sql`update sessions set last_used_at = ${at} where id = ${id}`.execute(db);
  }
}

/** Who has a key or a session, and what they are where it leads. */
async function shown(
  reading: Pick<Reading, "db">,
  key: AccessKey | null,
  session: Session | null,
): Promise<Shown | undefined> {
  const { userId, organizationId } = session ?? key ?? {};
  if (userId === undefined || organizationId === undefined) return undefined;
  const user = await findWhere(reading, USERS, sql`id = ${userId}`);
  const ofUser = sql`organization_id = ${organizationId} and user_id = ${userId}`;
  return user && { user, membership: await findWhere(reading, MEMBERSHIPS, ofUser), key, session };
}

async function everything<Row extends { readonly id: string }, T>(
  reading: Pick<Reading, "db" | "onDamaged">,
  table: PagedTable<Row, T>,
  page: Page,
): Promise<readonly T[]> {
  const source = { table, column: "created_at", missing: "refuse", seen: EVERYBODY } satisfies PageSource;
  return readPage({ ...reading, organizationId: DEFAULT_ORGANIZATION_ID, agentIds: null }, source, {
    page,
    condition: EVERYBODY,
  });
}

import { type Kysely, type SqlBool, sql } from "kysely";
import type { AccessKey, Session } from "../../access/people.ts";
import type { Directory, Shown, Use } from "../../agent/ports/access.ts";
import { DEFAULT_ORGANIZATION_ID, type UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import { type PagedTable, type PageSource, readPage } from "../base/pages.ts";
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

    ...credentials(db),
    membershipsOf: (userId) => membershipsOf(reading, userId),

    async findOrganization(id) {
      const row = await db
        .selectFrom("organizations")
        .select(ORGANIZATIONS.selection)
        .where("id", "=", id)
        .executeTakeFirst();
      return row && ORGANIZATIONS.read(row);
    },

    listOrganizations: (page) => everything(reading, ORGANIZATIONS, page),
    findUser: (id) => findUser(db, id),
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
function credentials(db: Kysely<Tables>): Pick<Directory, "keyOf" | "sessionOf" | "codeOf" | "userBy"> {
  return {
    async keyOf(hash) {
      const keys = db.selectFrom("access_keys").select(KEYS.selection);
      const row =
        (await keys.where("secret_hash", "=", hash).executeTakeFirst()) ??
        (await keys.where("replaced_hash", "=", hash).executeTakeFirst());
      return row && shown(db, KEYS.read(row), null);
    },

    async sessionOf(tokenHash) {
      const found = await db
        .selectFrom("sessions")
        .select(SESSIONS.selection)
        .where("token_hash", "=", tokenHash)
        .executeTakeFirst();
      if (found === undefined) return undefined;
      const session = SESSIONS.read(found);
      if (session.keyId === null) return shown(db, null, session);
      const key = await db
        .selectFrom("access_keys")
        .select(KEYS.selection)
        .where("id", "=", session.keyId)
        .executeTakeFirst();
      return key && shown(db, KEYS.read(key), session);
    },

    async codeOf(codeHash) {
      const row = await db
        .selectFrom("sign_in_codes")
        .select(CODES.selection)
        .where("code_hash", "=", codeHash)
        .executeTakeFirst();
      return row && CODES.read(row);
    },

    async userBy(field, value) {
      const row = await db.selectFrom("users").select(USERS.selection).where(field, "=", value).executeTakeFirst();
      return row && USERS.read(row);
    },
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
async function shown(db: Kysely<Tables>, key: AccessKey | null, session: Session | null): Promise<Shown | undefined> {
  const { userId, organizationId } = session ?? key ?? {};
  if (userId === undefined || organizationId === undefined) return undefined;
  const user = await findUser(db, userId);
  const row = await db
    .selectFrom("memberships")
    .select(MEMBERSHIPS.selection)
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return user && { user, membership: row && MEMBERSHIPS.read(row), key, session };
}

async function findUser(db: Kysely<Tables>, id: UserId) {
  const row = await db.selectFrom("users").select(USERS.selection).where("id", "=", id).executeTakeFirst();
  return row && USERS.read(row);
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

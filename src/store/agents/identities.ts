import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Identity } from "../../agent/identity.ts";
import type { IdentityFilter } from "../../agent/ports/filters.ts";
import type { IdentityLinks, IdentityStore } from "../../agent/ports/identities.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, IdentityId } from "../../core/id.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { findRow, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { IDENTITIES } from "./tables.ts";

const SOURCE = { table: IDENTITIES, column: "created_at", missing: "refuse" } satisfies PageSource;
/** Agents or blocks that one answer names beside the identities it shows. */
const LINKS_MAX = 10_000;

/** {@link IdentityStore} over SQL. */
export function sqlIdentityStore(session: Session): IdentityStore {
  const { db, organizationId } = session;
  return {
    find: (id) => findRow(session, IDENTITIES, id),

    findByKey: (identifierKey, projectId) => findByKey(session, identifierKey, projectId),

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(session, filter) });
    },

    async count() {
      const row = await db
        .selectFrom("identities")
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .where(ours(session, "identities"))
        .executeTakeFirstOrThrow();
      return Number(row.total);
    },

    async insert(identity) {
      await refuseTakenKey(session, identity);
      await db
        .insertInto("identities")
        .values({ ...IDENTITIES.row(identity), organization_id: organizationId })
        .execute();
    },

    save: (identity) => saveIdentity(session, identity),

    async remove(id) {
      if (!(await removeRow(session, IDENTITIES, id))) throw missing(id);
    },

    listForAgents: (ids) => listForAgents(session, ids),
    linksOf: (ids) => linksOf(session, ids),

    ...linking(session),
  };
}

/** The conditions that narrow agents or blocks to those of certain identities. */
export function identityConditions(
  kind: "agent" | "block",
  { identityId, identifierKeys = [] }: { readonly identityId?: string; readonly identifierKeys?: readonly string[] },
): RawBuilder<SqlBool>[] {
  const links = sql.table(`${kind}_identities`);
  const isLinked = sql`${sql.ref(`${kind}_identities.${kind}_id`)} = ${sql.ref(`${kind}s.id`)}`;
  const link = sql.ref(`${kind}_identities.identity_id`);
  const conditions: RawBuilder<SqlBool>[] = [];
  if (identityId !== undefined) {
    conditions.push(sql`exists (select 1 from ${links} where ${isLinked} and ${link} = ${identityId})`);
  }
  if (identifierKeys.length > 0) {
    conditions.push(
      sql`exists (select 1 from ${links} join identities on identities.id = ${link} where ${isLinked} and identities.identifier_key in (${sql.join([...identifierKeys])}))`,
    );
  }
  return conditions;
}

function linking(session: Session): Pick<IdentityStore, "attachAgent" | "detachAgent" | "attachBlock" | "detachBlock"> {
  const { db } = session;
  return {
    async attachAgent(id, agentId) {
      await db
        .insertInto("agent_identities")
        .values({ agent_id: agentId, identity_id: id })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async detachAgent(id, agentId) {
      await db
        .deleteFrom("agent_identities")
        .where("identity_id", "=", id)
        .where("agent_id", "=", agentId)
        .where(isOurs(session, "identities", id))
        .execute();
    },

    async attachBlock(id, blockId) {
      await db
        .insertInto("block_identities")
        .values({ block_id: blockId, identity_id: id })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async detachBlock(id, blockId) {
      await db
        .deleteFrom("block_identities")
        .where("identity_id", "=", id)
        .where("block_id", "=", blockId)
        .where(isOurs(session, "identities", id))
        .execute();
    },
  };
}

async function saveIdentity(session: Session, identity: Identity): Promise<void> {
  await refuseTakenKey(session, identity);
  if (!(await saveRow(session, IDENTITIES, { entity: identity }))) throw missing(identity.id);
}

async function findByKey(
  { db, organizationId }: Session,
  identifierKey: string,
  projectId: string | null,
): Promise<Identity | undefined> {
  const row = await db
    .selectFrom("identities")
    .select(IDENTITIES.selection)
    .where("organization_id", "=", organizationId)
    .where("identifier_key", "=", identifierKey)
    .where(sql<SqlBool>`coalesce(project_id, '') = ${projectId ?? ""}`)
    .executeTakeFirst();
  return row && IDENTITIES.read(row);
}

async function refuseTakenKey(session: Session, { id, identifierKey, projectId }: Identity): Promise<void> {
  const other = await findByKey(session, identifierKey, projectId);
  if (other !== undefined && other.id !== id)
    throw new Failure(
      "conflict",
      `The identity ${other.id} already has the identifier_key '${identifierKey.slice(0, 100)}'`,
    );
}

async function listForAgents(
  { db, organizationId }: Session,
  ids: readonly AgentId[],
): Promise<ReadonlyMap<AgentId, readonly Identity[]>> {
  const found = new Map<AgentId, Identity[]>();
  if (ids.length === 0) return found;
  const rows = await db
    .selectFrom("agent_identities")
    .innerJoin("identities", "identities.id", "agent_identities.identity_id")
    .select(IDENTITIES.selection)
    .select("agent_identities.agent_id")
    .where("agent_identities.agent_id", "in", ids)
    .where("identities.organization_id", "=", organizationId)
    .orderBy("identities.created_at")
    .orderBy("identities.id")
    .execute();
  for (const { agent_id: id, ...row } of rows) found.set(id, [...(found.get(id) ?? []), IDENTITIES.read(row)]);
  return found;
}

async function linksOf(session: Session, ids: readonly IdentityId[]): Promise<ReadonlyMap<IdentityId, IdentityLinks>> {
  if (ids.length === 0) return new Map();
  const { db } = session;
  const agents = await db
    .selectFrom("agent_identities")
    .innerJoin("agents", "agents.id", "agent_identities.agent_id")
    .select(["agent_identities.identity_id", "agents.id"])
    .where("agent_identities.identity_id", "in", ids)
    .where(ours(session, "agents"))
    .orderBy("agents.created_at")
    .orderBy("agents.id")
    .limit(LINKS_MAX)
    .execute();
  const blocks = await db
    .selectFrom("block_identities")
    .innerJoin("blocks", "blocks.id", "block_identities.block_id")
    .select(["block_identities.identity_id", "blocks.id"])
    .where("block_identities.identity_id", "in", ids)
    .where(ours(session, "blocks"))
    .orderBy("blocks.created_at")
    .orderBy("blocks.id")
    .limit(LINKS_MAX)
    .execute();
  const of = <T extends string>(rows: readonly { identity_id: IdentityId; id: T }[], id: IdentityId) =>
    rows.filter((row) => row.identity_id === id).map((row) => row.id);
  return new Map(ids.map((id) => [id, { agentIds: of(agents, id), blockIds: of(blocks, id) }]));
}

function matches(session: Session, filter: IdentityFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "identities")];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`identities.${column}`)} = ${value}`);
  };
  equals("project_id", filter.projectId);
  equals("identifier_key", filter.identifierKey);
  equals("identity_type", filter.identityType);
  if (filter.name !== undefined)
    conditions.push(sql`lower(identities.name) like ${containing(filter.name.toLowerCase())} escape '\\'`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function missing(id: IdentityId): Failure {
  return new Failure("not_found", `Identity not found with id='${id}'`);
}

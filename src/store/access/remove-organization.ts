import { type RawBuilder, sql } from "kysely";
import { Failure } from "../../core/failure.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { forgetArrivals } from "../runs/events.hot.ts";

/**
 * What hangs on an organisation by its `organization_id`, in an order in which all of it can go. What hangs on these by a
 * reference goes with them. `test/store` looks whether any table is missing here.
 */
const OWNED: readonly (keyof Tables & string)[] = [
  "groups",
  "agents",
  "run_callbacks",
  "blocks",
  "tools",
  "identities",
  "agent_files",
  "file_passages",
  "files",
  "folders",
  "passages",
  "archives",
  "space_work",
  "umi_facts",
  "umi_fact_sources",
  "umi_fact_parents",
  "umi_fact_links",
  "umi_entities",
  "umi_mentions",
  "umi_entity_merges",
  "umi_spaces",
  "texts",
  "secrets",
  "sandbox_configs",
  "mcp_tools",
  "mcp_servers",
  "mcp_sign_ins",
  "own_providers",
  "plugins",
  "deployments",
  "template_versions",
  "templates",
  "projects",
  "sign_in_codes",
  "sessions",
  "access_keys",
];

/** See `OrganizationStore.remove`. */
export async function removeOrganization(session: Session): Promise<void> {
  const { db, organizationId, agentCache, contextCache, textCache, accessChanges } = session;
  agentCache.change("all");
  textCache.clear();
  contextCache?.pause();
  const threads = sql`select id from agents where organization_id = ${organizationId}
    union all select id from conversations where organization_id = ${organizationId}`;
  await run(session, sql`delete from thread_messages where thread_id in (${threads})`);
  for (const table of OWNED)
    await run(session, sql`delete from ${sql.table(table)} where organization_id = ${organizationId}`);
  await forgetArrivals(session);
  await leaveUsers(session);
  const gone = await db.deleteFrom("organizations").where("id", "=", organizationId).executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not_found", `Organization not found with id='${organizationId}'`);
  accessChanges.push({ kind: "organization", id: organizationId });
}

/** Users who are members elsewhere belong there from now on; the others go. */
async function leaveUsers(session: Session): Promise<void> {
  const { organizationId } = session;
  await run(session, sql`delete from memberships where organization_id = ${organizationId}`);
  const elsewhere = sql`select organization_id from memberships where memberships.user_id = users.id
    order by created_at, organization_id limit 1`;
  await run(
    session,
    sql`update users set organization_id = (${elsewhere}) where organization_id = ${organizationId}
      and exists (select 1 from memberships where memberships.user_id = users.id)`,
  );
  await run(session, sql`delete from users where organization_id = ${organizationId}`);
}

async function run({ db }: Session, statement: RawBuilder<unknown>): Promise<void> {
  await statement.execute(db);
}

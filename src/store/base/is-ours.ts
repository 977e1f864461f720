import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { AgentId } from "../../core/id.ts";
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

/** Tables that say of each row which agent it is about, and by which column. */
const AGENT_COLUMNS: Readonly<Partial<Record<keyof Tables, string>>> = {
  agents: "id",
  conversations: "agent_id",
  messages: "agent_id",
  runs: "agent_id",
  steps: "agent_id",
  provider_traces: "agent_id",
  secrets: "owner_id",
  agent_files: "agent_id",
  groups: "manager_agent_id",
  schedules: "agent_id",
};

/** Tables whose rows agents are linked to: by which table, and its column that names the row. */
const LINKS: Readonly<Partial<Record<keyof Tables, readonly [table: string, column: string, own?: string]>>> = {
  blocks: ["agent_blocks", "block_id"],
  archives: ["agent_archives", "archive_id"],
  folders: ["agent_folders", "folder_id"],
  files: ["agent_folders", "folder_id", "folder_id"],
  file_passages: ["agent_folders", "folder_id", "folder_id"],
  passages: ["agent_archives", "archive_id", "archive_id"],
  identities: ["agent_identities", "identity_id"],
  groups: ["group_agents", "group_id"],
  tools: ["agent_tools", "tool_id"],
};
/** What comes with the server is everybody's. */
const EVERYBODYS: Readonly<Partial<Record<keyof Tables, RawBuilder<SqlBool>>>> = {
  tools: sql<SqlBool>`tools.tool_type <> 'custom'`,
};

/**
 * Holds for rows of a table that the session may see: those of its organisation, and where it is narrowed to some agents,
 * those that are about them or linked to them.
 */
export function ours(
  session: Pick<Session, "organizationId" | "agentIds">,
  table: keyof Tables & string,
): RawBuilder<SqlBool> {
  const { organizationId, agentIds } = session;
  const isOfOrganization = sql<SqlBool>`${sql.ref(`${table}.organization_id`)} = ${organizationId}`;
  if (agentIds === null) return isOfOrganization;
  const names = agentIds.length === 0 ? sql`null` : sql.join([...agentIds]);
  const about = AGENT_COLUMNS[table];
  const ways = about === undefined ? [] : [sql`${sql.ref(`${table}.${about}`)} in (${names})`];
  const everybodys = EVERYBODYS[table];
  if (everybodys !== undefined) ways.push(everybodys);
  const link = LINKS[table];
  if (link !== undefined) {
    const [links, column, own = "id"] = link;
    const rows = sql`select ${sql.ref(`${links}.${column}`)} from ${sql.table(links)} where ${sql.ref(`${links}.agent_id`)} in (${names})`;
    ways.push(sql`${sql.ref(`${table}.${own}`)} in (${rows})`);
  }
  return ways.length === 0 ? isOfOrganization : sql<SqlBool>`${isOfOrganization} and (${sql.join(ways, sql` or `)})`;
}

/** Whether the session may see what is about this agent. */
export function isInReach({ agentIds }: Pick<Session, "agentIds">, agentId: AgentId): boolean {
  return agentIds === null || agentIds.includes(agentId);
}

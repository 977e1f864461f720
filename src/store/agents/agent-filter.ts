import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { AgentFilter } from "../../agent/ports/filters.ts";
import { ours } from "../base/is-ours.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { identityConditions } from "./identities.ts";

/** The filter as one condition; every agent of the organisation when it is empty, hidden ones aside. */
export function agentCondition(session: Session, filter: AgentFilter): RawBuilder<SqlBool> {
  const every = [filter, ...(filter.every ?? [])].flatMap((one) => conditionsOf(one));
  if (filter.showHidden !== true) every.push(sql`(agents.hidden is null or agents.hidden = 0)`);
  return sql<SqlBool>`${sql.join([ours(session, "agents"), ...every], sql` and `)}`;
}

function conditionsOf(filter: AgentFilter): RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = [];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`agents.${column}`)} = ${value}`);
  };
  const oneOf = (column: string, values: readonly string[] | undefined) => {
    if (values === undefined) return;
    // Where there are none to be one of, nothing is.
    const listed = values.length === 0 ? sql`null` : sql.join([...values]);
    conditions.push(sql`${sql.ref(`agents.${column}`)} in (${listed})`);
  };
  equals("id", filter.id);
  equals("name", filter.name);
  equals("deployment_id", filter.deploymentId);
  oneOf("template_id", filter.templateIds);
  oneOf("base_template_id", filter.baseTemplateIds);
  equals("project_id", filter.projectId);
  equals("template_id", filter.templateId);
  equals("base_template_id", filter.baseTemplateId);
  equals("last_stop_reason", filter.lastStopReason);
  equals("created_by_id", filter.createdById);
  if (filter.queryText !== undefined)
    conditions.push(sql`lower(agents.name) like ${containing(filter.queryText.toLowerCase())} escape '\\'`);
  if (filter.blockId !== undefined) {
    conditions.push(
      sql`exists (select 1 from agent_blocks where agent_blocks.agent_id = agents.id and agent_blocks.block_id = ${filter.blockId})`,
    );
  }
  if (filter.archiveId !== undefined) {
    conditions.push(
      sql`agents.id in (select agent_archives.agent_id from agent_archives where agent_archives.archive_id = ${filter.archiveId})`,
    );
  }
  conditions.push(...identityConditions("agent", filter));
  const haveTags = (given: readonly string[] | undefined, matchAll: boolean) => {
    const tags = [...new Set(given ?? [])];
    if (tags.length === 0) return;
    const found = sql`(select count(*) from agent_tags where agent_tags.agent_id = agents.id and agent_tags.tag in (${sql.join(tags)}))`;
    conditions.push(matchAll ? sql`${found} = ${tags.length}` : sql`${found} > 0`);
  };
  haveTags(filter.tags, filter.matchAllTags === true);
  haveTags(filter.someTags, false);
  return conditions;
}

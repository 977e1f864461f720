import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { BlockFilter } from "../../umi/core/block-store.ts";
import { ours } from "../base/is-ours.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { identityConditions } from "./identities.ts";

/** What a filter says of the columns of `blocks`. */
export function matches(session: Session, filter: BlockFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "blocks")];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`blocks.${column}`)} = ${value}`);
  };
  const contains = (column: string, value: string | undefined) => {
    if (value !== undefined)
      conditions.push(sql`lower(${sql.ref(`blocks.${column}`)}) like ${containing(value.toLowerCase())} escape '\\'`);
  };
  equals("label", filter.label);
  equals("template_name", filter.templateName);
  equals("project_id", filter.projectId);
  equals("deployment_id", filter.deploymentId);
  contains("label", filter.labelSearch);
  contains("description", filter.descriptionSearch);
  contains("value", filter.valueSearch);
  if (filter.templatesOnly === true) conditions.push(sql`blocks.is_template = 1`);
  if (filter.showHidden !== true) conditions.push(sql`(blocks.hidden is null or blocks.hidden = 0)`);
  return sql<SqlBool>`${sql.join([...conditions, ...tagConditions(filter), ...connectionConditions(filter), ...identityConditions("block", filter)], sql` and `)}`;
}

function tagConditions(filter: BlockFilter): RawBuilder<SqlBool>[] {
  const tags = [...new Set(filter.tags ?? [])];
  if (tags.length === 0) return [];
  const found = sql`(select count(*) from block_tags where block_tags.block_id = blocks.id and block_tags.tag in (${sql.join(tags)}))`;
  return [filter.matchAllTags === true ? sql`${found} = ${tags.length}` : sql`${found} > 0`];
}

function connectionConditions(filter: BlockFilter): RawBuilder<SqlBool>[] {
  const agents = sql`(select count(*) from agent_blocks where agent_blocks.block_id = blocks.id)`;
  const conditions: RawBuilder<SqlBool>[] = [];
  if (filter.connectedToMoreThan !== undefined) conditions.push(sql`${agents} > ${filter.connectedToMoreThan}`);
  if (filter.connectedToFewerThan !== undefined) conditions.push(sql`${agents} < ${filter.connectedToFewerThan}`);
  const oneOf = filter.connectedToOneOf ?? [];
  if (oneOf.length > 0) conditions.push(sql`${agents} in (${sql.join([...oneOf])})`);
  return conditions;
}

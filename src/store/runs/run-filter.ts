import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Compared, RunFilter } from "../../agent/ports/filters.ts";
import { ours } from "../base/is-ours.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";

const OPERATORS: Readonly<Record<Compared["operator"], string>> = { eq: "=", gt: ">", lt: "<", gte: ">=", lte: "<=" };

/** What a filter says of the runs that the session may see. */
export async function runCondition(session: Session, filter: RunFilter): Promise<RawBuilder<SqlBool>> {
  const condition = all([ours(session, "runs"), ...columnConditions(filter), ...elsewhereConditions(filter)]);
  const { slowerThanPercent } = filter;
  return slowerThanPercent === undefined ? condition : slowest(session, condition, slowerThanPercent);
}

/** Conditions on the row of a run. */
function columnConditions(filter: RunFilter): readonly RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = [];
  const equals = (column: string, value: string | number | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`runs.${column}`)} = ${value}`);
  };
  const oneOf = (column: string, values: readonly string[] | undefined) => {
    if (values !== undefined && values.length > 0)
      conditions.push(sql`${sql.ref(`runs.${column}`)} in (${sql.join([...values])})`);
  };
  equals("id", filter.id);
  oneOf("agent_id", filter.agentIds);
  oneOf("status", filter.statuses);
  if (filter.conversationId === null) conditions.push(sql`runs.conversation_id is null`);
  else equals("conversation_id", filter.conversationId);
  equals("background", filter.background === undefined ? undefined : Number(filter.background));
  equals("parent_run_id", filter.parentRunId);
  equals("root_run_id", filter.rootRunId);
  equals("stop_reason", filter.stopReason);
  if (filter.durationNs !== undefined) conditions.push(compared(sql`runs.total_duration_ns`, filter.durationNs));
  if (filter.start !== undefined) conditions.push(sql`runs.created_at >= ${filter.start}`);
  if (filter.end !== undefined) conditions.push(sql`runs.created_at <= ${filter.end}`);
  return conditions;
}

/** Conditions on what belongs to a run: its agent, its steps, what its tools answered. */
function elsewhereConditions({
  projectId,
  baseTemplateId,
  steps,
  toolNames,
}: RunFilter): readonly RawBuilder<SqlBool>[] {
  const conditions: RawBuilder<SqlBool>[] = [];
  const ofAgent = (column: string, value: string | undefined) => {
    if (value !== undefined)
      conditions.push(sql`exists (select 1 from agents where agents.id = runs.agent_id
        and ${sql.ref(`agents.${column}`)} = ${value})`);
  };
  ofAgent("project_id", projectId);
  ofAgent("base_template_id", baseTemplateId);
  if (steps !== undefined)
    conditions.push(compared(sql`(select count(*) from steps where steps.run_id = runs.id)`, steps));
  if (toolNames !== undefined)
    conditions.push(sql`exists (select 1 from messages where messages.run_id = runs.id and ${answered(toolNames)})`);
  return conditions;
}

/** Whether a message holds an answer of one of these tools. Within a text of its JSON a quote would be escaped. */
function answered(toolNames: readonly string[]): RawBuilder<SqlBool> {
  const any = toolNames.map(
    (name) => sql<SqlBool>`messages.tool_returns like ${containing(`"name":${JSON.stringify(name)}`)} escape '\\'`,
  );
  return any.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`(${sql.join(any, sql` or `)})`;
}

/** The condition, and that a run took longer than so many in a hundred of those that meet it. */
async function slowest({ db }: Session, condition: RawBuilder<SqlBool>, percent: number): Promise<RawBuilder<SqlBool>> {
  const ended = all([condition, sql`runs.total_duration_ns is not null`]);
  const counted = await sql<{ total: number }>`select count(*) as total from runs where ${ended}`.execute(db);
  const rank = Math.ceil((Number(counted.rows[0]?.total ?? 0) * percent) / 100) - 1;
  const { rows } = await sql<{ ns: number }>`select total_duration_ns as ns from runs where ${ended}
    order by total_duration_ns, id limit 1 offset ${Math.max(rank, 0)}`.execute(db);
  const [border] = rows;
  return border === undefined ? all([sql`1 = 0`]) : all([ended, sql`runs.total_duration_ns > ${border.ns}`]);
}

function compared(what: RawBuilder<unknown>, { operator, value }: Compared): RawBuilder<SqlBool> {
  return sql<SqlBool>`${what} ${sql.raw(OPERATORS[operator])} ${value}`;
}

function all(conditions: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.join([...conditions], sql` and `)}`;
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { StepFilter, StepStore } from "../../agent/ports/ports.ts";
import type { Step } from "../../agent/run.ts";
import { type PageSource, readPage } from "../base/pages.ts";
import { fromJson, fromJsonOrNull, toJsonOrNull } from "../base/rows.ts";
import type { StepRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

const SOURCE: PageSource = { table: "steps", column: "created_at", missing: "refuse" };

const COLUMNS = [
  "id",
  "organization_id",
  "run_id",
  "agent_id",
  "provider_name",
  "provider_category",
  "model",
  "model_handle",
  "model_endpoint",
  "context_window_limit",
  "usage",
  "stop_reason",
  "status",
  "error_type",
  "error_data",
  "feedback",
  "tags",
  "project_id",
  "created_at",
  "step_ns",
  "llm_request_ns",
] as const satisfies readonly (keyof StepRow)[];

const INSERT = `insert into steps (${COLUMNS.join(", ")}) values (${COLUMNS.map((_, index) => `$${index + 1}`).join(", ")})`;

/** {@link StepStore} over SQL. */
export function sqlStepStore(session: Session): StepStore {
  const { db, organizationId } = session;
  return {
    async find(id) {
      const row = await db
        .selectFrom("steps")
        .selectAll()
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      return row && toStep(row);
    },

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(organizationId, filter), decode: toStep });
    },

    async insert(step) {
      const row = { ...toRow(step), organization_id: organizationId };
      await session.sql.execute(
        INSERT,
        COLUMNS.map((column) => row[column]),
      );
    },

    async save(step) {
      const { id, ...row } = toRow(step);
      await db
        .updateTable("steps")
        .set(row)
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .execute();
    },
  };
}

function matches(organizationId: string, filter: StepFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`steps.organization_id = ${organizationId}`];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`steps.${column}`)} = ${value}`);
  };
  equals("agent_id", filter.agentId);
  equals("run_id", filter.runId);
  equals("model", filter.model);
  equals("feedback", filter.feedback);
  equals("project_id", filter.projectId);
  if (filter.tags !== undefined && filter.tags.length > 0) conditions.push(hasTag(filter.tags));
  if (filter.hasFeedback !== undefined)
    conditions.push(filter.hasFeedback ? sql`steps.feedback is not null` : sql`steps.feedback is null`);
  if (filter.start !== undefined) conditions.push(sql`steps.created_at >= ${filter.start}`);
  if (filter.end !== undefined) conditions.push(sql`steps.created_at <= ${filter.end}`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

/** Tags are a JSON list of texts, so a tag is found as the text it is written as, in the same case: a list without it is shorter. */
function hasTag(tags: readonly string[]): RawBuilder<SqlBool> {
  const found = tags.map((tag) => sql`replace(steps.tags, ${JSON.stringify(tag)}, '') <> steps.tags`);
  return sql<SqlBool>`(${sql.join(found, sql` or `)})`;
}

function toStep(row: StepRow): Step {
  return {
    id: row.id,
    runId: row.run_id,
    agentId: row.agent_id,
    providerName: row.provider_name,
    providerCategory: row.provider_category,
    model: row.model,
    modelHandle: row.model_handle,
    modelEndpoint: row.model_endpoint,
    contextWindowLimit: row.context_window_limit,
    usage: fromJsonOrNull(row.usage),
    stopReason: row.stop_reason,
    status: row.status,
    errorType: row.error_type,
    errorData: fromJsonOrNull(row.error_data),
    feedback: row.feedback,
    tags: fromJson(row.tags),
    projectId: row.project_id,
    createdAt: row.created_at,
    stepNs: row.step_ns,
    llmRequestNs: row.llm_request_ns,
  };
}

function toRow(step: Step): Omit<StepRow, "organization_id"> {
  return {
    id: step.id,
    run_id: step.runId,
    agent_id: step.agentId,
    provider_name: step.providerName,
    provider_category: step.providerCategory,
    model: step.model,
    model_handle: step.modelHandle,
    model_endpoint: step.modelEndpoint,
    context_window_limit: step.contextWindowLimit,
    usage: toJsonOrNull(step.usage),
    stop_reason: step.stopReason,
    status: step.status,
    error_type: step.errorType,
    error_data: toJsonOrNull(step.errorData),
    feedback: step.feedback,
    tags: JSON.stringify(step.tags),
    project_id: step.projectId,
    created_at: step.createdAt,
    step_ns: step.stepNs,
    llm_request_ns: step.llmRequestNs,
  };
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { StepFilter } from "../../agent/ports/filters.ts";
import type { StepStore } from "../../agent/ports/ports.ts";
import type { RunId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import { findRow, type PageSource, readPage, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { keptContext } from "./manifests.ts";
import { insertStep } from "./steps.hot.ts";
import { STEPS } from "./tables.ts";

const SOURCE = { table: STEPS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link StepStore} over SQL. */
export function sqlStepStore(session: Session): StepStore {
  return {
    find: (id) => findRow(session, STEPS, id),

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(session, filter) });
    },

    insert: (step, sent) => insertStep(session, step, sent),

    context: (id) => keptContext(session, id),

    async save(step) {
      await saveRow(session, STEPS, { entity: step });
    },
  };
}

function matches(session: Session, filter: StepFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "steps")];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`steps.${column}`)} = ${value}`);
  };
  equals("agent_id", filter.agentId);
  equals("run_id", filter.runId);
  if (filter.rootRunIds !== undefined) conditions.push(comesOf(filter.rootRunIds));
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

/** A step of one of these runs, or of one that came of them. */
function comesOf(rootRunIds: readonly RunId[]): RawBuilder<SqlBool> {
  if (rootRunIds.length === 0) return sql<SqlBool>`1 = 0`;
  const roots = sql.join([...rootRunIds]);
  const later = sql`select runs.id from runs where runs.root_run_id in (${roots})`;
  return sql<SqlBool>`(steps.run_id in (${roots}) or steps.run_id in (${later}))`;
}

/** Tags are a JSON list of texts, so a tag is found as the text it is written as, in the same case: a list without it is shorter. */
function hasTag(tags: readonly string[]): RawBuilder<SqlBool> {
  const found = tags.map((tag) => sql`replace(steps.tags, ${JSON.stringify(tag)}, '') <> steps.tags`);
  return sql<SqlBool>`(${sql.join(found, sql` or `)})`;
}

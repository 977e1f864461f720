import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { RunFilter } from "../../agent/ports/filters.ts";
import type { RunStore } from "../../agent/ports/ports.ts";
import type { ExpiringApproval, Run } from "../../agent/run.ts";
import type { Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import type { TypedConnection } from "../base/driver.ts";
import { type PageSource, readPage, removeRow } from "../base/pages.ts";
import { type ActorColumns, toActor } from "../base/rows.ts";
import type { RunRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { noteCallback, queueCallback } from "./callbacks.ts";
import { forgetArrivals } from "./events.ts";
import { forgetRunTraces } from "./provider-traces.ts";
import { isUnfinished, sqlQueuedRuns } from "./queued-runs.ts";
import { RUNS } from "./tables.ts";

const SOURCE = { table: RUNS, column: "created_at", missing: "refuse" } satisfies PageSource;

const FIND = `select ${RUNS.selected()} from runs where id = $1 and organization_id = $2`;
const INSERT = RUNS.inserting(["organization_id", "user_id"]);

const UPDATE = `update runs set status = $1, stop_reason = $2, metadata = $3, completed_at = $4, ttft_ns = $5, total_duration_ns = $6,
  approval_due_at = $7 where id = $8 and organization_id = $9`;

const FINISH = `${UPDATE} and (conversation_id is null
  or exists (select 1 from conversations where conversations.id = runs.conversation_id))`;

const EXPIRING = `select id, organization_id, user_id, approval_due_at from runs where approval_due_at is not null
  order by approval_due_at limit $1`;

const ACTIVE = `select id from runs where agent_id = $1 and ${isUnfinished()} and status = 'running'
  and coalesce(conversation_id, '') = coalesce($2, '') and organization_id = $3 limit 1`;

/** {@link RunStore} over SQL. */
export function sqlRunStore(session: Session): RunStore {
  const { organizationId } = session;
  return {
    async find(id) {
      const { rows } = await session.sql.execute<FieldsOf<typeof RUNS>>(FIND, [id, organizationId]);
      return rows[0] && RUNS.read(rows[0]);
    },

    async active(agentId, conversationId) {
      const { rows } = await session.sql.execute<Pick<RunRow, "id">>(ACTIVE, [agentId, conversationId, organizationId]);
      return rows[0]?.id;
    },

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(organizationId, filter) });
    },

    async insert(run) {
      await session.sql.execute(INSERT, [...RUNS.values(run), organizationId, session.userId]);
    },

    async save(run) {
      await session.sql.execute(UPDATE, updateValues(run, organizationId));
      await queueCallback(session, run);
    },

    async finish(run) {
      const { changes } = await session.sql.execute(FINISH, updateValues(run, organizationId));
      if (changes === 0) return false;
      await queueCallback(session, run);
      return true;
    },

    async setApprovalDue(id, dueAt) {
      await session.sql.execute("update runs set approval_due_at = $1 where id = $2 and organization_id = $3", [
        dueAt,
        id,
        organizationId,
      ]);
    },

    ...sqlQueuedRuns(session),

    noteCallback: (id, outcome) => noteCallback(session, id, outcome),

    async remove(id) {
      if (!(await removeRow(session, RUNS, id))) throw new Failure("not_found", `Run ${id} not found`);
      await forgetRunTraces(session, id);
      await forgetArrivals(session);
    },
  };
}

/** The values of `UPDATE`, in its order. */
function updateValues(run: Run, organizationId: OrganizationId): readonly unknown[] {
  return [
    run.status,
    run.stopReason,
    JSON.stringify(run.metadata),
    run.completedAt,
    run.ttftNs,
    run.totalDurationNs,
    run.approvalDueAt,
    run.id,
    organizationId,
  ];
}

/** See `Store.expiringApprovals`. */
export async function expiringApprovals(reader: TypedConnection, limit: number): Promise<readonly ExpiringApproval[]> {
  const { rows } = await reader.execute<ActorColumns & Pick<RunRow, "id"> & { readonly approval_due_at: Instant }>(
    EXPIRING,
    [limit],
  );
  return rows.map((row) => ({
    actor: toActor(row),
    runId: row.id,
    dueAt: row.approval_due_at,
  }));
}

function matches(organizationId: string, filter: RunFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`runs.organization_id = ${organizationId}`];
  const oneOf = (column: string, values: readonly string[] | undefined) => {
    if (values !== undefined && values.length > 0)
      conditions.push(sql`${sql.ref(`runs.${column}`)} in (${sql.join([...values])})`);
  };
  oneOf("agent_id", filter.agentIds);
  oneOf("status", filter.statuses);
  if (filter.conversationId === null) conditions.push(sql`runs.conversation_id is null`);
  else if (filter.conversationId !== undefined) conditions.push(sql`runs.conversation_id = ${filter.conversationId}`);
  if (filter.background !== undefined) conditions.push(sql`runs.background = ${Number(filter.background)}`);
  if (filter.stopReason !== undefined) conditions.push(sql`runs.stop_reason = ${filter.stopReason}`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

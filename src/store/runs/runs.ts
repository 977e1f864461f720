import { type Kysely, type SqlBool, sql } from "kysely";
import type { RunStore, UnfinishedRun } from "../../agent/ports/ports.ts";
import type { ExpiringApproval } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { type PageSource, readPage, removeRow } from "../base/pages.ts";
import { toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { noteCallback } from "./callbacks.ts";
import { forgetArrivals } from "./events.hot.ts";
import { forgetRunTraces } from "./provider-traces.ts";
import { isUnfinished, sqlQueuedRuns } from "./queued-runs.ts";
import { runCondition } from "./run-filter.ts";
import { activeRun, findRun, finishRun, insertRun, saveRun } from "./runs.hot.ts";
import { RUNS } from "./tables.ts";

const SOURCE = { table: RUNS, column: "created_at", missing: "refuse" } satisfies PageSource;
const BY_DURATION = { ...SOURCE, column: "total_duration_ns" } satisfies PageSource;
/** Runs that a restart continues. */
const UNFINISHED_MAX = 100_000;

/** {@link RunStore} over SQL. */
export function sqlRunStore(session: Session): RunStore {
  const { organizationId } = session;
  return {
    find: (id) => findRun(session, id),

    active: (agentId, conversationId) => activeRun(session, agentId, conversationId),

    async list(filter, page) {
      const source = page.orderBy === "duration" ? BY_DURATION : SOURCE;
      return readPage(session, source, { page, condition: await runCondition(session, filter) });
    },

    insert: (run) => insertRun(session, run),

    save: (run) => saveRun(session, run),

    finish: (run) => finishRun(session, run),

    async setApprovalDue(id, dueAt) {
      await session.db
        .updateTable("runs")
        .set({ approval_due_at: dueAt })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .execute();
    },

    ...sqlQueuedRuns(session),

    async countOfRoot(rootRunId, max) {
      const rows = await session.db
        .selectFrom("runs")
        .select("id")
        .where("root_run_id", "=", rootRunId)
        .where("organization_id", "=", organizationId)
        .limit(max)
        .execute();
      return rows.length;
    },

    async rootsOf(ids) {
      if (ids.length === 0) return new Map();
      const rows = await session.db
        .selectFrom("runs")
        .select(["id", "root_run_id"])
        .where("id", "in", [...new Set(ids)])
        .where("root_run_id", "is not", null)
        .where("organization_id", "=", organizationId)
        .execute();
      return new Map(rows.flatMap(({ id, root_run_id: root }) => (root === null ? [] : [[id, root]])));
    },

    noteCallback: (id, outcome) => noteCallback(session, id, outcome),

    async remove(id) {
      if (!(await removeRow(session, RUNS, id))) throw new Failure("not_found", `Run ${id} not found`);
      await forgetRunTraces(session, id);
      await forgetArrivals(session);
    },
  };
}

/** See `Store.expiringApprovals`. */
export async function expiringApprovals(db: Kysely<Tables>, limit: number): Promise<readonly ExpiringApproval[]> {
  const rows = await db
    .selectFrom("runs")
    .select(["id", "organization_id", "user_id", "key_id", "approval_due_at"])
    .where("approval_due_at", "is not", null)
    .orderBy("approval_due_at")
    .limit(limit)
    .execute();
  return rows.flatMap((row) =>
    row.approval_due_at === null ? [] : [{ actor: toActor(row), runId: row.id, dueAt: row.approval_due_at }],
  );
}

/** See `Store.unfinishedRuns`. */
export async function unfinishedRuns(db: Kysely<Tables>): Promise<readonly UnfinishedRun[]> {
  const rows = await db
    .selectFrom("runs")
    .select(["id", "organization_id", "user_id", "key_id"])
    .where(sql<SqlBool>`${sql.raw(isUnfinished())} and status = 'running'`)
    .orderBy("created_at")
    .limit(UNFINISHED_MAX)
    .execute();
  return rows.map((row) => ({ actor: toActor(row), runId: row.id }));
}

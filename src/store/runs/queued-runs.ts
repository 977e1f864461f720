import { type Kysely, type SqlBool, sql } from "kysely";
import type { TurnInput } from "../../agent/new-message.ts";
import type { RunStore } from "../../agent/ports/ports.ts";
import type { QueuedRun } from "../../agent/run.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { WORDS } from "../base/dialect.ts";
import { fromJson, toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

/** How long to wait for a conversation in which another run is at work, before looking again. */
const BUSY_MS = 1_000;

/** The longest that a run is postponed at a time. */
const POSTPONED_MS_MAX = 600_000;

/** The index of unfinished runs serves a query that says this, whatever else it asks of the status. */
export function isUnfinished(table = "runs"): string {
  return `${table}.status in ('created', 'running')`;
}

/** The part of {@link RunStore} for runs that wait to begin. */
export function sqlQueuedRuns({
  db,
  dialect,
  organizationId,
}: Session): Pick<RunStore, "findQueued" | "countQueued" | "setQueuedInput" | "postpone" | "begin"> {
  return {
    async countQueued(max) {
      const { rows } = await sql`select 1 from runs where ${sql.raw(isUnfinished())} and status = 'created'
        and coalesce(organization_id, '') = ${organizationId} limit ${max}`.execute(db);
      return rows.length;
    },

    async findQueued(where) {
      const runType = sql.raw<string>(WORDS[dialect].textIn("metadata", "run_type"));
      const row = await db
        .selectFrom("runs")
        .select(["id", "queued_input"])
        .where((eb) =>
          "runId" in where
            ? eb("id", "=", where.runId)
            : eb("agent_id", "=", where.agentId).and(sql<SqlBool>`${runType} = ${where.runType}`),
        )
        .where("organization_id", "=", organizationId)
        .where("status", "=", "created")
        .where("queued_input", "is not", null)
        .orderBy("created_at")
        .limit(1)
        .executeTakeFirst();
      return row && { runId: row.id, input: fromJson<TurnInput>(String(row.queued_input)) };
    },

    async setQueuedInput(id, input) {
      await db
        .updateTable("runs")
        .set({ queued_input: JSON.stringify(input) })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .execute();
    },

    async postpone(id, until) {
      await db
        .updateTable("runs")
        .set({ begin_after: until })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("status", "=", "created")
        .execute();
    },

    async begin(id) {
      const { numUpdatedRows } = await db
        .updateTable("runs")
        .set({ status: "running", queued_input: null })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("status", "=", "created")
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw new Failure("refused", `Run ${id} does not wait to begin`);
    },
  };
}

/** See `Store.queuedRuns`. */
export async function queuedRuns(db: Kysely<Tables>, limit: number, now: Instant): Promise<readonly QueuedRun[]> {
  const rows = await db
    .selectFrom("runs")
    .select(["id", "organization_id", "user_id", "key_id"])
    .select(
      sql<boolean | number>`exists (select 1 from runs as busy where busy.agent_id = runs.agent_id
        and ${sql.raw(isUnfinished("busy"))} and busy.status = 'running'
        and coalesce(busy.conversation_id, '') = coalesce(runs.conversation_id, ''))`.as("is_blocked"),
    )
    // Not longer than anything is postponed: the clock may have been set back since.
    .select(
      sql<number>`case when begin_after > ${now} and begin_after <= ${now + POSTPONED_MS_MAX} then begin_after else 0 end`.as(
        "begin_after",
      ),
    )
    // Written out, so that the index of these runs alone is used.
    .where(sql<SqlBool>`status = 'created'`)
    .where("queued_input", "is not", null)
    .orderBy("is_blocked")
    .orderBy(
      sql`case when begin_after > ${now} and begin_after <= ${now + POSTPONED_MS_MAX} then begin_after else 0 end`,
    )
    .orderBy("created_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    actor: toActor(row),
    runId: row.id,
    // Not when it was stored: the clock may have been set back since.
    dueAt: instantOf(Math.max(row.is_blocked ? now + BUSY_MS : now, row.begin_after)),
  }));
}

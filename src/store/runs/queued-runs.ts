import type { TurnInput } from "../../agent/new-message.ts";
import type { RunStore } from "../../agent/ports/ports.ts";
import type { QueuedRun } from "../../agent/run.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { TypedConnection } from "../base/driver.ts";
import { type ActorColumns, fromJson, toActor } from "../base/rows.ts";
import type { RunRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

/** How long to wait for a conversation in which another run is at work, before looking again. */
const BUSY_MS = 1_000;

/** The index of unfinished runs serves a query that says this, whatever else it asks of the status. */
export function isUnfinished(table = "runs"): string {
  return `${table}.status in ('created', 'running')`;
}

const QUEUED = `select id, organization_id, user_id, exists (select 1 from runs as busy where busy.agent_id = runs.agent_id
    and ${isUnfinished("busy")} and busy.status = 'running' and coalesce(busy.conversation_id, '') = coalesce(runs.conversation_id, '')) as is_blocked
  from runs where status = 'created' and queued_input is not null order by is_blocked, created_at limit $1`;

const SET_INPUT = "update runs set queued_input = $1 where id = $2 and organization_id = $3";

const BEGIN =
  "update runs set status = 'running', queued_input = null where id = $1 and organization_id = $2 and status = 'created'";

/** The part of {@link RunStore} for runs that wait to begin. */
export function sqlQueuedRuns({
  sql,
  organizationId,
}: Session): Pick<RunStore, "findQueued" | "setQueuedInput" | "begin"> {
  return {
    async findQueued(where) {
      const [column, id] = "runId" in where ? ["id", where.runId] : ["agent_id", where.agentId];
      const { rows } = await sql.execute<Pick<RunRow, "id" | "queued_input">>(findQueued(column), [id, organizationId]);
      const [row] = rows;
      return row && { runId: row.id, input: fromJson<TurnInput>(String(row.queued_input)) };
    },

    async setQueuedInput(id, input) {
      await sql.execute(SET_INPUT, [JSON.stringify(input), id, organizationId]);
    },

    async begin(id) {
      const { changes } = await sql.execute(BEGIN, [id, organizationId]);
      if (changes === 0) throw new Failure("refused", `Run ${id} does not wait to begin`);
    },
  };
}

/** See `Store.queuedRuns`. */
export async function queuedRuns(reader: TypedConnection, limit: number, now: Instant): Promise<readonly QueuedRun[]> {
  const { rows } = await reader.execute<ActorColumns & Pick<RunRow, "id"> & { readonly is_blocked: unknown }>(QUEUED, [
    limit,
  ]);
  return rows.map((row) => ({
    actor: toActor(row),
    runId: row.id,
    // Not when it was stored: the clock may have been set back since.
    dueAt: row.is_blocked ? instantOf(now + BUSY_MS) : now,
  }));
}

function findQueued(column: string): string {
  return `select id, queued_input from runs where ${column} = $1 and organization_id = $2
    and status = 'created' and queued_input is not null order by created_at limit 1`;
}

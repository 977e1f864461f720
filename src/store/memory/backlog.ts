import type { WaitingWork } from "../../agent/ports/ports.ts";
import type { Instant } from "../../core/clock.ts";
import type { Backlog, OwedWork, WorkOutcome } from "../../umi/backlog.ts";
import type { SqlConnection, TypedConnection } from "../base/driver.ts";
import { type ActorColumns, toActor } from "../base/rows.ts";
import type { Session } from "../base/session.ts";

interface WorkRow extends OwedWork, ActorColumns {}

/** The longest account of a failure that is kept. */
const ERROR_CHARS_MAX = 500;

const OWE = `insert into space_work (organization_id, space, kind, revision, attempts, due_at, user_id)
  values ($1, $2, $3, 1, 0, $4, $5) on conflict (organization_id, space, kind)
  do update set revision = space_work.revision + 1, user_id = excluded.user_id`;
const OWE_NOW = `${OWE}, attempts = 0, error = null, due_at = excluded.due_at`;
const FIND = "select * from space_work where organization_id = $1 and space = $2 and kind = $3";
const DONE = "delete from space_work where organization_id = $1 and space = $2 and kind = $3 and revision = $4";
const MORE = `update space_work set attempts = 0, error = null, due_at = $1
  where organization_id = $2 and space = $3 and kind = $4`;
const FAILED = `update space_work set attempts = attempts + 1, error = $1, due_at = $2
  where organization_id = $3 and space = $4 and kind = $5`;
const PARKED = `update space_work set error = $1, due_at = null
  where organization_id = $2 and space = $3 and kind = $4 and revision = $5`;
const WAITING = "select * from space_work where due_at is not null order by due_at, space limit $1";
const RESUME = "update space_work set due_at = $1 where due_at is null";

/** {@link Backlog} over SQL. */
export function sqlBacklog({ sql, organizationId, userId, world, owed }: Session): Backlog {
  return {
    async owe(space, kind, when = "in turn") {
      await sql.execute(when === "now" ? OWE_NOW : OWE, [organizationId, space, kind, world.clock.now(), userId]);
      owed.isNew = true;
    },

    async find(space, kind) {
      const { rows } = await sql.execute<WorkRow>(FIND, [organizationId, space, kind]);
      const [row] = rows;
      return row && toOwedWork(row);
    },

    async settle({ space, kind, revision }, outcome) {
      const key = [organizationId, space, kind];
      if (outcome.state === "failed") {
        await sql.execute(FAILED, [shown(outcome.error), outcome.retryAt, ...key]);
        return;
      }
      const isSettled = outcome.state !== "more" && (await takeOff(sql, [...key, revision], outcome));
      // A piece was done, or more was owed while it was at work: it goes on at once.
      if (!isSettled) await sql.execute(MORE, [world.clock.now(), ...key]);
    },
  };
}

/** See `Store.waitingWork`. */
export async function waitingWork(reader: TypedConnection, limit: number): Promise<readonly WaitingWork[]> {
  const { rows } = await reader.execute<WorkRow & { readonly due_at: Instant }>(WAITING, [limit]);
  return rows.map((row) => ({
    ...toOwedWork(row),
    actor: toActor(row),
    dueAt: row.due_at,
  }));
}

/** Makes parked work due: a new start may have the provider that it waits for. */
export async function resumeParkedWork(writer: SqlConnection, now: Instant): Promise<void> {
  await writer.execute(RESUME, [now]);
}

/** False when more was owed since the work was read. */
async function takeOff(
  sql: TypedConnection,
  key: readonly unknown[],
  outcome: Extract<WorkOutcome, { state: "done" | "more" | "parked" }>,
): Promise<boolean> {
  const isParked = outcome.state === "parked";
  const { changes } = isParked
    ? await sql.execute(PARKED, [shown(outcome.error), ...key])
    : await sql.execute(DONE, key);
  return changes > 0;
}

function shown(error: string): string {
  return error.slice(0, ERROR_CHARS_MAX).toWellFormed();
}

function toOwedWork({ space, kind, revision, attempts, error }: WorkRow): OwedWork {
  return { space, kind, revision, attempts, error };
}

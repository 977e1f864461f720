import { type Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type { WaitingWork } from "../../agent/ports/ports.ts";
import type { Instant } from "../../core/clock.ts";
import type { Backlog, OwedWork, WorkOutcome } from "../../umi/backlog.ts";
import { builderOver } from "../base/dialect.ts";
import type { SqlDatabase } from "../base/driver.ts";
import { inSpace } from "../base/in-space.ts";
import { toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { owe } from "./backlog.hot.ts";

/** The longest account of a failure that is kept. */
const ERROR_CHARS_MAX = 500;

/** {@link Backlog} over SQL. */
export function sqlBacklog(session: Session): Backlog {
  const { db, world } = session;
  return {
    owe: (space, kind, when) => owe(session, { space, kind }, when),

    async find(space, kind) {
      const row = await db
        .selectFrom("space_work")
        .selectAll()
        .where(isWork(session, { space, kind }))
        .executeTakeFirst();
      return row && toOwedWork(row);
    },

    async settle(work, outcome) {
      const change = db.updateTable("space_work").where(isWork(session, work));
      if (outcome.state === "failed") {
        const failed = { error: shown(outcome.error), due_at: outcome.retryAt };
        await change.set((eb) => ({ attempts: eb("attempts", "+", 1), ...failed })).execute();
        return;
      }
      const isSettled = outcome.state !== "more" && (await takeOff(session, work, outcome));
      // A piece was done, or more was owed while it was at work: it goes on at once.
      if (!isSettled) await change.set({ attempts: 0, error: null, due_at: world.clock.now() }).execute();
    },
  };
}

/** See `Store.waitingWork`. */
export async function waitingWork(db: Kysely<Tables>, limit: number): Promise<readonly WaitingWork[]> {
  const rows = await db
    .selectFrom("space_work")
    .selectAll()
    .where("due_at", "is not", null)
    .orderBy("due_at")
    .orderBy("space")
    .limit(limit)
    .execute();
  return rows.flatMap((row) =>
    row.due_at === null ? [] : [{ ...toOwedWork(row), actor: toActor(row), dueAt: row.due_at }],
  );
}

/** Makes parked work due: a new start may have the provider that it waits for. */
export async function resumeParkedWork({ writer, dialect }: SqlDatabase, now: Instant): Promise<void> {
  const db = builderOver(writer, dialect);
  await db.updateTable("space_work").set({ due_at: now }).where("due_at", "is", null).execute();
}

/** False when more was owed since the work was read. */
async function takeOff(
  session: Session,
  work: OwedWork,
  outcome: Extract<WorkOutcome, { state: "done" | "more" | "parked" }>,
): Promise<boolean> {
  const isSame = sql<SqlBool>`${isWork(session, work)} and revision = ${work.revision}`;
  if (outcome.state === "parked") {
    const parked = { error: shown(outcome.error), due_at: null };
    const { numUpdatedRows } = await session.db.updateTable("space_work").set(parked).where(isSame).executeTakeFirst();
    return numUpdatedRows > 0n;
  }
  const { numDeletedRows } = await session.db.deleteFrom("space_work").where(isSame).executeTakeFirst();
  return numDeletedRows > 0n;
}

function isWork(session: Session, { space, kind }: Pick<OwedWork, "space" | "kind">): RawBuilder<SqlBool> {
  return sql<SqlBool>`${inSpace(session, space)} and kind = ${kind}`;
}

function shown(error: string): string {
  return error.slice(0, ERROR_CHARS_MAX).toWellFormed();
}

function toOwedWork({ space, kind, revision, attempts, error }: OwedWork): OwedWork {
  return { space, kind, revision, attempts, error };
}

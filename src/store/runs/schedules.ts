import { type Kysely, sql } from "kysely";
import type { ScheduleStore, WaitingSchedule } from "../../agent/schedules/schedule.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { ours } from "../base/is-ours.ts";
import { countRows, findRow, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import { toActor } from "../base/rows.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { SCHEDULES } from "./tables.ts";

const SOURCE = { table: SCHEDULES, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link ScheduleStore} over SQL. */
export function sqlScheduleStore(session: Session): ScheduleStore {
  const { db, organizationId, keyId } = session;
  const ofAgent = (agentId: string) => sql<boolean>`${ours(session, "schedules")} and agent_id = ${agentId}`;
  return {
    find: (id) => findRow(session, SCHEDULES, id),
    list: (agentId, page) => readPage(session, SOURCE, { page, condition: ofAgent(agentId) }),
    count: (agentId) => countRows(session, SCHEDULES, ofAgent(agentId)),

    async insert(schedule) {
      const own = { organization_id: organizationId, key_id: keyId, look_at: schedule.nextDueAt };
      await db
        .insertInto("schedules")
        .values({ ...SCHEDULES.row(schedule), ...own })
        .execute();
    },

    async save(schedule) {
      await saveRow(session, SCHEDULES, { entity: schedule, others: { look_at: schedule.nextDueAt } });
    },

    async postpone(id, until) {
      await db
        .updateTable("schedules")
        .set({ look_at: until })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("look_at", "is not", null)
        .execute();
    },

    async remove(id) {
      if (!(await removeRow(session, SCHEDULES, id)))
        throw new Failure("not_found", `Scheduled message with id '${id}' not found`);
    },
  };
}

/** See `Store.waitingSchedules`. */
export async function waitingSchedules(db: Kysely<Tables>, limit: number): Promise<readonly WaitingSchedule[]> {
  const rows = await db
    .selectFrom("schedules")
    .select(["id", "organization_id", "user_id", "key_id", "look_at"])
    .where("look_at", "is not", null)
    .orderBy("look_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ actor: toActor(row), id: row.id, dueAt: row.look_at ?? instantOf(0) }));
}

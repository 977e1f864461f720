import { sql } from "kysely";
import { NOTICES_MAX, type NoticeStore } from "../../agent/plugins/plugin.ts";
import type { Session } from "../base/session.ts";

/** {@link NoticeStore} over SQL. */
export function sqlNoticeStore({ db, organizationId }: Session): NoticeStore {
  return {
    async add(agentId, stepId) {
      const row = { organization_id: organizationId, agent_id: agentId, step_id: stepId };
      await db.insertInto("step_notices").values(row).execute();
      await db
        .deleteFrom("step_notices")
        .where("agent_id", "=", agentId)
        .where(
          "number",
          "<=",
          sql<number>`(select number from step_notices where agent_id = ${agentId} order by number desc limit 1 offset ${NOTICES_MAX})`,
        )
        .execute();
    },

    async oldest(agentId) {
      const row = await db
        .selectFrom("step_notices")
        .select("step_id")
        .where("agent_id", "=", agentId)
        .where("organization_id", "=", organizationId)
        .orderBy("number")
        .limit(1)
        .executeTakeFirst();
      return row?.step_id;
    },

    async remove(agentId, stepId) {
      await db
        .deleteFrom("step_notices")
        .where("agent_id", "=", agentId)
        .where("step_id", "=", stepId)
        .where("organization_id", "=", organizationId)
        .execute();
    },
  };
}

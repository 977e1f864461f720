import { type SqlBool, sql } from "kysely";
import type { ConversationStore } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { BlockId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import { limitOf, orderOf, type PageSource, pageCondition, readable, saveRow } from "../base/pages.ts";
import { containing, fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { forgetSpoken } from "../messages/forget-spoken.ts";
import { dropThread } from "../messages/forks.ts";
import { findConversation, touchConversation } from "./conversations.hot.ts";
import { CONVERSATIONS } from "./tables.ts";

/** {@link ConversationStore} over SQL. */
export function sqlConversationStore(session: Session): ConversationStore {
  const { db, organizationId } = session;
  return {
    find: (id) => findConversation(session, id),

    async list({ agentId, summarySearch }, page) {
      const source = { table: CONVERSATIONS, column: page.orderBy, missing: "refuse" } satisfies PageSource;
      const rows = await db
        .selectFrom("conversations")
        .select(CONVERSATIONS.selection)
        .where(ours(session, "conversations"))
        .where((eb) => (agentId === undefined ? eb.and([]) : eb("agent_id", "=", agentId)))
        .$if(summarySearch !== undefined, (query) =>
          query.where(
            sql<SqlBool>`lower(coalesce(summary, '')) like ${containing((summarySearch ?? "").toLowerCase())} escape '\\'`,
          ),
        )
        .where(await pageCondition(session, source, page))
        .orderBy(orderOf(source, page))
        .limit(limitOf(page))
        .execute();
      return readable(session, CONVERSATIONS, rows);
    },

    async insert(conversation) {
      await db
        .insertInto("conversations")
        .values({ ...CONVERSATIONS.row(conversation), organization_id: organizationId })
        .execute();
    },

    async save(conversation) {
      await saveRow(session, CONVERSATIONS, { entity: conversation });
    },

    touch: (id) => touchConversation(session, id),

    async remove(id) {
      const [gone] = await db
        .deleteFrom("conversations")
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .returning(["agent_id", "isolated_block_ids"])
        .execute();
      if (gone === undefined) throw new Failure("not_found", `Conversation not found with id='${id}'`);
      const isolated = fromJson<readonly BlockId[]>(gone.isolated_block_ids);
      if (isolated.length > 0)
        await db
          .deleteFrom("blocks")
          .where("id", "in", isolated)
          .where("organization_id", "=", organizationId)
          .execute();
      await forgetSpoken(session, gone.agent_id, id);
      await dropThread(session, id);
    },
  };
}

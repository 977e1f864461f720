import { type SqlBool, sql } from "kysely";
import type { Conversation } from "../../agent/conversation.ts";
import type { ConversationStore } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { BlockId } from "../../core/id.ts";
import { limitOf, orderOf, type PageSource, pageCondition } from "../base/pages.ts";
import { containing, fromJson, fromJsonOrNull, readable, toJsonOrNull } from "../base/rows.ts";
import type { ConversationRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { forgetSpoken } from "../messages/forget-spoken.ts";
import { dropThread } from "../messages/forks.ts";

const FIND = "select * from conversations where id = $1 and organization_id = $2";

/** {@link ConversationStore} over SQL. */
export function sqlConversationStore(session: Session): ConversationStore {
  const { db, organizationId } = session;
  return {
    async find(id) {
      const { rows } = await session.sql.execute<ConversationRow>(FIND, [id, organizationId]);
      return rows[0] && toConversation(rows[0]);
    },

    async list({ agentId, summarySearch }, page) {
      const source: PageSource = { table: "conversations", column: page.orderBy, missing: "refuse" };
      const rows = await db
        .selectFrom("conversations")
        .selectAll()
        .where("organization_id", "=", organizationId)
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
      return readable(session, { table: "conversations", rows }, toConversation);
    },

    async insert(conversation) {
      await db
        .insertInto("conversations")
        .values({ ...toRow(conversation), organization_id: organizationId })
        .execute();
    },

    async save(conversation) {
      const { id, ...row } = toRow(conversation);
      await db
        .updateTable("conversations")
        .set(row)
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .execute();
    },

    async touch(id) {
      const now = session.world.clock.now();
      await session.sql.execute(
        "update conversations set last_message_at = $1, updated_at = $1 where id = $2 and organization_id = $3",
        [now, id, organizationId],
      );
    },

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

function toConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    agentId: row.agent_id,
    summary: row.summary,
    isolatedBlockIds: fromJson(row.isolated_block_ids),
    model: row.model,
    modelSettings: fromJsonOrNull(row.model_settings),
    lastMessageAt: row.last_message_at,
    createdById: row.created_by_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toRow(conversation: Conversation): Omit<ConversationRow, "organization_id"> {
  return {
    id: conversation.id,
    agent_id: conversation.agentId,
    summary: conversation.summary,
    isolated_block_ids: JSON.stringify(conversation.isolatedBlockIds),
    model: conversation.model,
    model_settings: toJsonOrNull(conversation.modelSettings),
    last_message_at: conversation.lastMessageAt,
    created_by_id: conversation.createdById,
    created_at: conversation.createdAt,
    updated_at: conversation.updatedAt,
  };
}

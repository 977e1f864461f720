import type { Selectable } from "kysely";
import type { MessageStore } from "../../agent/ports/ports.ts";
import { limitOf, readable } from "../base/pages.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { sqlForks } from "./forks.ts";
import { cursorCondition, matches } from "./message-filter.ts";
import { HOME_COLUMNS } from "./message-rows.ts";
import { type MessageFinder, sqlMessageFinder } from "./message-search.ts";
import { MESSAGES } from "./tables.ts";
import { sqlThreads, type Threads } from "./threads.ts";

const SAVE_SYSTEM =
  "update messages set content = $1 where id = $2 and organization_id = $3 and role = 'system' returning sequence_id";
const COUNT = "select count(*) as total from messages where agent_id = $1 and organization_id = $2";

/** {@link MessageStore} over SQL. */
export function sqlMessageStore(session: Session): MessageStore {
  return { ...sqlMessages(session), ...sqlThreads(session), ...sqlMessageFinder(session), ...sqlForks(session) };
}

/** Messages by themselves, whatever thread they are in. */
function sqlMessages(session: Session): Omit<MessageStore, keyof Threads | keyof MessageFinder | "share"> {
  const { db, organizationId } = session;
  return {
    async find(id) {
      const row = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      return row && MESSAGES.read(row);
    },

    async list(filter, page) {
      const rows = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where(matches(organizationId, filter))
        .where(await cursorCondition(session, page, null))
        .orderBy("sequence_id", page.order)
        .limit(limitOf(page))
        .execute();
      return readable(session, MESSAGES, rows);
    },

    async saveSystem(id, text) {
      const content = JSON.stringify([{ type: "text", text }]);
      const saved = await session.sql.execute<Pick<Selectable<MessageRow>, "sequence_id">>(SAVE_SYSTEM, [
        content,
        id,
        organizationId,
      ]);
      for (const row of saved.rows) session.contextCache?.change(row.sequence_id);
    },

    async saveTokenCounts(counts) {
      for (const [id, tokens] of counts)
        await session.sql.execute("update messages set tokens = $1 where id = $2 and organization_id = $3", [
          tokens,
          id,
          organizationId,
        ]);
    },

    async countForAgent(agentId) {
      const { rows } = await session.sql.execute(COUNT, [agentId, organizationId]);
      return Number(rows[0]?.["total"]);
    },
  };
}

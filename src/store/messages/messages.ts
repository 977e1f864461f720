import type { MessageStore } from "../../agent/ports/ports.ts";
import { ours } from "../base/is-ours.ts";
import { limitOf, readable } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { sqlForks } from "./forks.ts";
import { cursorCondition, matches } from "./message-filter.ts";
import { HOME_COLUMNS } from "./message-rows.ts";
import { type MessageFinder, sqlMessageFinder } from "./message-search.ts";
import { saveTokenCounts } from "./messages.hot.ts";
import { MESSAGES } from "./tables.ts";
import { sqlThreads, type Threads } from "./threads.ts";

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
        .where(ours(session, "messages"))
        .executeTakeFirst();
      return row && MESSAGES.read(row);
    },

    async list(filter, page) {
      const rows = await db
        .selectFrom("messages")
        .select(HOME_COLUMNS)
        .where(matches(session, filter))
        .where(await cursorCondition(session, page, null))
        .orderBy("sequence_id", page.order)
        .limit(limitOf(page))
        .execute();
      return readable(session, MESSAGES, rows);
    },

    async saveSystem(id, { text, blocksShown }) {
      const content = JSON.stringify([{ type: "text", text }]);
      const saved = await db
        .updateTable("messages")
        .set({ content, blocks_shown: blocksShown && JSON.stringify(blocksShown) })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("role", "=", "system")
        .returning("sequence_id")
        .execute();
      for (const row of saved) session.contextCache?.change(row.sequence_id);
    },

    async addAnswers(threadId, { id, name, toolReturns }) {
      const saved = await db
        .updateTable("messages")
        .set({ name, tool_returns: JSON.stringify(toolReturns), tokens: null })
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where("role", "=", "tool")
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("thread_messages")
                .select("thread_messages.position")
                .whereRef("thread_messages.sequence_id", "=", "messages.sequence_id")
                .where("thread_messages.thread_id", "<>", threadId),
            ),
          ),
        )
        .returning("sequence_id")
        .execute();
      for (const row of saved) session.contextCache?.change(row.sequence_id);
      return saved.length > 0;
    },

    saveTokenCounts: (counts) => saveTokenCounts(session, counts),

    async countForAgent(agentId) {
      const row = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .where("agent_id", "=", agentId)
        .where("organization_id", "=", organizationId)
        .executeTakeFirstOrThrow();
      return Number(row.total);
    },
  };
}

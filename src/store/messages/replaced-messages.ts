import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { REPLACED_AT_HOME } from "./message-rows.ts";
import { newestIn, ownMessage } from "./places.ts";
import { forgetMessages } from "./turn-entries.ts";

/**
 * Marks those of some messages that no thread but one holds any more: no fork, and not the conversation that they were sent
 * to, which has replaced them or is gone.
 */
async function retire(session: Session, which: RawBuilder<SqlBool>, threadId: ThreadId): Promise<void> {
  const { rows } = await sql<GoneMessage>`update messages set is_error = 1, is_spoken = 0, search_text = ''
    where organization_id = ${session.organizationId} and coalesce(is_error, 0) = 0 and ${which}
    and not exists (select 1 from thread_messages as fork
      where fork.sequence_id = messages.sequence_id and fork.is_shared = 1 and fork.is_replaced = 0
      and fork.thread_id <> ${threadId})
    and (${sql.raw(REPLACED_AT_HOME)} or conversation_id is not null
      and not exists (select 1 from conversations where conversations.id = messages.conversation_id))
    returning id, agent_id`.execute(session.db);
  await forgetRows(session, rows);
}

/** A message that a statement took away, and whose it was. */
export type GoneMessage = Pick<MessageRow, "id" | "agent_id">;

/** Takes messages that came once more out of a thread; where no other one holds them, out of the agent's memory too. */
export async function supersede(session: Session, threadId: ThreadId, ids: readonly MessageId[]): Promise<void> {
  for (const id of ids) {
    await session.db
      .updateTable("thread_messages")
      .set({ in_context: 0, is_replaced: 1, left_at: newestIn(session, threadId) })
      .where("thread_id", "=", threadId)
      .where("in_context", "=", 1)
      .where("sequence_id", "=", ownMessage(session, id))
      .execute();
    await retire(session, sql`messages.id = ${id}`, threadId);
  }
}

/** Before a thread is dropped: takes out of the agent's memory what all others that hold it have replaced. */
export async function retireThread(session: Session, threadId: ThreadId): Promise<void> {
  const which = sql<SqlBool>`sequence_id in (select sequence_id from thread_messages where thread_id = ${threadId})`;
  await retire(session, which, threadId);
}

/** Takes messages of one agent, as statements return them, out of its memory. */
export async function forgetRows(session: Session, rows: readonly GoneMessage[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const ids = rows.map((row) => row.id);
  await forgetMessages(session, first.agent_id, ids);
}

import type { MessageStore } from "../../agent/ports/ports.ts";
import type { ConversationId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";
import { forgetRows, type GoneMessage, retireThread } from "./replaced-messages.ts";

const SHARE = `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared, is_refused)
  select $1, thread_messages.position + $2, thread_messages.sequence_id, 1, 1, thread_messages.is_refused
  from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
  where thread_messages.thread_id = $3 and thread_messages.in_context = 1 and messages.organization_id = $4
  and thread_messages.position > $5`;
const HEAD = `select thread_messages.position, messages.role
  from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
  where thread_messages.thread_id = $1 and thread_messages.in_context = 1 and messages.organization_id = $2
  order by thread_messages.position limit 1`;
const END = "select coalesce(max(position), 0) as place from thread_messages where thread_id = $1";

// Messages of a conversation that is gone live on in its forks; those that nobody shares any more go with the last one.
const DROP = `delete from messages
  where sequence_id in (select sequence_id from thread_messages where thread_id = $1)
  and organization_id = $2 and conversation_id is not null
  and not exists (select 1 from conversations where conversations.id = messages.conversation_id)
  and not exists (select 1 from thread_messages where thread_messages.sequence_id = messages.sequence_id
    and thread_messages.is_shared = 1 and thread_messages.thread_id <> $1)
  returning id, agent_id`;
const LEAVE = "delete from thread_messages where thread_id = $1";

/** The part of {@link MessageStore} that lets threads share messages. */
export function sqlForks(session: Session): Pick<MessageStore, "share"> {
  return {
    async share(from, to) {
      const { rows } = await session.sql.execute(HEAD, [from, session.organizationId]);
      const head = rows[0]?.["role"] === "system" ? Number(rows[0]["position"]) : 0;
      const end = await session.sql.execute(END, [to]);
      await session.sql.execute(SHARE, [to, end.rows[0]?.["place"], from, session.organizationId, head]);
    },
  };
}

/** Removes what a conversation that is gone leaves behind: its thread, and the messages that no other one shares. */
export async function dropThread(session: Session, id: ConversationId): Promise<void> {
  const { rows } = await session.sql.execute<GoneMessage>(DROP, [id, session.organizationId]);
  await forgetRows(session, rows);
  await retireThread(session, id);
  await session.sql.execute(LEAVE, [id]);
}

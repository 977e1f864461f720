import type { ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import type { MessageRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { REPLACED_AT_HOME } from "./message-rows.ts";
import { forgetMessages } from "./turn-entries.ts";

const REPLACE = `update thread_messages set in_context = 0, is_replaced = 1
  where thread_id = $1 and in_context = 1
  and sequence_id = (select sequence_id from messages where id = $2 and organization_id = $3)`;

/**
 * Marks those of some messages, told by $2, that no thread but $3 holds any more: no fork, and not the conversation that
 * they were sent to, which has replaced them or is gone.
 */
const retire = (which: string) => `update messages set is_error = 1, is_spoken = 0, search_text = ''
  where organization_id = $1 and coalesce(is_error, 0) = 0 and ${which}
  and not exists (select 1 from thread_messages as fork
    where fork.sequence_id = messages.sequence_id and fork.is_shared = 1 and fork.is_replaced = 0 and fork.thread_id <> $3)
  and (${REPLACED_AT_HOME} or conversation_id is not null
    and not exists (select 1 from conversations where conversations.id = messages.conversation_id))
  returning id, agent_id`;
const RETIRE_ONE = retire("messages.id = $2");
const RETIRE_ALL = retire("sequence_id in (select sequence_id from thread_messages where thread_id = $2)");

/** A message that a statement took away, and whose it was. */
export type GoneMessage = Pick<MessageRow, "id" | "agent_id">;

/** Takes messages that came once more out of a thread; where no other one holds them, out of the agent's memory too. */
export async function supersede(session: Session, threadId: ThreadId, ids: readonly MessageId[]): Promise<void> {
  for (const id of ids) {
    await session.sql.execute(REPLACE, [threadId, id, session.organizationId]);
    const { rows } = await session.sql.execute<GoneMessage>(RETIRE_ONE, [session.organizationId, id, threadId]);
    await forgetRows(session, rows);
  }
}

/** Before a thread is dropped: takes out of the agent's memory what all others that hold it have replaced. */
export async function retireThread(session: Session, threadId: ThreadId): Promise<void> {
  const { rows } = await session.sql.execute<GoneMessage>(RETIRE_ALL, [session.organizationId, threadId, threadId]);
  await forgetRows(session, rows);
}

/** Takes messages of one agent, as statements return them, out of its memory. */
export async function forgetRows(session: Session, rows: readonly GoneMessage[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const ids = rows.map((row) => row.id);
  await forgetMessages(session, first.agent_id, ids);
}

import { type SqlBool, sql } from "kysely";
import type { KeptContext } from "../../agent/manifest.ts";
import { CONTEXT_MESSAGES_MAX, type Message } from "../../agent/message.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import { readable } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { STORED_COLUMNS } from "./message-rows.ts";
import { MESSAGES } from "./tables.ts";

/** See `MessageStore.shown`. */
export async function shownMessages(
  session: Session,
  threadId: ThreadId,
  { messages: { summary, first, last }, aside }: Pick<KeptContext, "messages" | "aside">,
): Promise<readonly Message[]> {
  const [summaryRow, from, to] = [
    await rowsOf(session, threadId, summary),
    await placeOf(session, threadId, first),
    await placeOf(session, threadId, last),
  ];
  if (from === undefined || to === undefined) return summaryRow;
  const fates = new Map(aside.map((one) => [one.id, one.isKept]));
  // Summaries are put before what they left, so one in between came later. What was replaced or refused had left the
  // context by then if something newer than all that was there had come since.
  const rows = await messagesIn(session, threadId)
    .select(sql<number | null>`case when thread_messages.refused_at < ${to.sequence_id} then 1 end`.as("isError"))
    .where("thread_messages.position", ">=", from.position)
    .where("thread_messages.position", "<=", to.position)
    .where("thread_messages.sequence_id", "<=", to.sequence_id)
    .where(sql<SqlBool>`coalesce(thread_messages.left_at, ${to.sequence_id}) >= ${to.sequence_id}`)
    .orderBy("thread_messages.position")
    .limit(CONTEXT_MESSAGES_MAX)
    .execute();
  const said = readable(session, MESSAGES, rows).flatMap((message) => {
    const isKept = fates.get(message.id);
    if (isKept === undefined) return [message];
    return isKept ? [{ ...message, isError: true }] : [];
  });
  return [...summaryRow, ...said];
}

/** Messages of a thread, their error marks aside. */
function messagesIn(session: Session, threadId: ThreadId) {
  return session.db
    .selectFrom("thread_messages")
    .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
    .select(STORED_COLUMNS)
    .where("thread_messages.thread_id", "=", threadId)
    .where(ours(session, "messages"));
}

async function rowsOf(session: Session, threadId: ThreadId, id: MessageId | null): Promise<readonly Message[]> {
  if (id === null) return [];
  const rows = await messagesIn(session, threadId)
    .select(sql<number | null>`null`.as("isError"))
    .where("messages.id", "=", id)
    .execute();
  return readable(session, MESSAGES, rows);
}

async function placeOf(session: Session, threadId: ThreadId, id: MessageId | null) {
  if (id === null) return undefined;
  return session.db
    .selectFrom("thread_messages")
    .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
    .select(["thread_messages.position", "thread_messages.sequence_id"])
    .where("thread_messages.thread_id", "=", threadId)
    .where("messages.id", "=", id)
    .where(ours(session, "messages"))
    .executeTakeFirst();
}

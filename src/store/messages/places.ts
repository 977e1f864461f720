import type { ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";

/** Where the messages of a thread's context stand in it, and whose words they are. */
export function placesIn({ db, organizationId }: Session, threadId: ThreadId) {
  return db
    .selectFrom("thread_messages")
    .innerJoin("messages", "messages.sequence_id", "thread_messages.sequence_id")
    .select(["thread_messages.position", "messages.role"])
    .where("thread_messages.thread_id", "=", threadId)
    .where("thread_messages.in_context", "=", 1)
    .where("messages.organization_id", "=", organizationId);
}

/** The first of them. */
export function headOf(session: Session, threadId: ThreadId) {
  return placesIn(session, threadId).orderBy("thread_messages.position").limit(1).executeTakeFirst();
}

/** The place of a message in the order of all, for a statement that changes where it is shown. */
export function ownMessage({ db, organizationId }: Session, id: MessageId) {
  return db
    .selectFrom("messages")
    .select("sequence_id")
    .where("id", "=", id)
    .where("organization_id", "=", organizationId);
}

/** The newest message of a thread, by its place in the order of all, for a statement that tells since when something is so. */
export function newestIn({ db }: Session, threadId: ThreadId) {
  return db
    .selectFrom("thread_messages")
    .select("sequence_id")
    .where("thread_id", "=", threadId)
    .orderBy("position", "desc")
    .limit(1);
}

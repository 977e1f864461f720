import { sql } from "kysely";
import type { MessageStore } from "../../agent/ports/ports.ts";
import type { ConversationId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";
import { dropTexts } from "../runs/manifests.ts";
import { headOf } from "./places.ts";
import { forgetRows, type GoneMessage, retireThread } from "./replaced-messages.ts";

/** The part of {@link MessageStore} that lets threads share messages. */
export function sqlForks(session: Session): Pick<MessageStore, "share"> {
  const { db, organizationId } = session;
  return {
    async share(from, to) {
      const head = await headOf(session, from);
      const behind = head?.role === "system" ? head.position : 0;
      const end = await db
        .selectFrom("thread_messages")
        .select((eb) => eb.fn.max("position").as("place"))
        .where("thread_id", "=", to)
        .executeTakeFirst();
      await sql`insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared, is_refused, refused_at)
        select ${to}, thread_messages.position + ${end?.place ?? 0}, thread_messages.sequence_id, 1, 1, thread_messages.is_refused,
        case when thread_messages.is_refused = 1 then 0 end
        from thread_messages join messages on messages.sequence_id = thread_messages.sequence_id
        where thread_messages.thread_id = ${from} and thread_messages.in_context = 1
        and messages.organization_id = ${organizationId} and thread_messages.position > ${behind}`.execute(db);
    },
  };
}

/** Removes what a conversation that is gone leaves behind: its thread, and the messages that no other one shares. */
export async function dropThread(session: Session, id: ConversationId): Promise<void> {
  const { db, organizationId } = session;
  session.contextCache?.pause();
  // Messages of a conversation that is gone live on in its forks; those that nobody shares any more go with the last one.
  const { rows } = await sql<GoneMessage>`delete from messages
    where sequence_id in (select sequence_id from thread_messages where thread_id = ${id})
    and organization_id = ${organizationId} and conversation_id is not null
    and not exists (select 1 from conversations where conversations.id = messages.conversation_id)
    and not exists (select 1 from thread_messages where thread_messages.sequence_id = messages.sequence_id
      and thread_messages.is_shared = 1 and thread_messages.thread_id <> ${id})
    returning id, agent_id`.execute(db);
  await forgetRows(session, rows);
  await dropTexts(session, [id]);
  await retireThread(session, id);
  await db.deleteFrom("thread_messages").where("thread_id", "=", id).execute();
}

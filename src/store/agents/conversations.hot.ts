// Hot: every message of a conversation reads it, and notes when it came. That takes 2 and 4 µs, and 21 and 10 µs where it
// is built (Bun 1.4.5).

import type { Conversation } from "../../agent/conversation.ts";
import type { ConversationId } from "../../core/id.ts";
import type { FieldsOf } from "../base/columns.ts";
import { isInReach } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { CONVERSATIONS } from "./tables.ts";

const FIND = `select ${CONVERSATIONS.selected()} from conversations where id = $1 and organization_id = $2`;
const TOUCH = "update conversations set last_message_at = $1, updated_at = $1 where id = $2 and organization_id = $3";

/** See `ConversationStore.find`. */
export async function findConversation(session: Session, id: ConversationId): Promise<Conversation | undefined> {
  const { rows } = await session.sql.execute<FieldsOf<typeof CONVERSATIONS>>(FIND, [id, session.organizationId]);
  const conversation = rows[0] && CONVERSATIONS.read(rows[0]);
  return conversation !== undefined && isInReach(session, conversation.agentId) ? conversation : undefined;
}

/** See `ConversationStore.touch`. */
export async function touchConversation({ sql, organizationId, world }: Session, id: ConversationId): Promise<void> {
  await sql.execute(TOUCH, [world.clock.now(), id, organizationId]);
}

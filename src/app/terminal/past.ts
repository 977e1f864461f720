import { z } from "zod";
import { ask, type Connection } from "./connection.ts";
import { type Call, callsOf, MessageShape, type MessageView } from "./shapes.ts";
import { type Place, pathOf } from "./turn.ts";

/** The newest messages of a conversation, oldest first. */
export async function newestMessages(
  connection: Connection,
  place: Place,
  limit: number,
): Promise<readonly MessageView[]> {
  const own = place.conversationId === null ? "&conversation_id=default" : "";
  const found = await ask(connection, {
    path: `${pathOf(place)}/messages?limit=${limit}&order=desc${own}`,
    shape: z.array(MessageShape),
  });
  // By agent they come forward in time whatever the order, by conversation backward.
  return place.conversationId === null ? found : found.toReversed();
}

/** The calls that a conversation waits for somebody to allow. */
export async function readPending(connection: Connection, place: Place): Promise<readonly Call[]> {
  return pendingOf(await newestMessages(connection, place, 5));
}

/** The calls that wait, when the newest message asks for them. */
export function pendingOf(messages: readonly MessageView[]): readonly Call[] {
  const last = messages.at(-1);
  return last?.message_type === "approval_request_message" ? callsOf(last) : [];
}

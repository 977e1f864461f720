import { ASK_TOOL, FORGOTTEN, letterIn, TELL_TOOL, WRITER, WRITERS } from "../judge/letters/letter-book.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { PlannedReply } from "../plan/plan.ts";
import { type ChatMessage, type ChatRequest, chatText } from "./chat-wire.ts";

const PERSONA = /cn-(\d+);/;
const NOTHING: PlannedReply = { text: "Nothing to do.", calls: [] };

/** Whether the request is of an agent that writes to others. */
export function isOfWriter({ messages: [head] }: ChatRequest): boolean {
  const number = Number(head === undefined ? 0 : PERSONA.exec(chatText(head))?.[1]);
  return number >= WRITER && number < WRITER + WRITERS;
}

/** What such an agent says: it sends the letter on that it read last, or says that it heard it where that is done. */
export function writerReply({ letters }: Oracle, { messages }: ChatRequest): PlannedReply {
  const at = messages.findLastIndex((message) => isRead(message) && letterIn(chatText(message)) !== undefined);
  const message = messages[at];
  const read = message && letterIn(chatText(message));
  if (read === undefined) return messages.some(isAboutRoom) ? { text: FORGOTTEN, calls: [] } : NOTHING;
  const heard = { text: `heard ${read.words}`, calls: [] };
  const next = letters.next(read);
  if (next === undefined || messages.slice(at).some(({ role }) => role === "tool")) return heard;
  const args = { message: next.words, other_agent_id: letters.writers[next.route.to] };
  const name = next.route.waits ? ASK_TOOL : TELL_TOOL;
  return { text: "", calls: [{ name, arguments: JSON.stringify(args), token: null }] };
}

/** Whether it says that earlier messages are no longer shown. */
function isAboutRoom(message: ChatMessage): boolean {
  return message.role === "user" && chatText(message).includes("system_alert");
}

function isRead({ role }: ChatMessage): boolean {
  return role === "user" || role === "system";
}

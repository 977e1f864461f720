import type { ConversationId } from "../core/id.ts";
import { isRecord, parseJson } from "../core/json.ts";
import type { ToolCall } from "../llm/model.ts";
import { type Message, textOf } from "./message.ts";

/** What a user or the agent said in a message: what memory keeps of it, and what searches find. */
export function spokenText(message: Pick<Message, "role" | "content" | "toolCalls">): string {
  // A request for an approval may hold words of the agent's beside it.
  if (message.role !== "user" && message.role !== "assistant" && message.role !== "approval") return "";
  const text = textOf(message).trim();
  // Heartbeats and notices are the server's own, packed as users' words.
  const packed = message.role === "user" && text.startsWith("{") ? parseJson(text) : undefined;
  if (isRecord(packed) && typeof packed["type"] === "string") return "";
  const spoken = message.toolCalls.filter((call) => call.name === "send_message").map((call) => argumentText(call));
  return [text, ...spoken].join("\n").trim();
}

/** What an older kind of agent says by its tool. */
function argumentText({ arguments: text }: ToolCall): string {
  const said = parseJson(text);
  return isRecord(said) && typeof said["message"] === "string" ? said["message"] : text;
}

/** The tag of the turns of one conversation in their agent's memory; null is the agent's own conversation. */
export function turnTag(conversationId: ConversationId | null): string {
  return conversationId ?? "default";
}

import type { ConversationId } from "../core/id.ts";

/** The tag of the turns of one conversation in their agent's memory; null is the agent's own conversation. */
export function turnTag(conversationId: ConversationId | null): string {
  return conversationId ?? "default";
}

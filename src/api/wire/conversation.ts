import type { Conversation } from "../../agent/conversation.ts";
import type { MessageId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** A conversation as clients see it. */
export function toWireConversation(conversation: Conversation, contextIds: readonly MessageId[]): JsonObject {
  return {
    created_by_id: conversation.createdById,
    last_updated_by_id: conversation.createdById,
    created_at: isoTime(conversation.createdAt),
    updated_at: isoTime(conversation.updatedAt),
    id: conversation.id,
    agent_id: conversation.agentId,
    summary: conversation.summary,
    in_context_message_ids: contextIds,
    isolated_block_ids: conversation.isolatedBlockIds,
    model: conversation.model,
    model_settings: (conversation.modelSettings ?? null) as Json,
    last_message_at: isoTimeOrNull(conversation.lastMessageAt),
  };
}

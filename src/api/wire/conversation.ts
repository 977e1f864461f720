import { z } from "zod";
import type { Conversation } from "../../agent/conversation.ts";
import type { MessageId } from "../../core/id.ts";
import type { Json } from "../../core/json.ts";
import { answer, json, list, time } from "./answers/answer.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** What {@link toWireConversation} shows. */
export const WireConversation = answer("Conversation", {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  agent_id: z.string(),
  summary: z.string().nullable(),
  in_context_message_ids: list(z.string()),
  isolated_block_ids: list(z.string()),
  model: z.string().nullable(),
  model_settings: json,
  last_message_at: time.nullable(),
});

/** A conversation as clients see it. */
export function toWireConversation(
  conversation: Conversation,
  contextIds: readonly MessageId[],
): z.output<typeof WireConversation> {
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

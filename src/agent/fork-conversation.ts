import { Failure } from "../core/failure.ts";
import type { AgentId, ConversationId } from "../core/id.ts";
import type { Conversation } from "./conversation.ts";
import { type ConversationSources, createConversation } from "./create-conversation.ts";
import type { Repositories } from "./ports.ts";

/**
 * Makes a conversation that goes on from where another one stands: it shares the messages of the other's context and
 * has a system message of its own. Blocks that the other has for itself are not taken along.
 */
export async function forkConversation(
  repositories: Repositories,
  sources: ConversationSources,
  { agentId, conversationId }: { readonly agentId: AgentId; readonly conversationId: ConversationId | null },
): Promise<Conversation> {
  const { conversations, messages } = repositories;
  const original = conversationId === null ? null : await conversations.find(conversationId);
  if (original === undefined) throw new Failure("not_found", `Conversation not found with id='${conversationId}'`);
  const from = conversationId ?? agentId;
  const context = (await messages.contextIds([from])).get(from) ?? [];
  const fork = await createConversation(repositories, sources, {
    agentId,
    summary: original?.summary ?? null,
    model: original?.model ?? null,
    modelSettings: original?.modelSettings ?? null,
    isolatedBlockLabels: [],
    inContext: context.length,
  });
  await messages.share(from, fork.id);
  return fork;
}

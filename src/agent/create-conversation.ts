import { Failure } from "../core/failure.ts";
import { type Actor, type AgentId, newId } from "../core/id.ts";
import type { TimeFormat } from "../core/time-format.ts";
import type { World } from "../core/world.ts";
import type { Conversation } from "./conversation.ts";
import { newMessage } from "./input.ts";
import type { Repositories } from "./ports.ts";
import { compilePrompt } from "./recompile.ts";

/** What a new conversation is made with. */
export interface ConversationDraft {
  readonly agentId: AgentId;
  readonly summary: string | null;
  readonly model: string | null;
  readonly modelSettings: unknown;
}

/** What makes conversations. */
export interface ConversationSources extends Pick<World, "clock" | "random"> {
  readonly times: TimeFormat;
  readonly actor: Actor;
}

/** Makes a conversation with its own system message, inside the transaction of `repositories`. */
export async function createConversation(repositories: Repositories, sources: ConversationSources, draft: ConversationDraft): Promise<Conversation> {
  const agent = await repositories.agents.find(draft.agentId);
  if (agent === undefined) throw new Failure("not_found", "Agent not found");
  const now = sources.clock.now();
  const conversation: Conversation = {
    ...draft,
    id: newId("conv", sources.random),
    isolatedBlockIds: [],
    lastMessageAt: null,
    createdById: sources.actor.userId,
    createdAt: now,
    updatedAt: now,
  };
  await repositories.conversations.insert(conversation);
  const place = { agentId: agent.id, conversationId: conversation.id, runId: null, stepId: null, model: agent.llmConfig.model };
  const text = await compilePrompt(repositories, agent, { recompiledAt: now, inContext: 0, times: sources.times, conversationId: conversation.id });
  await repositories.messages.append(conversation.id, [newMessage(sources, place, "system", [{ type: "text", text }])]);
  return conversation;
}

import { type ConversationId, newId } from "../../core/id.ts";
import type { Agent } from "../agent.ts";
import { CONTEXT_MESSAGES_MAX, type Message } from "../message.ts";
import type { BundledMessage } from "./bundle.ts";
import type { ImportSession } from "./import-session.ts";

/**
 * Stores what an imported agent said and heard, behind the system message that was compiled for it here. What was out of the
 * context stays out of it, and is found by searches.
 */
export async function importMessages(
  { workshop, repositories }: Pick<ImportSession, "workshop" | "repositories">,
  agent: Agent,
  messages: readonly BundledMessage[],
): Promise<void> {
  const aside = messages.filter((message) => !message.isInContext);
  const inContext = messages.filter((message) => message.isInContext).slice(-CONTEXT_MESSAGES_MAX);
  const rows = [...aside, ...inContext].map((message) => rowOf(message));
  await repositories.messages.append(agent.id, rows);
  if (aside.length > 0) await repositories.messages.evict(agent.id, rows[aside.length]?.id ?? null, null);

  function rowOf({ isInContext: _, createdAt, ...message }: BundledMessage): Message {
    return {
      ...message,
      id: newId("message", workshop.random),
      agentId: agent.id,
      conversationId: null satisfies ConversationId | null,
      otid: message.otid ?? workshop.random.uuid(),
      stepId: null,
      runId: null,
      isError: null,
      blocksShown: null,
      createdAt: createdAt ?? workshop.clock.now(),
    };
  }
}

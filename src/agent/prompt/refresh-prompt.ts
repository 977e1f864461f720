import type { TimeFormat } from "../../core/time-format.ts";
import type { Agent } from "../agent.ts";
import { type Message, textOf } from "../message.ts";
import type { Repositories } from "../ports/ports.ts";
import { blocksOf } from "./isolated-blocks.ts";
import { compilePrompt } from "./recompile.ts";
import { memoryText } from "./system-prompt.ts";

/**
 * The context of a conversation with its system message up to date, which is stored when it was not: blocks may have
 * changed in the agent's own conversation, in another one or through the API. The agent's own is kept up to date by
 * whoever changes a block.
 */
export async function refreshedContext(
  repositories: Repositories,
  agent: Agent,
  context: readonly Message[],
  times: TimeFormat,
): Promise<readonly Message[]> {
  const [head, ...rest] = context;
  if (head === undefined || head.role !== "system" || head.conversationId === null) return context;
  const blocks = await blocksOf(repositories, agent.id, head.conversationId);
  const memory = memoryText(agent, await blocks.listForAgent(agent.id));
  if (textOf(head).includes(memory)) return context;
  const text = await compilePrompt(repositories, agent, {
    recompiledAt: head.createdAt,
    inContext: context.length,
    times,
    conversationId: head.conversationId,
  });
  await repositories.messages.saveSystem(head.id, text);
  return [{ ...head, content: [{ type: "text", text }] }, ...rest];
}

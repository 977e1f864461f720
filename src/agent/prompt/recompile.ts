import type { Clock, Instant } from "../../core/clock.ts";
import type { AgentId, ConversationId } from "../../core/id.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { Agent } from "../agent.ts";
import { textOf } from "../message.ts";
import type { Repositories } from "../ports/ports.ts";
import { blocksOf } from "./isolated-blocks.ts";
import { compileSystemPrompt, type PromptMaterial } from "./system-prompt.ts";

/** What compiling a prompt again needs, and how it is done. */
export interface RecompileOptions {
  readonly clock: Clock;
  readonly times: TimeFormat;
  /**
   * Show now as the time of recompilation. Without it the prompt keeps the time it was first made, so that it changes
   * only where memory did and a provider's cache of it stays good.
   */
  readonly updatesTimestamp?: boolean;
  /** Compile without storing. */
  readonly isDryRun?: boolean;
  /** The conversation whose system message it is; the agent's own when absent. */
  readonly conversationId?: ConversationId | null;
}

/** Compiles the stored system message of these agents' own conversations again. Agents without one are left alone. */
export async function recompileAgents(
  repositories: Repositories,
  agentIds: readonly AgentId[],
  options: RecompileOptions,
): Promise<void> {
  for (const agentId of agentIds) {
    const agent = await repositories.agents.find(agentId);
    if (agent !== undefined) await recompileAgent(repositories, agent, options);
  }
}

/** Compiles the agent's system message again and returns its text. */
export async function recompileAgent(
  repositories: Repositories,
  agent: Agent,
  options: RecompileOptions,
): Promise<string> {
  const { messages } = repositories;
  const conversationId = options.conversationId ?? null;
  const threadId = conversationId ?? agent.id;
  const context = (await messages.contextIds([threadId])).get(threadId) ?? [];
  const [headId] = context;
  const head = headId === undefined ? undefined : await messages.find(headId);
  const stored = head?.role === "system" ? head : undefined;
  const now = options.clock.now();
  const recompiledAt = options.updatesTimestamp === true ? now : (stored?.createdAt ?? now);
  const text = await compilePrompt(repositories, agent, {
    recompiledAt,
    inContext: context.length,
    times: options.times,
    conversationId,
  });
  if (stored !== undefined && options.isDryRun !== true && textOf(stored) !== text)
    await messages.saveSystem(stored.id, text);
  return text;
}

/** What {@link compilePrompt} cannot read from the stores. */
export interface CompileOptions {
  readonly recompiledAt: Instant;
  /** Messages that the context holds, the system message included. */
  readonly inContext: number;
  readonly times: TimeFormat;
  /** The conversation whose prompt it is; the agent's own when absent. */
  readonly conversationId?: ConversationId | null;
}

/** The text that a conversation's system message should have now. */
export async function compilePrompt(
  repositories: Repositories,
  agent: Agent,
  options: CompileOptions,
): Promise<string> {
  return compileSystemPrompt(await promptMaterial(repositories, agent, options), options.times);
}

/** All that a conversation's system message should show now. */
export async function promptMaterial(
  repositories: Repositories,
  agent: Agent,
  { recompiledAt, inContext, conversationId = null }: Omit<CompileOptions, "times">,
): Promise<PromptMaterial> {
  const { messages, passages } = repositories;
  const archive = await passages.archiveOf(agent.id);
  const blocks = await blocksOf(repositories, agent.id, conversationId);
  return {
    agent,
    conversationId,
    blocks: await blocks.listForAgent(agent.id),
    recompiledAt,
    earlierMessages: Math.max(0, (await messages.countForAgent(agent.id)) - inContext),
    passages: archive === undefined ? 0 : await passages.count(archive),
  };
}

import type { Clock, Instant } from "../../core/clock.ts";
import type { AgentId, ArchiveId, BlockId, ConversationId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { Agent } from "../agent.ts";
import { traitsOf } from "../agent-type.ts";
import { type CompiledPrompt, type Message, textOf } from "../message.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { directoriesOf, renderDirectories } from "./directories.ts";
import { blocksOf } from "./isolated-blocks.ts";
import { compileSystemPrompt, memoryText, type PromptMaterial } from "./system-prompt.ts";

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

/** Memory that the prompts of several agents may show: the text of blocks, and how many passages an archive holds. */
export interface SharedMemory {
  readonly blockIds?: readonly BlockId[];
  readonly archiveId?: ArchiveId | undefined;
}

/** The agents whose prompts show any of this memory, each once. */
export async function agentsShowing(
  { agents, blocks }: Pick<Readers, "agents" | "blocks">,
  { blockIds = [], archiveId }: SharedMemory,
): Promise<readonly AgentId[]> {
  const sharing = await Promise.all(blockIds.map((id) => blocks.agentsOf(id)));
  const page = { limit: PAGE_ITEMS_MAX, order: "asc", orderBy: "created_at" } as const;
  const using = archiveId === undefined ? [] : await agents.list({ archiveId, showHidden: true }, page);
  return [...new Set([...sharing.flat(), ...using.map(({ id }) => id)])];
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
  { clock, times, updatesTimestamp = false, isDryRun = false, conversationId = null }: RecompileOptions,
): Promise<string> {
  const { messages } = repositories;
  const threadId = conversationId ?? agent.id;
  const context = (await messages.contextIds([threadId])).get(threadId) ?? [];
  const [headId] = context;
  const head = headId === undefined ? undefined : await messages.find(headId);
  const now = clock.now();
  const inContext = context.length;
  if (head?.role !== "system")
    return (await compilePrompt(repositories, agent, { recompiledAt: now, inContext, times, conversationId })).text;
  const timestamp = updatesTimestamp ? { recompiledAt: now } : {};
  return textOf(await recompileHead(repositories, agent, { head, inContext, times, isDryRun, ...timestamp }));
}

/**
 * The context of a conversation with its system message up to date, which is stored when it was not: blocks may have
 * changed in the agent's own conversation, in another one or through the API. The agent's own is kept up to date by
 * whoever changes a block.
 */
export async function refreshedContext(
  repositories: Repositories,
  agent: Agent,
  { context, times }: { readonly context: readonly Message[]; readonly times: TimeFormat },
): Promise<readonly Message[]> {
  const [head, ...rest] = context;
  if (head === undefined || head.role !== "system" || head.conversationId === null) return context;
  const blocks = await blocksOf(repositories, agent.id, head.conversationId);
  const memory = memoryText(agent, await blocks.listForAgent(agent.id));
  const directories = renderDirectories(agent, await directoriesOf(repositories, agent.id));
  const shown = textOf(head);
  // Without folders there must be no section of them, and what its end looks like no text beside it can.
  const hasFolders = shown.includes("\n</directories>");
  if (shown.includes(memory) && shown.includes(directories) && hasFolders === (directories !== "")) return context;
  return [await recompileHead(repositories, agent, { head, inContext: context.length, times }), ...rest];
}

/** A stored system message, and how it is compiled again. */
export interface HeadOptions extends Pick<CompileOptions, "inContext" | "times"> {
  readonly head: Message;
  /** The time of recompilation that it shows; when it was first made if absent. */
  readonly recompiledAt?: Instant;
  readonly isDryRun?: boolean;
}

/** The system message as it should be now, stored when it is another one. No stored prompt changes in another way. */
export async function recompileHead(
  repositories: Repositories,
  agent: Agent,
  { head, inContext, times, recompiledAt = head.createdAt, isDryRun = false }: HeadOptions,
): Promise<Message> {
  const { conversationId } = head;
  const prompt = await compilePrompt(repositories, agent, { recompiledAt, inContext, times, conversationId });
  const { text, blocksShown } = prompt;
  if (text === textOf(head) && head.blocksShown !== null) return head;
  if (!isDryRun) await repositories.messages.saveSystem(head.id, prompt);
  return { ...head, content: [{ type: "text", text }], blocksShown };
}

/** What {@link compilePrompt} cannot read from the stores. */
export interface CompileOptions {
  readonly recompiledAt: Instant;
  /** Messages that the context holds, the system message included. */
  readonly inContext: number;
  readonly times: TimeFormat;
  /** The conversation whose prompt it is; the agent's own when absent. */
  readonly conversationId?: ConversationId | null;
  /** How many messages the agent has in all; counted when absent, which takes long where there are many. */
  readonly messageCount?: number;
}

/** The text that a conversation's system message should have now, and the blocks that it shows. */
export async function compilePrompt(
  repositories: Readers,
  agent: Agent,
  options: CompileOptions,
): Promise<CompiledPrompt> {
  const material = await promptMaterial(repositories, agent, options);
  const shown = traitsOf(agent.agentType).hasCoreMemory ? material.blocks : [];
  return {
    text: compileSystemPrompt(material, options.times),
    blocksShown: shown.map(({ id, version }) => [id, version]),
  };
}

/** All that a conversation's system message should show now. */
export async function promptMaterial(
  repositories: Readers,
  agent: Agent,
  { recompiledAt, inContext, conversationId = null, messageCount }: Omit<CompileOptions, "times">,
): Promise<PromptMaterial> {
  const { messages, passages } = repositories;
  const total = messageCount ?? (await messages.countForAgent(agent.id));
  const archive = await passages.archiveOf(agent.id);
  const blocks = await blocksOf(repositories, agent.id, conversationId);
  return {
    agent,
    conversationId,
    blocks: await blocks.listForAgent(agent.id),
    recompiledAt,
    earlierMessages: Math.max(0, total - inContext),
    passages: archive === undefined ? 0 : await passages.count(archive),
    directories: await directoriesOf(repositories, agent.id),
  };
}

import type { Agent } from "./agent.ts";
import { type FirstMessageSources, firstMessages } from "./initial-messages.ts";
import type { Repositories } from "./ports.ts";
import { recompileAgent } from "./recompile.ts";

/**
 * Empties the context of the agent's own conversation, its system message aside, and compiles that again. Nothing is
 * deleted. `withFirst` puts the messages there that an agent of this type is born with.
 */
export async function resetMessages(
  repositories: Repositories,
  sources: FirstMessageSources,
  agent: Agent,
  withFirst: boolean,
): Promise<void> {
  const { messages, tools } = repositories;
  await messages.evict(agent.id, null, null);
  const systemText = await recompileAgent(repositories, agent, sources);
  if (!withFirst) return;
  const toolNames = (await tools.listForAgent(agent.id)).map((tool) => tool.name);
  const [, ...first] = firstMessages(sources, { agent, systemText, toolNames, given: null });
  await messages.append(agent.id, first);
}

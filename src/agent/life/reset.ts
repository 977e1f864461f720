import type { Agent } from "../agent.ts";
import type { Repositories } from "../ports/ports.ts";
import { recompileAgent } from "../prompt/recompile.ts";
import { endWait } from "./cancel-approval.ts";
import { type FirstMessageSources, firstMessages } from "./initial-messages.ts";

/** What the history says of calls that nobody had answered by then. */
const EMPTIED = "The conversation was emptied before this call had its answer, so it was denied.";

/**
 * Empties the context of the agent's own conversation, its system message aside, and compiles that again. Nothing is
 * deleted. A run that waits for an approval there ends as cancelled. `withFirst` puts the messages there that an agent of this type is born with.
 */
export async function resetMessages(
  repositories: Repositories,
  sources: FirstMessageSources,
  { agent, withFirst }: { readonly agent: Agent; readonly withFirst: boolean },
): Promise<void> {
  const { messages, tools } = repositories;
  const context = await messages.context(agent.id);
  await endWait(repositories, sources, { agent, conversationId: null, context, reason: EMPTIED });
  await messages.evict(agent.id, null, null);
  const systemText = await recompileAgent(repositories, agent, sources);
  if (!withFirst) return;
  const toolNames = (await tools.listForAgent(agent.id)).map((tool) => tool.name);
  const [, ...first] = firstMessages(sources, { agent, systemText, toolNames, given: null });
  await messages.append(agent.id, first);
}

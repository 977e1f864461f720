import { type Caller, may } from "../../access/may.ts";
import type { AgentId } from "../../core/id.ts";
import type { Agent } from "../agent.ts";
import { mustFind } from "../find.ts";
import { recompileAgent } from "../prompt/recompile.ts";
import { requireIdle } from "./admission.ts";
import { endWait } from "./cancel-approval.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { firstMessages } from "./initial-messages.ts";

/** What the history says of calls that nobody had answered by then. */
const EMPTIED = "The conversation was emptied before this call had its answer, so it was denied.";

/**
 * Empties the context of the agent's own conversation, its system message aside, compiles that again and gives the agent.
 * Nothing is deleted. Refused while a run is at work there; one that waits for an approval ends as cancelled. `withFirst`
 * puts the messages there that an agent of this type is born with.
 */
export async function resetMessages(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, withFirst }: { readonly id: AgentId; readonly withFirst: boolean },
): Promise<Agent> {
  const actor = may(caller, "agents:write", { agentId: id });
  return workshop.store.write(actor, async (repositories) => {
    const { agents, messages, tools } = repositories;
    const agent = await mustFind(agents, id);
    await requireIdle(repositories, { agent, conversationId: null });
    const context = await messages.context(id);
    await endWait(repositories, workshop, { agent, conversationId: null, context, reason: EMPTIED });
    await messages.evict(id, null, null);
    const text = await recompileAgent(repositories, agent, workshop);
    if (withFirst) {
      const toolNames = (await tools.listForAgent(id)).map((tool) => tool.name);
      const [, ...first] = firstMessages(workshop, {
        agent,
        prompt: { text, blocksShown: null },
        toolNames,
        given: null,
      });
      await messages.append(id, first);
    }
    return mustFind(agents, id);
  });
}

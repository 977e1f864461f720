import type { AgentId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { mustFind } from "../find.ts";
import { companionsOf, isOfCompanions } from "../group.ts";
import type { Repositories } from "../ports/ports.ts";

/**
 * Removes an agent. Companions that look after its memory go with it, and so do the groups of a companion: the agents it
 * looked after are without one then, and say so. Gives all agents that are gone.
 */
export async function deleteAgent(repositories: Repositories, id: AgentId): Promise<readonly AgentId[]> {
  const { agents, groups } = repositories;
  await mustFind(repositories.agents, id);
  const led = await groups.list({ agentId: id, showHidden: true }, { limit: PAGE_ITEMS_MAX, order: "asc" });
  for (const group of led.filter(isOfCompanions)) {
    const main = group.managerAgentId === null ? undefined : await agents.find(group.managerAgentId);
    if (main !== undefined) await agents.save({ ...main, enableSleeptime: null });
    await groups.remove(group.id);
  }
  const gone = [...(await companionsOf(repositories, id)), id];
  for (const agentId of gone) await agents.remove(agentId);
  return gone;
}

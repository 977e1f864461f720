import { type Caller, may, mayEverywhere } from "../access/may.ts";
import { mustFind } from "../agent/find.ts";
import { companionsOf, isOfCompanions } from "../agent/group.ts";
import type { Repositories, Store } from "../agent/ports/ports.ts";
import { agentsShowing, type RecompileOptions, recompileAgents } from "../agent/prompt/recompile.ts";
import { type DeployedThings, deployedThings } from "../agent/templates/deployed.ts";
import { type AgentId, parseId } from "../core/id.ts";
import { PAGE_ITEMS_MAX } from "../core/page.ts";
import { passTurn, type RoundDesk } from "./among/round-turns.ts";
import type { Runner } from "./runner.ts";

/**
 * Removes an agent, and breaks off what is at work for it. Where it had the turn in the round of a group, the round goes on without it. Companions that look after its memory go with it, and so do the
 * groups of a companion: the agents it looked after are without one then, and say so.
 */
export async function deleteAgent(
  { store, runner, ...desk }: RoundDesk & { readonly store: Store; readonly runner: Pick<Runner, "breakOff" | "wake"> },
  caller: Caller,
  id: AgentId,
): Promise<void> {
  const actor = may(caller, "agents:write", { agentId: id });
  runner.breakOff(await store.write(actor, (repositories) => removeAgent(desk, repositories, id)));
  runner.wake();
}

/**
 * Removes an agent with those that look after it, as one part of a transaction, and gives all that are gone. With the last
 * agent that was made of a template at one time goes what the template was filled with.
 */
export async function removeAgent(
  desk: RoundDesk,
  repositories: Repositories,
  id: AgentId,
): Promise<readonly AgentId[]> {
  const { agents, groups, runs } = repositories;
  const { deploymentId } = await mustFind(agents, id);
  const led = await groups.list({ agentId: id, showHidden: true }, { limit: PAGE_ITEMS_MAX, order: "asc" });
  for (const group of led.filter(isOfCompanions)) {
    const main = group.managerAgentId === null ? undefined : await agents.find(group.managerAgentId);
    if (main !== undefined) await agents.save({ ...main, enableSleeptime: null });
    await groups.remove(group.id);
  }
  // Companions are found by their group, which goes with the agent.
  const gone = [...(await companionsOf(repositories, id)), id];
  for (const agentId of gone) {
    const unfinished = { agentIds: [agentId], statuses: ["created", "running"] } as const;
    for (const run of await runs.list(unfinished, { limit: PAGE_ITEMS_MAX, order: "asc" }))
      await passTurn(desk, run, repositories);
    await agents.remove(agentId);
    await repositories.limits.removeOf("agent", agentId);
  }
  const deployed = deploymentId === null ? undefined : parseId("deployment", deploymentId);
  if (deployed !== undefined) await repositories.deployments.removeUnused(deployed);
  return gone;
}

/** What deleting takes. */
interface Deletion extends RecompileOptions, RoundDesk {
  readonly store: Store;
  readonly runner: Pick<Runner, "breakOff" | "wake">;
}

/** Removes what was made of a template under this id, and breaks off what is at work for its agents. Gives what is gone. */
export async function deleteDeployment(options: Deletion, caller: Caller, id: string): Promise<DeployedThings> {
  mayEverywhere(caller, "memory:forget");
  const actor = mayEverywhere(caller, "agents:write");
  const { things, gone } = await options.store.write(actor, async (repositories) => {
    const { blocks, agents, groups, deployments } = repositories;
    const things = await deployedThings(repositories, id);
    const showing = await agentsShowing(repositories, { blockIds: things.blocks.map((block) => block.id) });
    for (const block of things.blocks) await blocks.remove(block.id);
    const gone: AgentId[] = [];
    // A companion goes with its agent, and a group with its manager.
    for (const agent of things.agents)
      if ((await agents.find(agent.id)) !== undefined)
        gone.push(...(await removeAgent(options, repositories, agent.id)));
    for (const group of things.groups) if ((await groups.find(group.id)) !== undefined) await groups.remove(group.id);
    await recompileAgents(repositories, showing, options);
    const known = parseId("deployment", id);
    if (known !== undefined) await deployments.remove(known);
    return { things, gone };
  });
  options.runner.breakOff(gone);
  options.runner.wake();
  return things;
}

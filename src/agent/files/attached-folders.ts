import type { AgentId, FolderId } from "../../core/id.ts";
import { FILE_TOOLS } from "../../tools/files/file-tools.ts";
import type { Agent } from "../agent.ts";
import { mustFind } from "../find.ts";
import type { Repositories } from "../ports/ports.ts";
import { type FileWorld, giveFolder } from "./open-files.ts";

/** An agent, and folders that it is to have. */
export interface AttachedFolders {
  readonly agent: Agent;
  readonly ids: readonly FolderId[];
}

/** Attaches folders to an agent, those that it has aside. Whoever calls it compiles the prompt again. */
export async function attachFolders(
  repositories: Repositories,
  { agent, ids }: AttachedFolders,
  world: FileWorld,
): Promise<void> {
  const has = await idsOf(repositories, agent.id);
  for (const id of new Set(ids)) {
    const folder = await mustFind(repositories.folders, id);
    if (has.includes(id)) continue;
    await repositories.folders.attach(agent.id, id);
    await giveFolder(repositories, { agent, folder }, world);
  }
  if (ids.length > 0) await settleFileTools(repositories, agent.id);
}

/** Gives an agent these folders in place of those that it has. Whoever calls it compiles the prompt again. */
export async function replaceFolders(
  repositories: Repositories,
  { agent, ids }: AttachedFolders,
  world: FileWorld,
): Promise<void> {
  for (const id of await idsOf(repositories, agent.id))
    if (!ids.includes(id)) await repositories.folders.detach(agent.id, id);
  await attachFolders(repositories, { agent, ids }, world);
  await settleFileTools(repositories, agent.id);
}

/** Gives the agent the tools for files while it has folders, and takes them away with the last. */
export async function settleFileTools(repositories: Repositories, agentId: AgentId): Promise<void> {
  const { tools } = repositories;
  const hasFolders = (await idsOf(repositories, agentId)).length > 0;
  const found = await tools.findByNames(FILE_TOOLS.map(({ name }) => name));
  // An agent shows its tools in the order in which it got them, and these are found in any.
  for (const { id } of FILE_TOOLS.flatMap(({ name }) => found.find((tool) => tool.name === name) ?? [])) {
    if (hasFolders) await tools.attach(agentId, id);
    else await tools.detach(agentId, id);
  }
}

async function idsOf({ folders }: Pick<Repositories, "folders">, agentId: AgentId): Promise<readonly FolderId[]> {
  return ((await folders.listForAgents([agentId])).get(agentId) ?? []).map(({ id }) => id);
}

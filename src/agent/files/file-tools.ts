import type { AgentId } from "../../core/id.ts";
import type { Repositories } from "../ports/ports.ts";

/** Tools that an agent has while a folder is attached to it. */
export const FILE_TOOLS: readonly string[] = ["open_files", "grep_files", "semantic_search_files"];

/** Gives the agent the tools for files, those that it has already aside; where a folder is left to it, or has just come. */
export async function settleFileTools({ folders, tools }: Repositories, agentId: AgentId): Promise<void> {
  const hasFolders = ((await folders.listForAgents([agentId])).get(agentId) ?? []).length > 0;
  for (const { id } of await tools.findByNames(FILE_TOOLS)) {
    if (hasFolders) await tools.attach(agentId, id);
    else await tools.detach(agentId, id);
  }
}

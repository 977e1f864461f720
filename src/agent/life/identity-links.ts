import type { AgentId, BlockId, IdentityId } from "../../core/id.ts";
import { mustFind } from "../find.ts";
import type { IdentityLinks, Repositories } from "../ports/ports.ts";

/** Gives an agent these identities and no others. */
export async function replaceIdentities(
  repositories: Repositories,
  agentId: AgentId,
  wanted: readonly IdentityId[],
): Promise<void> {
  const attached = (await repositories.identities.listForAgents([agentId])).get(agentId) ?? [];
  for (const { id } of attached) if (!wanted.includes(id)) await repositories.identities.detachAgent(id, agentId);
  for (const id of wanted) {
    await mustFind(repositories.identities, id);
    await repositories.identities.attachAgent(id, agentId);
  }
}

/** Attaches an identity to agents and blocks; with `replaces`, of each kind that is named, to no others. */
export async function linkIdentity(
  repositories: Repositories,
  id: IdentityId,
  { agentIds, blockIds, replaces }: Partial<IdentityLinks> & { readonly replaces: boolean },
): Promise<void> {
  const linked = replaces ? (await repositories.identities.linksOf([id])).get(id) : undefined;
  if (agentIds !== undefined) await linkAgents(repositories, id, agentIds, linked?.agentIds ?? []);
  if (blockIds !== undefined) await linkBlocks(repositories, id, blockIds, linked?.blockIds ?? []);
}

async function linkAgents(
  { agents, identities }: Repositories,
  id: IdentityId,
  wanted: readonly AgentId[],
  replaced: readonly AgentId[],
): Promise<void> {
  for (const agentId of replaced) await identities.detachAgent(id, agentId);
  for (const agentId of wanted) {
    await mustFind(agents, agentId, `Agent with id '${agentId}' not found`);
    await identities.attachAgent(id, agentId);
  }
}

async function linkBlocks(
  { blocks, identities }: Repositories,
  id: IdentityId,
  wanted: readonly BlockId[],
  replaced: readonly BlockId[],
): Promise<void> {
  for (const blockId of replaced) await identities.detachBlock(id, blockId);
  for (const blockId of wanted) {
    await mustFind(blocks, blockId);
    await identities.attachBlock(id, blockId);
  }
}

import { Failure } from "../../core/failure.ts";
import type { AgentId, BlockId, IdentityId } from "../../core/id.ts";
import type { Identity } from "../identity.ts";
import type { IdentityLinks, Repositories } from "../ports/ports.ts";

/** The identity, or a `not_found` Failure. */
export async function findIdentity(
  { identities }: Pick<Repositories, "identities">,
  id: IdentityId,
): Promise<Identity> {
  const identity = await identities.find(id);
  if (identity === undefined) throw new Failure("not_found", `Identity not found with id='${id}'`);
  return identity;
}

/** Gives an agent these identities and no others. */
export async function replaceIdentities(
  repositories: Repositories,
  agentId: AgentId,
  wanted: readonly IdentityId[],
): Promise<void> {
  const attached = (await repositories.identities.listForAgents([agentId])).get(agentId) ?? [];
  for (const { id } of attached) if (!wanted.includes(id)) await repositories.identities.detachAgent(id, agentId);
  for (const id of wanted) {
    await findIdentity(repositories, id);
    await repositories.identities.attachAgent(id, agentId);
  }
}

/** Attaches an identity to agents and blocks; with `replaces`, of each kind that is named, to no others. */
export async function linkIdentity(
  repositories: Repositories,
  id: IdentityId,
  { agentIds, blockIds }: Partial<IdentityLinks>,
  { replaces }: { readonly replaces: boolean },
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
    requireFound(await agents.find(agentId), "Agent", agentId);
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
    requireFound(await blocks.find(blockId), "Block", blockId);
    await identities.attachBlock(id, blockId);
  }
}

function requireFound(found: unknown, what: string, id: AgentId | BlockId): void {
  if (found === undefined) throw new Failure("not_found", `${what} with id '${id}' not found`);
}

import { type Caller, mayEverywhere } from "../../access/may.ts";
import type { Actor, AgentId, BlockId, IdentityId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import { mustFind, mustFindNamed } from "../find.ts";
import {
  changedIdentity,
  type Identity,
  type IdentityChange,
  type IdentityDraft,
  type IdentityProperty,
  mergedProperties,
  newIdentity,
} from "../identity.ts";
import type { IdentityLinks, IdentityReader } from "../ports/identities.ts";
import type { Repositories } from "../ports/ports.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { type LinkAction, saveEdited } from "./edited-agent.ts";

/** A new identity, and what it is to be attached to. */
export interface LinkedDraft {
  readonly draft: IdentityDraft;
  readonly links: Partial<IdentityLinks>;
}

/** Makes an identity; throws a `conflict` Failure when its key is taken. */
export async function createIdentity(
  workshop: AgentWorkshop,
  caller: Caller,
  { draft, links }: LinkedDraft,
): Promise<Identity> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const identity = newIdentity(workshop, actor, draft);
    await repositories.identities.insert(identity);
    await linkIdentity(repositories, identity.id, { ...links, replaces: true });
    return identity;
  });
}

/** Changes the identity that has the key, or makes it: nobody has a key twice. */
export async function putIdentity(
  workshop: AgentWorkshop,
  caller: Caller,
  { draft, links }: LinkedDraft,
): Promise<Identity> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const { identities } = repositories;
    const existing = await identities.findByKey(draft.identifierKey, draft.projectId ?? null);
    const identity = existing ?? newIdentity(workshop, actor, draft);
    if (existing === undefined) await identities.insert(identity);
    const change = existing === undefined ? {} : draft;
    return applyChange({ ...workshop, actor }, repositories, { identity, change, links, replaces: true });
  });
}

/** Changes an identity; links and properties that are named are added to what is there. */
export async function changeIdentity(
  workshop: AgentWorkshop,
  caller: Caller,
  wanted: { readonly id: IdentityId; readonly change: IdentityChange; readonly links: Partial<IdentityLinks> },
): Promise<Identity> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const identity = await mustFind(repositories.identities, wanted.id);
    return applyChange({ ...workshop, actor }, repositories, { ...wanted, identity, replaces: false });
  });
}

/** Gives an identity these properties and no others. */
export async function setProperties(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, properties }: { readonly id: IdentityId; readonly properties: readonly IdentityProperty[] },
): Promise<Identity> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const identity = await mustFind(repositories.identities, id);
    const wanted = { identity, change: { properties }, links: {}, replaces: true };
    return applyChange({ ...workshop, actor }, repositories, wanted);
  });
}

/** Removes an identity; agents and blocks that it was attached to stay. */
export async function deleteIdentity({ store }: AgentWorkshop, caller: Caller, id: IdentityId): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, ({ identities }) => identities.remove(id));
}

/** Gives an agent an identity, or takes it away. Letta did not check the shape of its id: what is none names nothing. */
export async function linkAgentIdentity(
  workshop: AgentWorkshop,
  caller: Caller,
  { action, agentId, identity }: { readonly action: LinkAction; readonly agentId: AgentId; readonly identity: string },
): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await workshop.store.write(actor, async (repositories) => {
    const { agents, identities } = repositories;
    const agent = await mustFind(agents, agentId);
    const { id } = await namedIdentity(identities, identity);
    if (action === "attach") await identities.attachAgent(id, agentId);
    else await identities.detachAgent(id, agentId);
    await saveEdited(repositories, agent, { actor, clock: workshop.clock });
  });
}

/** As {@link linkAgentIdentity}, of a block. */
export async function linkBlockIdentity(
  { store }: AgentWorkshop,
  caller: Caller,
  { action, blockId, identity }: { readonly action: LinkAction; readonly blockId: BlockId; readonly identity: string },
): Promise<Block> {
  const actor = mayEverywhere(caller, "agents:write");
  return store.write(actor, async ({ blocks, identities }) => {
    const block = await mustFind(blocks, blockId);
    const { id } = await namedIdentity(identities, identity);
    if (action === "attach") await identities.attachBlock(id, blockId);
    else await identities.detachBlock(id, blockId);
    return block;
  });
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
    await mustFind(repositories.identities, id);
    await repositories.identities.attachAgent(id, agentId);
  }
}

function namedIdentity(identities: IdentityReader, text: string): Promise<Identity> {
  return mustFindNamed(identities, { kind: "identity", text });
}

/** What becomes of an identity: the lists that are named replace what is there, or are added to it. */
interface Change {
  readonly identity: Identity;
  readonly change: IdentityChange;
  readonly links: Partial<IdentityLinks>;
  readonly replaces: boolean;
}

async function applyChange(
  by: AgentWorkshop & { readonly actor: Actor },
  repositories: Repositories,
  { identity, change, links, replaces }: Change,
): Promise<Identity> {
  const before = replaces ? [] : identity.properties;
  const properties = change.properties === undefined ? {} : { properties: mergedProperties(before, change.properties) };
  const changed = changedIdentity(identity, { ...change, ...properties }, by);
  await repositories.identities.save(changed);
  await linkIdentity(repositories, identity.id, { ...links, replaces });
  return changed;
}

/** Attaches an identity to agents and blocks; with `replaces`, of each kind that is named, to no others. */
async function linkIdentity(
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

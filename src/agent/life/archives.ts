import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { type Actor, type AgentId, type ArchiveId, newId } from "../../core/id.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { mustFind, mustSee } from "../find.ts";
import { agentsShowing, recompileAgents } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import type { LinkAction } from "./edited-agent.ts";
import { chooseEmbedding } from "./model-choice.ts";

/** Fields of an archive that clients may set. A handle of an embedding model counts before its configuration. */
export interface ArchiveChange {
  readonly name?: string;
  readonly description?: string;
  readonly embedding?: string;
  readonly embeddingConfig?: EmbeddingConfig;
}

/** Makes an archive that no agent uses yet. */
export async function createArchive(
  workshop: AgentWorkshop,
  caller: Caller,
  draft: ArchiveChange & { readonly name: string },
): Promise<Archive> {
  const actor = mayEverywhere(caller, "memory:write");
  const now = workshop.clock.now();
  const archive: Archive = {
    id: newId("archive", workshop.random),
    name: draft.name,
    description: draft.description ?? null,
    embeddingConfig: (await embeddingOf(workshop, actor, draft)) ?? null,
    metadata: null,
    createdById: actor.userId,
    createdAt: now,
    updatedAt: now,
  };
  await workshop.store.write(actor, ({ archives }) => archives.insert(archive));
  return archive;
}

/** Changes an archive. With another embedding model its passages get new vectors later. */
export async function changeArchive(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, change }: { readonly id: ArchiveId; readonly change: ArchiveChange },
): Promise<Archive> {
  const actor = may(caller, "memory:write");
  await mustSee(workshop.store, actor, ({ archives }) => mustFind(archives, id));
  // What is not named stays as it is: the default is for new archives.
  const embeddingConfig = await embeddingOf({ ...workshop, defaultEmbedding: null }, actor, change);
  return workshop.store.write(actor, async ({ archives }) => {
    const archive = await mustFind(archives, id);
    const changed = {
      ...archive,
      name: change.name ?? archive.name,
      description: change.description ?? archive.description,
      embeddingConfig: embeddingConfig ?? archive.embeddingConfig,
      updatedAt: workshop.clock.now(),
    };
    await archives.save(changed);
    return changed;
  });
}

/** Removes an archive with its passages; agents that used it have none then. */
export async function deleteArchive(workshop: AgentWorkshop, caller: Caller, id: ArchiveId): Promise<void> {
  const actor = may(caller, "memory:forget");
  await mustSee(workshop.store, actor, ({ archives }) => mustFind(archives, id));
  await workshop.store.write(actor, async (repositories) => {
    const agentIds = await agentsShowing(repositories, { archiveId: id });
    await repositories.archives.remove(id);
    await recompileAgents(repositories, agentIds, workshop);
  });
}

/** Gives an agent an archive, or takes it away; throws a `conflict` Failure when it has another one. */
export async function linkArchive(
  workshop: AgentWorkshop,
  caller: Caller,
  { action, agentId, id }: { readonly action: LinkAction; readonly agentId: AgentId; readonly id: ArchiveId },
): Promise<void> {
  const actor = may(caller, "agents:write", { agentId });
  await mustSee(workshop.store, actor, ({ archives }) => mustFind(archives, id));
  await workshop.store.write(actor, async (repositories) => {
    const { agents, archives } = repositories;
    await mustFind(agents, agentId);
    await mustFind(archives, id);
    if (action === "attach") await archives.attach(agentId, id, false);
    else await archives.detach(agentId, id);
    await recompileAgents(repositories, [agentId], workshop);
  });
}

/**
 * The configuration that is wished for; undefined where there is no wish and no default. May ask a provider, so never
 * inside a transaction.
 */
async function embeddingOf(
  { models, defaultEmbedding }: Pick<AgentWorkshop, "models" | "defaultEmbedding">,
  actor: Actor,
  { embedding, embeddingConfig }: ArchiveChange,
): Promise<EmbeddingConfig | undefined> {
  if (embedding === undefined && embeddingConfig !== undefined) return embeddingConfig;
  const handle = embedding ?? defaultEmbedding;
  return handle === null ? undefined : chooseEmbedding(models, handle, actor);
}

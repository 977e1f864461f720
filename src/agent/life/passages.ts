import type { Actor, AgentId, ArchiveId, PassageId } from "../../core/id.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { addPassages, checkedDraft, type PassageDraft } from "../../umi/archive/new-passages.ts";
import type { Passage } from "../../umi/archive/passage.ts";
import type { QuickVectors } from "../../umi/vectors/quick-vectors.ts";
import { mustFind, required } from "../find.ts";
import type { Repositories } from "../ports/ports.ts";
import { agentsShowing, recompileAgents } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";

/** What storing passages needs. */
export interface PassageWorkshop extends AgentWorkshop {
  readonly quickVectors: QuickVectors;
}

/** Whose passages are meant: an archive's, or those of the one that an agent uses. */
export type PassagePlace = { readonly archiveId: ArchiveId } | { readonly agentId: AgentId };

/** Passages that were stored, and where. */
export interface StoredPassages {
  readonly archive: Archive;
  readonly passages: readonly Passage[];
}

/** Passages that somebody asks to have stored. */
export interface WantedPassages<Shown> {
  readonly place: PassagePlace;
  readonly drafts: readonly PassageDraft[];
  /** What is told of them, read in the transaction: a later reading could fail, of passages that are stored. */
  readonly shown: (repositories: Repositories, stored: StoredPassages) => Promise<Shown>;
}

/**
 * Stores passages, with vectors where there are not many and their model answers at once. An agent without an archive gets
 * one. The prompts of all agents that use it tell the new count.
 */
export async function storePassages<Shown>(
  workshop: PassageWorkshop,
  actor: Actor,
  wanted: WantedPassages<Shown>,
): Promise<Shown> {
  const { place } = wanted;
  const drafts = wanted.drafts.map(checkedDraft);
  const { embeddingConfig } = await embeddedLike(workshop.store.reader(actor), place);
  // A model may have to be asked, which must not happen inside the transaction.
  const texts = drafts.map((draft) => draft.text);
  const known = await workshop.quickVectors.ofTexts(embeddingConfig, texts);
  return workshop.store.write(actor, async (repositories) => {
    const archive = await mustFind(repositories.archives, await openedArchive(repositories, place));
    const sources = { ...workshop, archiveId: archive.id, userId: actor.userId, known };
    const passages = await addPassages(repositories.passages, drafts, sources);
    await recompileAgents(repositories, await agentsShowing(repositories, { archiveId: archive.id }), workshop);
    return wanted.shown(repositories, { archive, passages });
  });
}

/** Removes a passage. The prompts of all agents that use its archive tell the new count. */
export async function deletePassage(
  workshop: AgentWorkshop,
  actor: Actor,
  { place, id }: { readonly place: PassagePlace; readonly id: PassageId },
): Promise<void> {
  await workshop.store.write(actor, async (repositories) => {
    const { agents, archives, passages } = repositories;
    let words = `Passage with id ${id} not found`;
    let archiveId: ArchiveId | undefined;
    if ("agentId" in place) archiveId = await passages.archiveOf((await mustFind(agents, place.agentId)).id);
    else {
      archiveId = (await mustFind(archives, place.archiveId)).id;
      words += ` in archive ${archiveId}`;
    }
    const passage = await passages.find(id);
    required(passage?.archiveId === archiveId ? passage : undefined, words);
    await passages.remove(id);
    await recompileAgents(repositories, await agentsShowing(repositories, { archiveId }), workshop);
  });
}

/** The archive of an agent; undefined before its first passage. */
export async function archiveOfAgent(
  { passages, archives }: Pick<Repositories, "passages" | "archives">,
  agentId: AgentId,
): Promise<Archive | undefined> {
  const id = await passages.archiveOf(agentId);
  return id === undefined ? undefined : archives.find(id);
}

/** Whose embedding model the passages get: the archive's, or before there is one the agent's. */
async function embeddedLike(reader: Repositories, place: PassagePlace) {
  if ("archiveId" in place) return mustFind(reader.archives, place.archiveId);
  return (await archiveOfAgent(reader, place.agentId)) ?? mustFind(reader.agents, place.agentId);
}

async function openedArchive({ agents, passages }: Repositories, place: PassagePlace): Promise<ArchiveId> {
  if ("archiveId" in place) return place.archiveId;
  const agent = await mustFind(agents, place.agentId);
  return passages.openArchive(agent.id, `${agent.name}'s Archive`);
}

import { type Caller, may } from "../../access/may.ts";
import type { Scope } from "../../access/role.ts";
import type { Actor, AgentId, ArchiveId, PassageId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { addPassages, checkedDraft, type PassageDraft } from "../../umi/archive/new-passages.ts";
import type { Passage, PassageFilter } from "../../umi/archive/passage.ts";
import { type FoundPassages, type PassageQuery, searchPassages } from "../../umi/archive/passage-search.ts";
import { RECALL_LIMIT_MAX } from "../../umi/recall/recall-options.ts";
import type { QuickVectors } from "../../umi/vectors/quick-vectors.ts";
import { mustFind, mustSee, required } from "../find.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { agentsShowing, recompileAgents } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";

/** What storing passages and looking for them needs. */
export interface PassageWorkshop extends AgentWorkshop {
  readonly quickVectors: QuickVectors;
}

/** Whose passages are meant: an archive's, or those of the one that an agent uses. */
export type PassagePlace = { readonly archiveId: ArchiveId } | { readonly agentId: AgentId };

function agentOf(place: PassagePlace): AgentId | null {
  return "agentId" in place ? place.agentId : null;
}

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
  readonly shown: (repositories: Readers, stored: StoredPassages) => Promise<Shown>;
}

/**
 * Stores passages, with vectors where there are not many and their model answers at once. An agent without an archive gets
 * one. The prompts of all agents that use it tell the new count.
 */
export async function storePassages<Shown>(
  workshop: PassageWorkshop,
  caller: Caller,
  wanted: WantedPassages<Shown>,
): Promise<Shown> {
  const { place } = wanted;
  const actor = await mayUse(workshop, caller, "memory:write", place);
  const drafts = wanted.drafts.map(checkedDraft);
  const { embeddingConfig } = await embeddedLike(workshop.store.reader(actor), place);
  // A model may have to be asked, which must not happen inside the transaction.
  const texts = drafts.map((draft) => draft.text);
  const known = await workshop.quickVectors.ofTexts({ actor, agentId: agentOf(place) }, embeddingConfig, texts);
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
  caller: Caller,
  { place, id }: { readonly place: PassagePlace; readonly id: PassageId },
): Promise<void> {
  const actor = await mayUse(workshop, caller, "memory:forget", place);
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

/** What is looked for in an archive. */
export interface SoughtPassages extends Pick<PassageQuery, "text" | "filter" | "limit"> {
  readonly archive: Archive;
  /** The agent whose archive is searched as its own; null where it is searched by itself. */
  readonly agentId: AgentId | null;
}

/**
 * The passages nearest to a query, best first. As in Letta, a search is never a yes or no: when fewer passages match than
 * were asked for, the others follow with score 0, oldest first.
 */
export async function nearestPassages(
  { store, clock, quickVectors }: PassageWorkshop,
  caller: Caller,
  { archive, agentId, text, filter, limit }: SoughtPassages,
): Promise<FoundPassages> {
  const actor = may(caller, "memory:read");
  const reader = store.reader(actor);
  const vector = await quickVectors.ofQuery({ actor, agentId }, archive.embeddingConfig, text);
  const query = { text, filter, limit: Math.min(limit, RECALL_LIMIT_MAX), at: clock.now(), vector };
  const { hits, retrieval } = await searchPassages(reader, archive.id, query);
  if (hits.length >= limit) return { hits, retrieval };
  const isNarrowed = (filter.tags?.length ?? 0) > 0 || filter.start !== undefined || filter.end !== undefined;
  const page = { limit: isNarrowed ? PAGE_ITEMS_MAX : limit, order: "asc" } as const;
  const others = await reader.passages.list(archive.id, page);
  const known = new Set(hits.map((hit) => hit.passage.id));
  const fitting = others.filter((passage) => !known.has(passage.id) && passes(passage, filter));
  return { hits: [...hits, ...fitting.map((passage) => ({ passage, score: 0 }))].slice(0, limit), retrieval };
}

/** The filter of a search once more, for passages that no search found. */
function passes({ tags, createdAt }: Passage, filter: PassageFilter): boolean {
  if (filter.start !== undefined && createdAt < filter.start) return false;
  if (filter.end !== undefined && createdAt > filter.end) return false;
  const wanted = filter.tags ?? [];
  if (wanted.length === 0) return true;
  const has = (tag: string) => tags?.includes(tag) ?? false;
  return filter.tagMatch === "all" ? wanted.every(has) : wanted.some(has);
}

/** The archive of an agent; undefined before its first passage. */
export async function archiveOfAgent(
  { passages, archives }: Pick<Readers, "passages" | "archives">,
  agentId: AgentId,
): Promise<Archive | undefined> {
  const id = await passages.archiveOf(agentId);
  return id === undefined ? undefined : archives.find(id);
}

/** As `may`, for the archive of a place. */
async function mayUse(
  { store }: Pick<AgentWorkshop, "store">,
  caller: Caller,
  scope: Scope,
  place: PassagePlace,
): Promise<Actor> {
  if ("agentId" in place) return may(caller, scope, place);
  const actor = may(caller, scope);
  await mustSee(store, actor, ({ archives }) => mustFind(archives, place.archiveId));
  return actor;
}

/** Whose embedding model the passages get: the archive's, or before there is one the agent's. */
async function embeddedLike(reader: Readers, place: PassagePlace) {
  if ("archiveId" in place) return mustFind(reader.archives, place.archiveId);
  return (await archiveOfAgent(reader, place.agentId)) ?? mustFind(reader.agents, place.agentId);
}

async function openedArchive({ agents, passages }: Repositories, place: PassagePlace): Promise<ArchiveId> {
  if ("archiveId" in place) return place.archiveId;
  const agent = await mustFind(agents, place.agentId);
  return passages.openArchive(agent.id, `${agent.name}'s Archive`);
}

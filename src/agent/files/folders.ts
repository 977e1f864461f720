import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, type FileId, type FolderId, newId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut, wellFormed } from "../../core/text.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Agent } from "../agent.ts";
import { mustFind, mustSee, required } from "../find.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { LinkAction } from "../life/edited-agent.ts";
import { chooseEmbedding } from "../life/model-choice.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { recompileAgents } from "../prompt/recompile.ts";
import type { NamedAgentFile } from "./agent-file.ts";
import { attachFolders, settleFileTools } from "./attached-folders.ts";
import type { StoredFile } from "./file.ts";
import type { Folder } from "./folder.ts";
import { closeFile, closeOthers, openFiles } from "./open-files.ts";

/** Characters of a folder's name. */
const NAME_CHARS_MAX = 255;

/** Fields of a folder that clients may set. A handle of an embedding model counts before its configuration. */
export interface FolderChange {
  readonly name?: string;
  readonly description?: string;
  readonly instructions?: string;
  readonly metadata?: JsonObject;
  readonly embedding?: string;
  readonly embeddingChunkSize?: number;
  readonly embeddingConfig?: EmbeddingConfig;
}

/** Makes a folder that is attached to nobody. */
export async function createFolder(
  workshop: AgentWorkshop,
  caller: Caller,
  draft: FolderChange & { readonly name: string },
): Promise<Folder> {
  const actor = mayEverywhere(caller, "memory:write");
  const folder: Folder = {
    id: newId("source", workshop.random),
    name: checkedName(draft.name),
    description: draft.description ?? null,
    instructions: draft.instructions ?? null,
    metadata: draft.metadata ?? null,
    embeddingConfig: (await embeddingOf(workshop, actor, draft)) ?? null,
    ...madeBy(actor, workshop.clock.now()),
  };
  await workshop.store.write(actor, ({ folders }) => folders.insert(folder));
  return folder;
}

/** Changes a folder. Agents are told of it, and with another embedding model its passages get new vectors later. */
export async function changeFolder(
  workshop: AgentWorkshop,
  caller: Caller,
  { id, change }: { readonly id: FolderId; readonly change: FolderChange },
): Promise<Folder> {
  const actor = may(caller, "memory:write");
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, id));
  // What is not named stays as it is: the default is for new folders.
  const embeddingConfig = await embeddingOf({ ...workshop, defaultEmbedding: null }, actor, change);
  return workshop.store.write(actor, async (repositories) => {
    const { folders } = repositories;
    const folder = await mustFind(folders, id);
    const { embedding: _, embeddingChunkSize: __, ...fields } = change;
    const changed = {
      ...folder,
      ...fields,
      name: change.name === undefined ? folder.name : checkedName(change.name),
      embeddingConfig: embeddingConfig ?? folder.embeddingConfig,
      ...changedBy(actor, workshop.clock.now()),
    };
    await folders.save(changed);
    await recompileAgents(repositories, await folders.agentsOf(id), workshop);
    return changed;
  });
}

/** Removes a folder with its files; agents that had it see nothing of it from then on. */
export async function deleteFolder(workshop: AgentWorkshop, caller: Caller, id: FolderId): Promise<void> {
  const actor = may(caller, "memory:forget");
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, id));
  await workshop.store.write(actor, async (repositories) => {
    const agentIds = await repositories.folders.agentsOf(id);
    await repositories.folders.remove(id);
    for (const agentId of agentIds) await settleFileTools(repositories, agentId);
    await recompileAgents(repositories, agentIds, workshop);
  });
}

/** Removes a file of a folder, wherever it is open. */
export async function deleteFile(
  workshop: AgentWorkshop,
  caller: Caller,
  { folderId, id }: { readonly folderId: FolderId; readonly id: FileId },
): Promise<void> {
  const actor = may(caller, "memory:forget");
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, folderId));
  await workshop.store.write(actor, async (repositories) => {
    await fileIn(repositories, folderId, id);
    await repositories.files.remove(id);
    await recompileAgents(repositories, await repositories.folders.agentsOf(folderId), workshop);
  });
}

/** The file of that id, if the folder has it; a `not_found` Failure otherwise. */
export async function fileIn({ files }: Pick<Readers, "files">, folderId: FolderId, id: FileId): Promise<StoredFile> {
  const file = await mustFind(files, id);
  return required(
    file.folderId === folderId ? file : undefined,
    `File not found with id='${id}' in folder ${folderId}`,
  );
}

/** Attaches a folder to an agent with all its files and the tools for them, or takes all of it away. */
export async function linkFolder(
  workshop: AgentWorkshop,
  caller: Caller,
  { action, agentId, id }: { readonly action: LinkAction; readonly agentId: AgentId; readonly id: FolderId },
): Promise<Agent> {
  const actor = may(caller, "agents:write", { agentId });
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, id));
  return workshop.store.write(actor, async (repositories) => {
    const agent = await mustFind(repositories.agents, agentId);
    await mustFind(repositories.folders, id);
    if (action === "attach") await attachFolders(repositories, { agent, ids: [id] }, workshop);
    else {
      await repositories.folders.detach(agentId, id);
      await settleFileTools(repositories, agentId);
    }
    await recompileAgents(repositories, [agentId], workshop);
    return agent;
  });
}

/** What is done with one file of an agent, or with all that are open. */
export type FileAction = { readonly kind: "open" | "close"; readonly fileId: FileId } | { readonly kind: "close all" };

/** Opens or closes files of an agent, and gives the names of those that were closed for it. */
export async function showFiles(
  workshop: AgentWorkshop,
  caller: Caller,
  { agentId, action }: { readonly agentId: AgentId; readonly action: FileAction },
): Promise<readonly string[]> {
  const actor = may(caller, "agents:write", { agentId });
  return workshop.store.write(actor, async (repositories) => {
    const agent = await mustFind(repositories.agents, agentId);
    const closed = await act(repositories, agent, action, workshop);
    await recompileAgents(repositories, [agentId], workshop);
    return closed;
  });
}

async function act(
  repositories: Repositories,
  agent: Agent,
  action: FileAction,
  workshop: AgentWorkshop,
): Promise<readonly string[]> {
  if (action.kind === "close all") return (await closeOthers(repositories, agent)).map(({ fileName }) => fileName);
  const file = await ofAgent(repositories, agent.id, action.fileId);
  if (action.kind === "close") {
    await closeFile(repositories, file);
    return [file.fileName];
  }
  const wanted = [{ fileName: file.fileName }];
  return (await openFiles(repositories, { agent, wanted, closesOthers: false }, workshop)).closed;
}

async function ofAgent(
  { agentFiles }: Pick<Repositories, "agentFiles">,
  agentId: AgentId,
  fileId: FileId,
): Promise<NamedAgentFile> {
  return required(await agentFiles.find(agentId, fileId), `Agent ${agentId} has no file with id='${fileId}'`);
}

function checkedName(given: string): string {
  const name = wellFormed(given).trim();
  if (name === "" || name.length > NAME_CHARS_MAX || /[\p{Cc}/\\]/u.test(name))
    throw new Failure(
      "refused",
      `name: 1 to ${NAME_CHARS_MAX} characters without slashes and line breaks, got '${cut(given, 100)}'`,
    );
  return name;
}

/**
 * The configuration that is wished for; undefined where there is no wish and no default. May ask a provider, so never
 * inside a transaction.
 */
async function embeddingOf(
  { models, defaultEmbedding }: Pick<AgentWorkshop, "models" | "defaultEmbedding">,
  actor: Actor,
  { embedding, embeddingConfig, embeddingChunkSize }: FolderChange,
): Promise<EmbeddingConfig | undefined> {
  if (embedding === undefined && embeddingConfig !== undefined) return embeddingConfig;
  const handle = embedding ?? defaultEmbedding;
  if (handle === null) return undefined;
  const config = await chooseEmbedding(models, handle, actor);
  return { ...config, embeddingChunkSize: embeddingChunkSize ?? config.embeddingChunkSize };
}

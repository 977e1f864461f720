import { madeBy } from "../../core/authorship.ts";
import { type FileId, newId } from "../../core/id.ts";
import { sha256 } from "../../core/sha256.ts";
import type { World } from "../../core/world.ts";
import type { Agent } from "../agent.ts";
import type { StoredFile } from "../files/file.ts";
import { safeFileName } from "../files/file-name.ts";
import type { Folder } from "../files/folder.ts";
import { closeOthers, openFiles } from "../files/open-files.ts";
import type { Repositories } from "../ports/ports.ts";
import type { BundledFile, BundledFolder, BundledView } from "./bundle.ts";
import type { ImportSession } from "./import-session.ts";

/** Characters that tell a folder from the one whose name it has, as in V1. */
const MARK_CHARS = 8;
const NAME_CHARS_MAX = 255;
/** The type of a text that was got from a document whose bytes did not come along. */
const PLAIN_TEXT = "text/plain";
const NO_TEXT = "The file of agents that it came with does not hold its text; send the file again";

/** Stores the folders of a bundle and their files with the text of each, of which passages are made later. */
export async function importFiles(session: ImportSession): Promise<void> {
  for (const folder of session.bundle.folders) await importFolder(session, folder);
  for (const file of session.bundle.files) await importFile(session, file);
  for (const id of session.stored.folders.values()) await session.repositories.backlog.owe(id, "parse", "now");
}

/** Opens those files of an agent that were open where it comes from, and closes the others. */
export async function showFilesAsTheyWere(
  { workshop, repositories, stored }: ImportSession,
  agent: Agent,
  views: readonly BundledView[],
): Promise<void> {
  const known = views.flatMap(({ fileKey, ...view }) => {
    const fileId = stored.files.get(fileKey);
    return fileId === undefined ? [] : [{ ...view, fileId }];
  });
  await showFiles(repositories, { agent, views: known }, workshop);
}

/** The same for files by their ids. Does nothing where there are none. */
export async function showFiles(
  repositories: Repositories,
  {
    agent,
    views,
  }: {
    readonly agent: Agent;
    readonly views: readonly (Omit<BundledView, "fileKey"> & { readonly fileId: FileId })[];
  },
  world: Pick<World, "clock">,
): Promise<void> {
  if (views.length === 0) return;
  await closeOthers(repositories, agent);
  for (const { fileId, isOpen, startLine, endLine } of views) {
    const file = isOpen ? await repositories.agentFiles.find(agent.id, fileId) : undefined;
    if (file === undefined) continue;
    const offset = startLine === null ? {} : { offset: startLine - 1 };
    const length = endLine === null ? {} : { length: endLine - (startLine ?? 1) + 1 };
    const wanted = [{ fileName: file.fileName, ...offset, ...length }];
    await openFiles(repositories, { agent, wanted, closesOthers: false }, world);
  }
}

async function importFolder(session: ImportSession, { key, draft }: BundledFolder): Promise<void> {
  const { workshop, actor, repositories, stored, embeddingConfig } = session;
  const folder: Folder = {
    id: newId("source", workshop.random),
    name: await freeName(session, draft.name),
    description: draft.description ?? null,
    instructions: draft.instructions ?? null,
    metadata: draft.metadata ?? null,
    embeddingConfig: embeddingConfig ?? draft.embeddingConfig ?? null,
    ...madeBy(actor, workshop.clock.now()),
  };
  await repositories.folders.insert(folder);
  stored.folders.set(key, folder.id);
}

/** The name itself, or one with a mark where the organisation has a folder of that name. */
async function freeName({ workshop, repositories }: ImportSession, given: string): Promise<string> {
  const name = given.slice(0, NAME_CHARS_MAX);
  const [taken] = await repositories.folders.list({ name }, { limit: 1, order: "asc" });
  if (taken === undefined) return name;
  const mark = sha256(workshop.random.uuid()).slice(0, MARK_CHARS);
  return `${name.slice(0, NAME_CHARS_MAX - MARK_CHARS - 1)}_${mark}`;
}

/** How far a file has come that arrives as its text alone, of which passages are made here, or, as `whyNone` says, not even that. */
export function arrivedAs(
  whyNone: string | null,
): Pick<StoredFile, "status" | "errorMessage" | "totalChunks" | "chunksEmbedded" | "tries" | "passagesThrough"> {
  return {
    status: whyNone === null ? "embedding" : "error",
    errorMessage: whyNone,
    totalChunks: null,
    chunksEmbedded: null,
    tries: 0,
    passagesThrough: whyNone === null ? 0 : null,
  };
}

async function importFile(session: ImportSession, { key, folderKey, name, mediaType, text }: BundledFile) {
  const { workshop, actor, repositories, stored } = session;
  const folderId = stored.folders.get(folderKey);
  if (folderId === undefined) return;
  const fileName = safeFileName(name);
  const now = workshop.clock.now();
  const file: StoredFile = {
    id: newId("file", workshop.random),
    folderId,
    fileName,
    originalFileName: fileName,
    mediaType: mediaType.startsWith("text/") || text === null ? mediaType : PLAIN_TEXT,
    size: new TextEncoder().encode(text ?? "").length,
    ...arrivedAs(text === null ? NO_TEXT : null),
    createdById: actor.userId,
    createdAt: now,
    updatedAt: now,
  };
  await repositories.files.insert(file, new Uint8Array());
  if (text !== null) await repositories.files.setText(file.id, text);
  stored.files.set(key, file.id);
}

import { type Caller, may } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type FileId, type FolderId, newId } from "../../core/id.ts";
import { mustFind, mustSee } from "../find.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { recompileAgents } from "../prompt/recompile.ts";
import type { StoredFile } from "./file.ts";
import { copyName, safeFileName } from "./file-name.ts";
import type { Folder } from "./folder.ts";
import { fileTypeOf } from "./media-type.ts";

/** Bytes of one file. */
export const FILE_BYTES_MAX = 50 * 1024 * 1024;
/** Files of one folder. */
const FOLDER_FILES_MAX = 10_000;

/** What becomes of a file whose name the folder has already. */
export const DUPLICATE_HANDLINGS = ["skip", "error", "suffix", "replace"] as const;

/** A file as somebody sends it. */
export interface Upload {
  readonly folderId: FolderId;
  readonly name: string;
  /** What the sender says that it is; may be empty. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly duplicates: (typeof DUPLICATE_HANDLINGS)[number];
}

/** What came of an upload. */
export interface StoredUpload {
  readonly folder: Folder;
  readonly file: StoredFile;
  /** Whether nothing was stored, as the folder has a file of that name. */
  readonly isSkipped: boolean;
}

/**
 * Stores a file. Its text is read later, and then it is given to the agents that have the folder; see `file-work.ts`.
 * Throws a Failure for a name or type that no file may have, and a `refused` one for a second file of its name where `duplicates` is `error`.
 */
export async function storeUpload(workshop: AgentWorkshop, caller: Caller, upload: Upload): Promise<StoredUpload> {
  const actor = may(caller, "memory:write");
  const { folderId, bytes, duplicates, mediaType } = upload;
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, folderId));
  const name = safeFileName(upload.name);
  // What cannot be read is refused before anything of the folder is looked at.
  fileTypeOf(name, mediaType);
  return workshop.store.write(actor, async (repositories) => {
    const folder = await mustFind(repositories.folders, folderId);
    const [first] = await repositories.files.listOriginals(folderId, name);
    if (first !== undefined && duplicates === "skip") return { folder, file: first, isSkipped: true };
    if (first !== undefined && duplicates === "error")
      throw new Failure("refused", `The folder '${folder.name}' has a file named '${name}' already: ${first.id}`);
    const replaces = first !== undefined && duplicates === "replace" ? first.id : null;
    const settled = { folder, name, mediaType, bytes, replaces };
    return { folder, file: await putFile(workshop, repositories, { actor, upload: settled }), isSkipped: false };
  });
}

/** A file as it is stored. */
export interface SettledUpload extends Pick<Upload, "name" | "mediaType" | "bytes"> {
  readonly folder: Folder;
  /** The file that it takes the place of, where that is still there. */
  readonly replaces: FileId | null;
}

/** Stores a file in a transaction, and owes that it is read. Throws as {@link storeUpload} does. */
export async function putFile(
  workshop: Pick<AgentWorkshop, "clock" | "random" | "times">,
  repositories: Repositories,
  { actor, upload }: { readonly actor: Actor; readonly upload: SettledUpload },
): Promise<StoredFile> {
  const { folders, files, backlog } = repositories;
  const { folder, bytes, replaces } = upload;
  const name = safeFileName(upload.name);
  const { mediaType } = fileTypeOf(name, upload.mediaType);
  const found = replaces === null ? undefined : await files.find(replaces);
  const replaced = found?.folderId === folder.id ? found : undefined;
  const keepsName = replaced?.originalFileName === name;
  if (replaced !== undefined) await files.remove(replaced.id);
  await requireRoom(repositories, folder);
  const copies = keepsName ? 0 : (await files.listOriginals(folder.id, name)).length;
  const now = workshop.clock.now();
  const file: StoredFile = {
    id: newId("file", workshop.random),
    folderId: folder.id,
    fileName: keepsName ? replaced.fileName : await freeName(repositories, { folderId: folder.id, name, copies }),
    originalFileName: name,
    mediaType,
    size: bytes.length,
    status: "parsing",
    errorMessage: null,
    totalChunks: null,
    chunksEmbedded: null,
    tries: 0,
    passagesThrough: null,
    createdById: actor.userId,
    createdAt: now,
    updatedAt: now,
  };
  await files.insert(file, bytes);
  await backlog.owe(folder.id, "parse", "now");
  if (replaced !== undefined) await recompileAgents(repositories, await folders.agentsOf(folder.id), workshop);
  return file;
}

async function requireRoom({ folders }: Pick<Readers, "folders">, { id, name }: Folder): Promise<void> {
  const held = (await folders.sizesOf([id])).get(id)?.files ?? 0;
  if (held >= FOLDER_FILES_MAX)
    throw new Failure(
      "conflict",
      `The folder '${name}' holds ${held} files, and no folder holds more; use another one`,
    );
}

/** The name that tells a file from those of its name: after deletions and replacements the next number may be taken. */
async function freeName(
  { files }: Pick<Readers, "files">,
  { folderId, name, copies }: { readonly folderId: FolderId; readonly name: string; readonly copies: number },
): Promise<string> {
  for (let n = copies; n <= copies + FOLDER_FILES_MAX; n++) {
    const free = n === 0 ? name : copyName(name, n);
    if ((await files.findByName(folderId, free)) === undefined) return free;
  }
  throw new Failure("conflict", `Every name for another '${name}' is taken; send it under another name`);
}

import { type Caller, may } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { type FolderId, newId } from "../../core/id.ts";
import { mustFind, mustSee } from "../find.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { Readers } from "../ports/ports.ts";
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
  const { folderId, bytes, duplicates } = upload;
  await mustSee(workshop.store, actor, ({ folders }) => mustFind(folders, folderId));
  const name = safeFileName(upload.name);
  const { mediaType } = fileTypeOf(name, upload.mediaType);
  return workshop.store.write(actor, async (repositories) => {
    const { folders, files, backlog } = repositories;
    const folder = await mustFind(folders, folderId);
    const known = await files.listOriginals(folderId, name);
    const [first] = known;
    if (first !== undefined && duplicates === "skip") return { folder, file: first, isSkipped: true };
    if (first !== undefined && duplicates === "error")
      throw new Failure("refused", `The folder '${folder.name}' has a file named '${name}' already: ${first.id}`);
    const isReplaced = first !== undefined && duplicates === "replace";
    if (isReplaced) await files.remove(first.id);
    await requireRoom(repositories, folder);
    const now = workshop.clock.now();
    const file: StoredFile = {
      id: newId("file", workshop.random),
      folderId,
      fileName: isReplaced ? first.fileName : await freeName(repositories, { folderId, name, copies: known.length }),
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
    await backlog.owe(folderId, "parse", "now");
    if (isReplaced) await recompileAgents(repositories, await folders.agentsOf(folderId), workshop);
    return { folder, file, isSkipped: false };
  });
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

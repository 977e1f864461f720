import { chunkCharsOf, chunksOf } from "../../agent/files/chunks.ts";
import { type ReadDocument, textOfFile } from "../../agent/files/document.ts";
import type { FilePassage, StoredFile } from "../../agent/files/file.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { formatOf } from "../../agent/files/media-type.ts";
import { giveFile } from "../../agent/files/open-files.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import { recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId, parseId } from "../../core/id.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { World } from "../../core/world.ts";
import { isLettaFree } from "../../llm/catalog.ts";
import type { WorkPiece } from "./backlog-work.ts";

/** Passages that one piece of work makes: it is one transaction, for which others wait. */
const PIECE_PASSAGES_MAX = 128;
/** How often a file is read whose reading ended the server, or never came to an end. */
const TRIES_MAX = 3;
/** Characters of what a file says went wrong. */
const ERROR_CHARS_MAX = 500;

/** What reads files. */
export interface FileWorkOptions {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  readonly times: TimeFormat;
  readonly readDocument: ReadDocument;
}

/** A text that is in memory already, as the next piece goes on with it. */
interface HeldText {
  readonly fileId: string;
  readonly text: string;
}

/**
 * The work `parse`: reads the files of a folder, oldest first, gives each to the agents that have the folder, and makes
 * passages of its text. How far it came stands in the file, so that it goes on there after a crash.
 */
export function fileWork(options: FileWorkOptions): WorkPiece {
  const { store } = options;
  let held: HeldText | undefined;
  return async ({ actor, space }, signal) => {
    const folderId = parseId("source", space);
    const reader = store.reader(actor);
    const folder = folderId === undefined ? undefined : await reader.folders.find(folderId);
    const file = folder && (await reader.files.nextUnread(folder.id));
    if (folder === undefined || file === undefined) {
      held = undefined;
      return { state: "done" };
    }
    if (file.passagesThrough === null) {
      const text = await readFile(options, { actor, file }, signal);
      held = text === undefined ? undefined : { fileId: file.id, text };
      return { state: "more" };
    }
    const text = held?.fileId === file.id ? held.text : ((await reader.files.textOf(file.id)) ?? "");
    held = { fileId: file.id, text };
    await addPassages(options, { actor, folder, file, text });
    return { state: "more" };
  };
}

/** Reads the text of a file and keeps it, or why it cannot be read; gives it where it can. */
async function readFile(
  options: FileWorkOptions,
  { actor, file }: { readonly actor: Actor; readonly file: StoredFile },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { store, readDocument } = options;
  const tried = await changed(options, actor, file, (now) => ({ ...now, tries: now.tries + 1 }));
  if (tried === undefined) return undefined;
  if (tried.tries > TRIES_MAX) {
    await fail(
      options,
      { actor, file },
      `'${file.originalFileName}' could not be read in ${TRIES_MAX} tries; send it again`,
    );
    return undefined;
  }
  // What was begun must be known when it ends the server.
  await store.durable();
  const bytes = await store.reader(actor).files.bytesOf(file.id);
  let text: string;
  try {
    const format = formatOf(file.mediaType);
    text = await textOfFile(
      { format, owner: actor.organizationId, name: file.originalFileName, bytes },
      readDocument,
      signal,
    );
  } catch (error) {
    // A server that stops has not tried.
    if (signal.aborted) await changed(options, actor, file, (now) => ({ ...now, tries: now.tries - 1 }));
    const isOfFile = error instanceof Failure && (error.kind === "refused" || error.kind === "unavailable");
    if (signal.aborted || !isOfFile) throw error;
    await fail(options, { actor, file }, error.message);
    return undefined;
  }
  await store.write(actor, (repositories) => keepText(options, repositories, { file, text }));
  return text;
}

async function keepText(
  { world, times }: FileWorkOptions,
  repositories: Repositories,
  { file, text }: { readonly file: StoredFile; readonly text: string },
): Promise<void> {
  const { files, folders, agents } = repositories;
  const current = await files.find(file.id);
  if (current === undefined || current.passagesThrough !== null) return;
  await files.setText(file.id, text);
  const read: StoredFile = { ...current, status: "embedding", passagesThrough: 0, updatedAt: world.clock.now() };
  await files.save(read);
  const agentIds = await folders.agentsOf(file.folderId);
  for (const id of agentIds) {
    const agent = await agents.find(id);
    if (agent !== undefined) await giveFile(repositories, { agent, file: read, text }, world);
  }
  await recompileAgents(repositories, agentIds, { ...world, times });
}

/** Makes the next passages of a file; with the last of them it waits for vectors, if its folder has a model. */
async function addPassages(
  { store, world }: FileWorkOptions,
  {
    actor,
    folder,
    file,
    text,
  }: { readonly actor: Actor; readonly folder: Folder; readonly file: StoredFile; readonly text: string },
): Promise<void> {
  const chars = chunkCharsOf(folder.embeddingConfig?.embeddingChunkSize);
  const from = file.passagesThrough ?? 0;
  const format = formatOf(file.mediaType);
  const { chunks, isEnd } = chunksOf(text, { format, chars, from, limit: PIECE_PASSAGES_MAX });
  await store.write(actor, async ({ files, folders, backlog }) => {
    const current = await files.find(file.id);
    if (current === undefined || current.passagesThrough !== from) return;
    const before = await files.countPassages(file.id);
    const now = world.clock.now();
    const passages = chunks.map(
      (chunk, index): FilePassage => ({
        id: newId("passage", world.random),
        fileId: file.id,
        folderId: folder.id,
        position: before + index,
        text: chunk.text,
        createdAt: now,
      }),
    );
    await files.addPassages(passages);
    const passagesThrough = chunks.at(-1)?.through ?? text.length;
    const totalChunks = isEnd ? before + passages.length : null;
    await files.save({ ...current, passagesThrough, totalChunks, updatedAt: now });
    const model = (await folders.find(folder.id))?.embeddingConfig ?? null;
    if (model !== null && !isLettaFree(model)) await backlog.owe(folder.id, "embed", "now");
    else if (isEnd) await files.noteEmbedded(folder.id, null);
  });
}

/** Changes a file as it is now; undefined when it is gone. */
function changed(
  { store }: FileWorkOptions,
  actor: Actor,
  { id }: StoredFile,
  change: (now: StoredFile) => StoredFile,
): Promise<StoredFile | undefined> {
  return store.write(actor, async ({ files }) => {
    const current = await files.find(id);
    if (current === undefined) return undefined;
    const next = change(current);
    await files.save(next);
    return next;
  });
}

/** Notes why a file cannot be read, and forgets what came. */
async function fail(
  { store, world }: FileWorkOptions,
  { actor, file }: { readonly actor: Actor; readonly file: StoredFile },
  message: string,
): Promise<void> {
  await store.write(actor, async ({ files }) => {
    const current = await files.find(file.id);
    if (current === undefined) return;
    const errorMessage = message.slice(0, ERROR_CHARS_MAX).toWellFormed();
    await files.save({ ...current, status: "error", errorMessage, updatedAt: world.clock.now() });
    await files.dropBytes(file.id);
  });
}

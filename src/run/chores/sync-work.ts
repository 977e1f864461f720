import type { SettledUpload } from "../../agent/files/uploads.ts";
import { putFile } from "../../agent/files/uploads.ts";
import { type Documents, documentsOf, type ListedItem } from "../../agent/plugins/documents.ts";
import type { Plugin } from "../../agent/plugins/plugin.ts";
import type { PluginHost } from "../../agent/plugins/plugin-host.ts";
import type { FolderSource, SourceItem } from "../../agent/plugins/source.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import { recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type FolderId, parseId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { World } from "../../core/world.ts";
import type { WorkPiece } from "./backlog-work.ts";

/** Documents that a source may list, and pages of its list. */
const ITEMS_MAX = 10_000;
const PAGES_MAX = 1_000;
/** Bytes of a folder that a source may fill. */
const FOLDER_BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** How often a list is asked for that fails, before the round is given up. */
const LIST_TRIES_MAX = 5;
/** Vanished documents that one piece of work removes. */
const REMOVED_AT_ONCE = 50;
/** Characters of what went wrong that are kept. */
const ERROR_CHARS_MAX = 500;

/** What filling folders needs. */
export interface SyncWorkOptions {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  readonly times: TimeFormat;
  /** Null where no plugins run. */
  readonly pluginHost: PluginHost | null;
}

/** One folder that is being filled. */
interface Filling {
  readonly options: SyncWorkOptions;
  readonly actor: Actor;
  readonly source: FolderSource;
  readonly plugin: Plugin;
  readonly documents: Documents;
}

/**
 * The work `sync`: fills a folder with the documents of a plugin, a page of its list or one document at a time. The plugin is
 * asked in no transaction. What it gave is stored together with how far the round came, so that after a crash no document
 * is there twice, and none is passed over.
 */
export function syncWork(options: SyncWorkOptions): WorkPiece {
  const { store, pluginHost } = options;
  return async ({ actor, space, attempts }, signal) => {
    const folderId = parseId("source", space);
    const reader = store.reader(actor);
    const source = folderId && (await reader.folderSources.find(folderId));
    if (source === undefined || source.phase === "idle") return { state: "done" };
    const plugin = await reader.plugins.find(source.pluginId);
    const why = whyNot(plugin, pluginHost);
    if (plugin === undefined || pluginHost === null || why !== undefined) {
      await end(options, { actor, source }, why ?? "The plugin is gone");
      return { state: "done" };
    }
    const documents = documentsOf({ store, pluginHost, actor, signal }, plugin);
    const filling = { options, actor, source, plugin, documents };
    if (source.phase === "listing") await list(filling, attempts);
    else if (source.phase === "reading") await readNext(filling, signal);
    else await removeVanished(filling);
    return { state: "more" };
  };
}

function whyNot(plugin: Plugin | undefined, pluginHost: PluginHost | null): string | undefined {
  if (pluginHost === null) return "This server runs no plugins";
  return plugin?.isEnabled === false ? `The plugin '${plugin.name}' is switched off` : undefined;
}

/** Lists one page, and notes which of its documents are new or have changed. */
async function list({ options, actor, source, documents }: Filling, attempts: number): Promise<void> {
  let page: Awaited<ReturnType<Documents["list"]>>;
  try {
    page = await documents.list(source.nextPage);
  } catch (error) {
    if (!(error instanceof Failure) || attempts + 1 < LIST_TRIES_MAX) throw error;
    await end(options, { actor, source }, error.message);
    return;
  }
  const listed = source.listed + page.items.length;
  if (listed > ITEMS_MAX || source.pages >= PAGES_MAX) {
    await end(options, { actor, source }, `It lists more than ${ITEMS_MAX} documents, or ${PAGES_MAX} pages`);
    return;
  }
  await change(options, { actor, source }, async (repositories, current) => {
    const { folderSources } = repositories;
    const found = await folderSources.findItems(
      source.folderId,
      page.items.map(({ itemId }) => itemId),
    );
    const known = new Map(found.map((item) => [item.itemId, item]));
    for (const item of page.items) await folderSources.saveItem(notedItem(source, item, known.get(item.itemId)));
    const phase = page.next === null ? "reading" : "listing";
    await folderSources.save({ ...current, phase, nextPage: page.next, pages: current.pages + 1, listed });
  });
}

/** What is not as it was read, or could not be read, is wanted. */
function notedItem({ folderId, round }: FolderSource, listed: ListedItem, known: SourceItem | undefined): SourceItem {
  const isRead = known !== undefined && known.error === null && !known.isWanted;
  // Of what its source says nothing about, only the bytes tell.
  const isSame = isRead && listed.version !== "" && listed.version === known.version;
  const { itemId, name, mediaType } = listed;
  const printed = known !== undefined && isPrinted(known.version) ? known.version : "";
  const version = listed.version === "" ? printed : listed.version;
  return {
    folderId,
    itemId,
    name,
    mediaType,
    version,
    round,
    isWanted: !isSame,
    fileId: known?.fileId ?? null,
    error: null,
  };
}

/** Reads one document and stores it as a file, in place of the one that it was before. */
async function readNext({ options, actor, source, documents }: Filling, signal: AbortSignal): Promise<void> {
  const { store } = options;
  const item = await store.reader(actor).folderSources.nextWanted(source.folderId);
  if (item === undefined) {
    const phase = source.removesVanished ? "removing" : "idle";
    await change(options, { actor, source }, async ({ folderSources }, current) =>
      folderSources.save({
        ...current,
        phase,
        ...(phase === "idle" ? { completedAt: options.world.clock.now() } : {}),
      }),
    );
    return;
  }
  try {
    const bytes = await documents.read(item.itemId);
    await change(options, { actor, source }, (repositories, current) =>
      keep(options, repositories, { actor, source: current, item, bytes }),
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof Failure)) throw error;
    // One document that cannot be had keeps no other one back. The next round asks for it again.
    await change(options, { actor, source }, async ({ folderSources }, current) => {
      await folderSources.saveItem({ ...item, isWanted: false, error: cut(error.message, ERROR_CHARS_MAX) });
      await folderSources.save({ ...current, failed: current.failed + 1 });
    });
  }
}

interface Arrived {
  readonly actor: Actor;
  readonly source: FolderSource;
  readonly item: SourceItem;
  readonly bytes: Uint8Array;
}

async function keep(
  { world, times }: SyncWorkOptions,
  repositories: Repositories,
  { actor, source, item, bytes }: Arrived,
): Promise<void> {
  const { folders, folderSources } = repositories;
  const { folderId } = source;
  const folder = await folders.find(folderId);
  if (folder === undefined) return;
  const print = fingerprint(bytes);
  const read = {
    ...item,
    version: item.version === "" || isPrinted(item.version) ? print : item.version,
    isWanted: false,
    error: null,
  };
  if (item.version === print && item.fileId !== null) return folderSources.saveItem(read);
  const held = (await folders.sizesOf([folderId])).get(folderId)?.bytes ?? 0;
  if (held + bytes.length > FOLDER_BYTES_MAX)
    throw new Failure("refused", `With '${item.name}' the folder would hold more than ${FOLDER_BYTES_MAX} bytes`);
  const upload: SettledUpload = {
    folder,
    name: item.name,
    mediaType: item.mediaType ?? "",
    bytes,
    replaces: item.fileId,
  };
  const file = await putFile({ ...world, times }, repositories, { actor, upload });
  await folderSources.saveItem({ ...read, fileId: file.id });
  await folderSources.save({ ...source, stored: source.stored + 1 });
}

/** Removes the files of some documents that are not listed any more; ends the round where there are none. */
async function removeVanished({ options, actor, source }: Filling): Promise<void> {
  const { world, times } = options;
  await change(options, { actor, source }, async (repositories, current) => {
    const { files, folders, folderSources } = repositories;
    const { folderId, round } = current;
    const gone = await folderSources.vanished(folderId, round, REMOVED_AT_ONCE);
    for (const { itemId, fileId } of gone) {
      if (fileId !== null && (await files.find(fileId)) !== undefined) await files.remove(fileId);
      await folderSources.removeItem(folderId, itemId);
    }
    if (gone.length > 0) await recompileAgents(repositories, await folders.agentsOf(folderId), { ...world, times });
    const isOver = gone.length < REMOVED_AT_ONCE;
    await folderSources.save({
      ...current,
      removed: current.removed + gone.length,
      ...(isOver ? { phase: "idle", completedAt: world.clock.now() } : {}),
    });
  });
}

/** Ends a round before its end. What was stored stays, and nothing is removed: nobody knows what has vanished. */
async function end(
  options: SyncWorkOptions,
  place: { readonly actor: Actor; readonly source: FolderSource },
  error: string,
): Promise<void> {
  const completedAt = options.world.clock.now();
  await change(options, place, ({ folderSources }, current) =>
    folderSources.save({ ...current, phase: "idle", error: cut(error, ERROR_CHARS_MAX), completedAt }),
  );
}

/** A transaction about a folder that is still being filled in the same round. */
function change(
  { store }: SyncWorkOptions,
  {
    actor,
    source,
  }: { readonly actor: Actor; readonly source: Pick<FolderSource, "round"> & { readonly folderId: FolderId } },
  work: (repositories: Repositories, current: FolderSource) => Promise<void>,
): Promise<void> {
  return store.write(actor, async (repositories) => {
    const current = await repositories.folderSources.find(source.folderId);
    if (current === undefined || current.phase === "idle" || current.round !== source.round) return;
    await work(repositories, current);
  });
}

/** What a version begins with that was worked out here. */
const PRINTED = "bytes ";

function isPrinted(version: string): boolean {
  return version.startsWith(PRINTED);
}

/** Tells bytes from others well enough where nobody wants to deceive: two sums of 32 bits (FNV-1a), and how many there are. */
function fingerprint(bytes: Uint8Array): string {
  let [one, other] = [0x811c9dc5, 0x9dc5811c];
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x010001b3);
  }
  return `${PRINTED}${bytes.length} ${(one >>> 0).toString(16)} ${(other >>> 0).toString(16)}`;
}

import { type Caller, mayEverywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { FolderId } from "../../core/id.ts";
import { mustFind } from "../find.ts";
import type { Readers } from "../ports/ports.ts";
import type { PluginDesk } from "./keep.ts";
import type { PluginId } from "./plugin.ts";
import type { FolderSource, SourceItem } from "./source.ts";

/** Folders of one plugin that are shown. */
const FOLDERS_MAX = 1_000;
/** Documents that could not be read, as far as they are shown. */
const FAILED_SHOWN_MAX = 20;

/** How far a folder is filled, for people. */
export interface SyncState {
  readonly source: FolderSource;
  /** Documents that are still to be read. */
  readonly waiting: number;
  readonly failures: readonly Pick<SourceItem, "itemId" | "name" | "error">[];
}

/**
 * Has a plugin fill a folder from now on, and begins with it; what is under way goes on instead. Documents are fetched later;
 * see `sync-work.ts`. Throws a `conflict` Failure where another plugin fills the folder.
 */
export async function beginSync(
  { store, clock }: Pick<PluginDesk, "store" | "clock">,
  caller: Caller,
  {
    id,
    folderId,
    removesVanished,
  }: { readonly id: PluginId; readonly folderId: FolderId; readonly removesVanished: boolean },
): Promise<SyncState> {
  const actor = mayEverywhere(caller, "memory:write");
  if (removesVanished) mayEverywhere(caller, "memory:forget");
  return store.write(actor, async (repositories) => {
    const { plugins, folders, folderSources, backlog } = repositories;
    const plugin = await mustFind(plugins, id);
    if (plugin.kind !== "source")
      throw new Failure("refused", `The plugin '${plugin.name}' is a ${plugin.kind}; folders are filled by sources`);
    if (!plugin.isEnabled) throw new Failure("refused", `The plugin '${plugin.name}' is switched off`);
    await mustFind(folders, folderId);
    const known = await folderSources.find(folderId);
    if (known !== undefined && known.pluginId !== id)
      throw new Failure("conflict", `The folder is filled by another plugin already: ${known.pluginId}`);
    if (known === undefined || known.phase === "idle") {
      await folderSources.save({
        folderId,
        pluginId: id,
        removesVanished,
        phase: "listing",
        round: (known?.round ?? 0) + 1,
        nextPage: null,
        pages: 0,
        listed: 0,
        stored: 0,
        removed: 0,
        failed: 0,
        error: null,
        startedAt: clock.now(),
        completedAt: null,
      });
      await backlog.owe(folderId, "sync", "now");
    }
    return stateOf(repositories, folderId);
  });
}

/** The folders that a plugin fills, and how far they are. */
export async function listSyncs(
  { store }: Pick<PluginDesk, "store">,
  caller: Caller,
  id: PluginId,
): Promise<readonly SyncState[]> {
  const reader = store.reader(mayEverywhere(caller, "memory:read"));
  await mustFind(reader.plugins, id);
  const states: SyncState[] = [];
  for (const { folderId } of await reader.folderSources.listOf(id, FOLDERS_MAX))
    states.push(await stateOf(reader, folderId));
  return states;
}

async function stateOf(
  { folderSources, backlog }: Pick<Readers, "folderSources" | "backlog">,
  folderId: FolderId,
): Promise<SyncState> {
  const source = await folderSources.find(folderId);
  if (source === undefined) throw new Failure("not_found", `No plugin fills the folder ${folderId}`);
  const failures = await folderSources.failed(folderId, FAILED_SHOWN_MAX);
  // Why it waits, while it is tried again.
  const error = source.error ?? (await backlog.find(folderId, "sync"))?.error ?? null;
  return { source: { ...source, error }, waiting: await folderSources.countWanted(folderId), failures };
}

import type { Instant } from "../../core/clock.ts";
import type { FileId, FolderId } from "../../core/id.ts";
import type { PluginId } from "./plugin.ts";

/** Where a sync stands: documents are listed, then read, then those that are gone are removed. */
export type SyncPhase = "idle" | "listing" | "reading" | "removing";

/** A folder that a plugin fills, and how far the last sync of it came. */
export interface FolderSource {
  readonly folderId: FolderId;
  readonly pluginId: PluginId;
  /** Whether a document that is not listed any more takes its file along. */
  readonly removesVanished: boolean;
  readonly phase: SyncPhase;
  /** How often a sync began; it tells what the last one listed. */
  readonly round: number;
  /** What the plugin named the page that is listed next; null for the first. */
  readonly nextPage: string | null;
  /** Pages, and documents, that were listed in this round. */
  readonly pages: number;
  readonly listed: number;
  /** Files that this round stored and removed, and documents that could not be read. */
  readonly stored: number;
  readonly removed: number;
  readonly failed: number;
  /** Why the round ended before its end; null where it did not. */
  readonly error: string | null;
  readonly startedAt: Instant | null;
  readonly completedAt: Instant | null;
}

/** A document of a plugin, and the file that it became. */
export interface SourceItem {
  readonly folderId: FolderId;
  /** What the plugin calls it. */
  readonly itemId: string;
  readonly name: string;
  readonly mediaType: string | null;
  /** What tells whether it has changed; empty where only its bytes do, and they were not read yet. */
  readonly version: string;
  /** The round that listed it last. */
  readonly round: number;
  /** Whether it is still to be read. */
  readonly isWanted: boolean;
  /** Null until it was read; the file itself may be gone. */
  readonly fileId: FileId | null;
  /** Why it could not be read the last time. */
  readonly error: string | null;
}

/** Which folders of an organisation plugins fill, and with what. */
export interface FolderSourceStore {
  find(folderId: FolderId): Promise<FolderSource | undefined>;
  /** Those that the plugin fills, by their id. */
  listOf(pluginId: PluginId, limit: number): Promise<readonly FolderSource[]>;
  /** The documents of these ids, in any order. */
  findItems(folderId: FolderId, itemIds: readonly string[]): Promise<readonly SourceItem[]>;
  /** The document that is to be read next. */
  nextWanted(folderId: FolderId): Promise<SourceItem | undefined>;
  countWanted(folderId: FolderId): Promise<number>;
  /** Those that no round since this one listed. */
  vanished(folderId: FolderId, round: number, limit: number): Promise<readonly SourceItem[]>;
  /** Those that could not be read the last time. */
  failed(folderId: FolderId, limit: number): Promise<readonly SourceItem[]>;
  /** Stores it in place of what the folder had. */
  save(source: FolderSource): Promise<void>;
  /** Stores it in place of what the folder had of its id. */
  saveItem(item: SourceItem): Promise<void>;
  removeItem(folderId: FolderId, itemId: string): Promise<void>;
}

/** The part of a {@link FolderSourceStore} that only reads. */
export type FolderSourceReader = Omit<FolderSourceStore, "save" | "saveItem" | "removeItem">;

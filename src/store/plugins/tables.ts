import type { Plugin } from "../../agent/plugins/plugin.ts";
import type { FolderSource, SourceItem } from "../../agent/plugins/source.ts";
import { entityTable } from "../base/columns.ts";

/** The table of plugins, their code aside. */
export const PLUGINS = entityTable<Plugin>()("plugins", {
  id: "id",
  name: "text",
  kind: "text",
  language: "text",
  manifest: "json",
  grants: "json",
  isEnabled: "flag",
  hash: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of folders that plugins fill. */
export const FOLDER_SOURCES = entityTable<FolderSource>()("folder_sources", {
  folderId: "id",
  pluginId: "id",
  removesVanished: "flag",
  phase: "text",
  round: "number",
  nextPage: "text",
  pages: "number",
  listed: "number",
  stored: "number",
  removed: "number",
  failed: "number",
  error: "text",
  startedAt: "instant",
  completedAt: "instant",
});

/** The table of the documents that became their files. */
export const SOURCE_ITEMS = entityTable<SourceItem>()("source_items", {
  folderId: "id",
  itemId: "text",
  name: "text",
  mediaType: "text",
  version: "text",
  round: "number",
  isWanted: "flag",
  fileId: "id",
  error: "text",
});

import { sql } from "kysely";
import type { FolderSource, FolderSourceReader, FolderSourceStore, SourceItem } from "../../agent/plugins/source.ts";
import type { FolderId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";
import { FOLDER_SOURCES, SOURCE_ITEMS } from "./tables.ts";

/** {@link FolderSourceStore} over SQL. */
export function sqlFolderSourceStore(session: Session): FolderSourceStore {
  return { ...readerOf(session), ...writerOf(session) };
}

function readerOf({ db, organizationId }: Session): FolderSourceReader {
  const sources = () =>
    db.selectFrom("folder_sources").select(FOLDER_SOURCES.selection).where("organization_id", "=", organizationId);
  const itemsOf = (folderId: FolderId) =>
    db
      .selectFrom("source_items")
      .select(SOURCE_ITEMS.selection)
      .where("folder_id", "=", folderId)
      .where("organization_id", "=", organizationId)
      .orderBy("item_id");
  const read = (rows: readonly Parameters<typeof SOURCE_ITEMS.read>[0][]): readonly SourceItem[] =>
    rows.map((row) => SOURCE_ITEMS.read(row));
  return {
    async find(folderId) {
      const row = await sources().where("folder_id", "=", folderId).executeTakeFirst();
      return row && FOLDER_SOURCES.read(row);
    },

    async listOf(pluginId, limit) {
      const rows = await sources().where("plugin_id", "=", pluginId).orderBy("folder_id").limit(limit).execute();
      return rows.map((row): FolderSource => FOLDER_SOURCES.read(row));
    },

    async findItems(folderId, itemIds) {
      if (itemIds.length === 0) return [];
      return read(await itemsOf(folderId).where("item_id", "in", itemIds).execute());
    },

    async nextWanted(folderId) {
      return read(await itemsOf(folderId).where("is_wanted", "=", 1).limit(1).execute())[0];
    },

    async countWanted(folderId) {
      const row = await db
        .selectFrom("source_items")
        .select(sql<number>`count(*)`.as("count"))
        .where("folder_id", "=", folderId)
        .where("organization_id", "=", organizationId)
        .where("is_wanted", "=", 1)
        .executeTakeFirst();
      return Number(row?.count ?? 0);
    },

    async vanished(folderId, round, limit) {
      return read(await itemsOf(folderId).where("round", "<", round).limit(limit).execute());
    },

    async failed(folderId, limit) {
      return read(await itemsOf(folderId).where("error", "is not", null).limit(limit).execute());
    },
  };
}

function writerOf({ db, organizationId }: Session): Omit<FolderSourceStore, keyof FolderSourceReader> {
  return {
    async save(source) {
      const { folder_id, ...row } = FOLDER_SOURCES.row(source);
      await db
        .insertInto("folder_sources")
        .values({ folder_id, ...row, organization_id: organizationId })
        .onConflict((conflict) =>
          conflict.column("folder_id").doUpdateSet(row).where("folder_sources.organization_id", "=", organizationId),
        )
        .execute();
    },

    async saveItem(item) {
      const { folder_id, item_id, ...row } = SOURCE_ITEMS.row(item);
      await db
        .insertInto("source_items")
        .values({ folder_id, item_id, ...row, organization_id: organizationId })
        .onConflict((conflict) =>
          conflict
            .columns(["folder_id", "item_id"])
            .doUpdateSet(row)
            .where("source_items.organization_id", "=", organizationId),
        )
        .execute();
    },

    async removeItem(folderId, itemId) {
      await db
        .deleteFrom("source_items")
        .where("folder_id", "=", folderId)
        .where("item_id", "=", itemId)
        .where("organization_id", "=", organizationId)
        .execute();
    },
  };
}

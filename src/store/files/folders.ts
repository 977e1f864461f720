import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Folder, FolderFilter, FolderStore } from "../../agent/files/folder.ts";
import { Failure } from "../../core/failure.ts";
import type { FolderId } from "../../core/id.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { countRows, findRow, findWhere, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { sqlBacklog } from "../memory/backlog.ts";
import { sqlEntryStore } from "../memory/entries.hot.ts";
import { dropTexts } from "../runs/manifests.ts";
import { FOLDERS } from "./tables.ts";

/** Files whose texts one statement takes away. */
const FILES_AT_ONCE = 500;
const SOURCE = { table: FOLDERS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link FolderStore} over SQL. */
export function sqlFolderStore(session: Session): FolderStore {
  const { db, organizationId } = session;
  return {
    ...linksOf(session),
    find: (id) => findRow(session, FOLDERS, id),
    list: (filter, page) => readPage(session, SOURCE, { page, condition: matches(session, filter) }),
    count: () => countRows(session, FOLDERS, ours(session, "folders")),

    async insert(folder) {
      await requireFreeName(session, folder);
      await db
        .insertInto("folders")
        .values({ ...FOLDERS.row(folder), organization_id: organizationId })
        .execute();
    },

    async save(folder) {
      const before = await this.find(folder.id);
      if (before === undefined) throw missing(folder.id);
      await requireFreeName(session, folder);
      await saveRow(session, FOLDERS, { entity: folder });
      if (folder.embeddingConfig !== null && keyOf(before) !== keyOf(folder))
        await sqlBacklog(session).owe(folder.id, "embed", "now");
    },

    async remove(id) {
      const files = await db
        .selectFrom("files")
        .select("id")
        .where("folder_id", "=", id)
        .where(ours(session, "files"))
        .execute();
      if (!(await removeRow(session, FOLDERS, id))) throw missing(id);
      for (let at = 0; at < files.length; at += FILES_AT_ONCE)
        await dropTexts(
          session,
          files.slice(at, at + FILES_AT_ONCE).map((file) => file.id),
        );
      await sqlEntryStore(session).clear(id);
    },
  };
}

/** Whom folders are attached to, and what is in them. */
function linksOf(session: Session): Pick<FolderStore, "agentsOf" | "attach" | "detach" | "listForAgents" | "sizesOf"> {
  const { db } = session;
  return {
    async agentsOf(id) {
      const rows = await db
        .selectFrom("agent_folders")
        .innerJoin("agents", "agents.id", "agent_folders.agent_id")
        .select("agents.id")
        .where("agent_folders.folder_id", "=", id)
        .where(ours(session, "agents"))
        .orderBy("agents.created_at")
        .orderBy("agents.id")
        .execute();
      return rows.map((row) => row.id);
    },

    async attach(agentId, id) {
      const last = await db
        .selectFrom("agent_folders")
        .select((eb) => eb.fn.max("position").as("position"))
        .where("agent_id", "=", agentId)
        .executeTakeFirst();
      await db
        .insertInto("agent_folders")
        .values({ agent_id: agentId, folder_id: id, position: Number(last?.position ?? -1) + 1 })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async detach(agentId, id) {
      for (const table of ["agent_folders", "agent_files"] as const)
        await db
          .deleteFrom(table)
          .where("agent_id", "=", agentId)
          .where("folder_id", "=", id)
          .where(isOurs(session, "folders", id))
          .execute();
    },

    async listForAgents(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom("agent_folders")
        .innerJoin("folders", "folders.id", "agent_folders.folder_id")
        .select([...FOLDERS.selection, "agent_folders.agent_id"])
        .where("agent_folders.agent_id", "in", [...ids])
        .where(ours(session, "folders"))
        .orderBy("agent_folders.position")
        .execute();
      const found = rows.map(({ agent_id, ...row }) => ({ agent_id, folder: FOLDERS.read(row) }));
      const byAgent = Map.groupBy(found, (row) => row.agent_id);
      return new Map([...byAgent].map(([agentId, list]) => [agentId, list.map(({ folder }) => folder)]));
    },

    async sizesOf(ids) {
      const rows =
        ids.length === 0
          ? []
          : await db
              .selectFrom("files")
              .select((eb) => ["folder_id", eb.fn.countAll().as("files"), eb.fn.sum("size").as("bytes")])
              .where("folder_id", "in", [...ids])
              .where(ours(session, "files"))
              .groupBy("folder_id")
              .execute();
      const known = new Map(rows.map((row) => [row.folder_id, row]));
      return new Map(
        ids.map((id) => [id, { files: Number(known.get(id)?.files ?? 0), bytes: Number(known.get(id)?.bytes ?? 0) }]),
      );
    },
  };
}

/** The index of names keeps out two of one name; this says so in words, whatever the database. */
async function requireFreeName(session: Session, { id, name }: Folder): Promise<void> {
  const { organizationId } = session;
  const other = await findWhere(session, FOLDERS, sql`name = ${name} and organization_id = ${organizationId}`);
  if (other !== undefined && other.id !== id)
    throw new Failure("conflict", `A folder named '${name}' exists already: ${other.id}`);
}

function matches(session: Session, { name, agentId }: FolderFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "folders")];
  if (name !== undefined) conditions.push(sql`folders.name = ${name}`);
  if (agentId !== undefined)
    conditions.push(
      sql`folders.id in (select agent_folders.folder_id from agent_folders where agent_folders.agent_id = ${agentId})`,
    );
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function keyOf({ embeddingConfig }: Folder): string | undefined {
  return embeddingConfig === null ? undefined : embeddingKeyOf(embeddingConfig);
}

function missing(id: FolderId): Failure {
  return new Failure("not_found", `Source not found with id='${id}'`);
}

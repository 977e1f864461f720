import { type SqlBool, sql } from "kysely";
import type { FilePassage, FileStore } from "../../agent/files/file.ts";
import { joinBytes } from "../../core/bytes.ts";
import { Failure } from "../../core/failure.ts";
import type { FileId, FolderId } from "../../core/id.ts";
import type { NewEntry } from "../../umi/index/entry.ts";
import { ADD_ENTRIES_MAX } from "../../umi/index/entry-store.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { countRows, findRow, findWhere, type PageSource, readable, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { sqlEntryStore } from "../memory/entries.hot.ts";
import { dropTexts } from "../runs/manifests.ts";
import { noteEmbedded, noteEmbeddingFailed } from "./embedded.ts";
import { FILE_PASSAGES, STORED_FILES } from "./tables.ts";

/** Bytes of an upload that stand in one row. */
const PIECE_BYTES = 1024 * 1024;

const FILE_PAGES = { table: STORED_FILES, column: "created_at", missing: "refuse" } satisfies PageSource;
const PASSAGE_PAGES = { table: FILE_PASSAGES, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link FileStore} over SQL. */
export function sqlFileStore(session: Session): FileStore {
  const { db } = session;
  return {
    ...contentsOf(session),
    ...passagesOf(session),
    find: (id) => findRow(session, STORED_FILES, id),

    findByName: (folderId, fileName) =>
      findWhere(
        session,
        STORED_FILES,
        sql`folder_id = ${folderId} and file_name = ${fileName} and ${ours(session, "files")}`,
      ),

    list: (folderId, page) => readPage(session, FILE_PAGES, { page, condition: inFolder(session, "files", folderId) }),

    async listOriginals(folderId, originalFileName) {
      const rows = await db
        .selectFrom("files")
        .select(STORED_FILES.selection)
        .where(inFolder(session, "files", folderId))
        .where("original_file_name", "=", originalFileName)
        .orderBy("created_at")
        .orderBy("id")
        .execute();
      return readable(session, STORED_FILES, rows);
    },

    nextUnread: (folderId) =>
      findWhere(
        session,
        STORED_FILES,
        sql`${inFolder(session, "files", folderId)} and status in ('parsing', 'embedding') and total_chunks is null
          order by created_at, id`,
      ),

    insert: (file, bytes) => insertFile(session, file, bytes),

    async save(file) {
      const { id, ...row } = STORED_FILES.row(file);
      await db
        .updateTable("files")
        .set(row)
        .where("id", "=", id)
        .where(isOurs(session, "files", id))
        .execute();
    },

    async remove(id) {
      const file = await this.find(id);
      if (file === undefined) throw new Failure("not_found", `File not found with id='${id}'`);
      await removeEntries(session, file.folderId, id);
      await dropTexts(session, [id]);
      await removeRow(session, STORED_FILES, id);
    },

    noteEmbedded: (folderId, model) => noteEmbedded(session, folderId, model),
    noteEmbeddingFailed: (folderId, message, isFinal) => noteEmbeddingFailed(session, { folderId, message, isFinal }),
  };
}

/** What came, and what was read of it. */
function contentsOf(session: Session): Pick<FileStore, "bytesOf" | "textOf" | "setText" | "dropBytes"> {
  const { db } = session;
  const isFile = (id: FileId) => isOurs(session, "files", id);
  const dropBytes = async (id: FileId) => {
    await db.deleteFrom("file_uploads").where("file_id", "=", id).where(isFile(id)).execute();
  };
  return {
    async bytesOf(id) {
      const rows = await db
        .selectFrom("file_uploads")
        .select("data")
        .where("file_id", "=", id)
        .where(isFile(id))
        .orderBy("number")
        .execute();
      const pieces = rows.map(({ data }) => new Uint8Array(data));
      return joinBytes(
        pieces,
        pieces.reduce((sum, piece) => sum + piece.length, 0),
      );
    },

    async textOf(id) {
      const row = await db
        .selectFrom("file_contents")
        .select("text")
        .where("file_id", "=", id)
        .where(isFile(id))
        .executeTakeFirst();
      return row?.text;
    },

    async setText(id, text) {
      await dropBytes(id);
      await db.insertInto("file_contents").values({ file_id: id, text }).execute();
    },

    dropBytes,
  };
}

/** What searches find. */
function passagesOf(
  session: Session,
): Pick<FileStore, "addPassages" | "listPassages" | "findPassages" | "countPassages"> {
  const { db, organizationId } = session;
  return {
    addPassages: (passages) => addPassages(session, passages),

    listPassages: (folderId, page) =>
      readPage(session, PASSAGE_PAGES, { page, condition: inFolder(session, "file_passages", folderId) }),

    async findPassages(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom("file_passages")
        .select(FILE_PASSAGES.selection)
        .where("id", "in", [...ids])
        .where("organization_id", "=", organizationId)
        .execute();
      return readable(session, FILE_PASSAGES, rows);
    },

    countPassages: (id) =>
      countRows(session, FILE_PASSAGES, sql<SqlBool>`file_id = ${id} and ${ours(session, "file_passages")}`),
  };
}

function inFolder(session: Session, table: "files" | "file_passages", folderId: FolderId) {
  return sql<SqlBool>`${sql.ref(`${table}.folder_id`)} = ${folderId} and ${ours(session, table)}`;
}

async function insertFile(session: Session, ...[file, bytes]: Parameters<FileStore["insert"]>): Promise<void> {
  const { db, organizationId } = session;
  const { folderId, fileName } = file;
  const isTaken = sql`folder_id = ${folderId} and file_name = ${fileName}`;
  if ((await findWhere(session, STORED_FILES, isTaken)) !== undefined)
    throw new Failure("conflict", `The folder ${folderId} has a file named '${fileName}' already`);
  await db
    .insertInto("files")
    .values({ ...STORED_FILES.row(file), organization_id: organizationId })
    .execute();
  for (let at = 0, number = 0; at < bytes.length; at += PIECE_BYTES, number++)
    await db
      .insertInto("file_uploads")
      .values({ file_id: file.id, number, data: bytes.slice(at, at + PIECE_BYTES) })
      .execute();
}

async function addPassages(session: Session, passages: readonly FilePassage[]): Promise<void> {
  const { db, organizationId } = session;
  const [first] = passages;
  if (first === undefined) return;
  for (const passage of passages)
    await db
      .insertInto("file_passages")
      .values({ ...FILE_PASSAGES.row(passage), organization_id: organizationId })
      .execute();
  await sqlEntryStore(session).add(first.folderId, passages.map(entryOf));
}

/** A passage as searches find it. Those of one file are said in one go: what stands around a passage explains it. */
function entryOf({ id, fileId, text, createdAt }: FilePassage): NewEntry {
  return { id, session: fileId, speaker: "", role: "none", text, at: createdAt, tags: [fileId] };
}

async function removeEntries(session: Session, folderId: FolderId, id: FileId): Promise<void> {
  const entries = sqlEntryStore(session);
  const rows = await session.db
    .selectFrom("file_passages")
    .select("id")
    .where("file_id", "=", id)
    .where(ours(session, "file_passages"))
    .execute();
  for (let at = 0; at < rows.length; at += ADD_ENTRIES_MAX)
    await entries.remove(
      folderId,
      rows.slice(at, at + ADD_ENTRIES_MAX).map((row) => row.id),
    );
}

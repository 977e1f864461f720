import type { StoredFile } from "../../../agent/files/file.ts";
import { safeFileName } from "../../../agent/files/file-name.ts";
import { arrivedAs } from "../../../agent/transfer/import-files.ts";
import { EmbeddingConfigBody } from "../../../api/wire/llm-config.ts";
import { UnusableRow } from "../unusable-row.ts";
import { eachRow, type V1Import } from "./each-row.ts";
import type { Row } from "./row.ts";

const NO_TEXT = "The database that it comes from did not hold its text; send the file again";

/** Stores folders and their files with the texts that V1 had read, of which passages are made later. */
export async function importFolders(work: V1Import): Promise<void> {
  const { staging, report } = work;
  await eachRow(work, "sources", async ({ folders }, row) => {
    const id = row.needId("source", "id");
    if ((await folders.find(id)) !== undefined) return "known";
    await folders.insert({
      id,
      name: row.string("name", id),
      description: row.text("description"),
      instructions: row.text("instructions"),
      metadata: row.object("metadata_"),
      embeddingConfig: row.checked("embedding_config", EmbeddingConfigBody),
      ...row.authorship(),
    });
    return "taken";
  });
  await eachRow(work, "files", async ({ folders, files, backlog }, row) => {
    const id = row.needId("file", "id");
    const folderId = row.needId("source", "source_id");
    if ((await folders.find(folderId)) === undefined) throw new UnusableRow("its folder is not here");
    const contents = staging.count("file_contents", id);
    if ((await files.find(id)) !== undefined) {
      report.known("file_contents", contents);
      return "known";
    }
    const [content] = staging.rows("file_contents", id);
    const text = content?.["text"] ?? null;
    await files.insert(fileOf(row, { id, folderId, hasText: text !== null }), new Uint8Array());
    if (text !== null) await files.setText(id, text);
    await backlog.owe(folderId, "parse", "now");
    report.taken("file_contents", contents);
    return "taken";
  });
  leaveOrphans(work, "file_contents", "its file is not in the database");
}

function fileOf(
  row: Row,
  { hasText, ...ids }: Pick<StoredFile, "id" | "folderId"> & { readonly hasText: boolean },
): StoredFile {
  const { createdById, createdAt, updatedAt } = row.authorship();
  const inFolder = lastPart(row.text("file_name")) ?? ids.id;
  const type = row.string("file_type");
  return {
    ...ids,
    fileName: safeFileName(inFolder),
    originalFileName: safeFileName(lastPart(row.text("original_file_name")) ?? inFolder),
    // Its bytes were not kept; what is left is text.
    mediaType: type.startsWith("text/") ? type : "text/plain",
    size: row.number("file_size") ?? 0,
    ...arrivedAs(hasText ? null : NO_TEXT),
    createdById,
    createdAt,
    updatedAt,
  };
}

/** What stands behind the last slash; V1 put the folder before the name. */
function lastPart(path: string | null): string | undefined {
  return path?.split("/").at(-1);
}

/** Says of rows of which nothing was said yet that what they belong to is missing. */
export function leaveOrphans({ report }: V1Import, table: string, reason: string): void {
  const missing = report.unaccounted().find((one) => one.table === table);
  if (missing !== undefined) report.left(table, reason, missing.rows);
}

import type { NamedAgentFile } from "../../../agent/files/agent-file.ts";
import type { FilePassage, StoredFile } from "../../../agent/files/file.ts";
import type { Folder, FolderSize } from "../../../agent/files/folder.ts";
import type { OrganizationId } from "../../../core/id.ts";
import type { JsonObject } from "../../../core/json.ts";
import { toWireEmbeddingConfig } from "../llm-config.ts";
import { toWireVector } from "../passage.ts";
import { isoTime } from "../time.ts";

/** A folder as clients see it. */
export function toWireFolder(folder: Folder, organizationId: OrganizationId): JsonObject {
  return { ...fieldsOf(folder), organization_id: organizationId };
}

/** A folder under its older name, as an agent shows it. */
export function toWireSource(folder: Folder): JsonObject {
  return { ...fieldsOf(folder), vector_db_provider: "native" };
}

function fieldsOf(folder: Folder): JsonObject {
  return {
    name: folder.name,
    description: folder.description,
    instructions: folder.instructions,
    metadata: folder.metadata,
    id: folder.id,
    embedding_config: folder.embeddingConfig === null ? null : toWireEmbeddingConfig(folder.embeddingConfig),
    created_by_id: folder.createdById,
    last_updated_by_id: folder.lastUpdatedById,
    created_at: isoTime(folder.createdAt),
    updated_at: isoTime(folder.updatedAt),
  };
}

/** How a file is shown. */
export interface FileShown {
  readonly organizationId: OrganizationId;
  /** The folder whose name stands before the file's; null where the folder is plain. */
  readonly folder: Folder | null;
  /** Its text, where that was asked for. */
  readonly content?: string | null;
}

/** What a file says of itself, wherever it is shown. */
export function toWireFileState(file: StoredFile): JsonObject {
  return {
    original_file_name: file.originalFileName,
    file_path: null,
    file_type: file.mediaType,
    file_size: file.size,
    file_creation_date: null,
    file_last_modified_date: null,
    processing_status: file.status,
    error_message: file.errorMessage,
    total_chunks: file.totalChunks,
    chunks_embedded: file.chunksEmbedded,
  };
}

/** A file as clients see it. */
export function toWireFile(file: StoredFile, { organizationId, folder, content = null }: FileShown): JsonObject {
  return {
    source_id: file.folderId,
    file_name: folder === null ? file.fileName : `${folder.name}/${file.fileName}`,
    ...toWireFileState(file),
    content,
    id: file.id,
    organization_id: organizationId,
    created_at: isoTime(file.createdAt),
    updated_at: isoTime(file.updatedAt),
  };
}

/** A file as an agent has it. */
export function toWireAgentFile(file: NamedAgentFile): JsonObject {
  return {
    id: file.id,
    file_id: file.fileId,
    file_name: file.fileName,
    folder_id: file.folderId,
    folder_name: file.folderName,
    is_open: file.isOpen,
    last_accessed_at: isoTime(file.lastAccessedAt),
    visible_content: file.visibleContent,
    start_line: file.startLine,
    end_line: file.endLine,
  };
}

/** A file of an agent as the block that Letta makes of it. */
export function toWireFileBlock(file: NamedAgentFile, viewChars: number): JsonObject {
  return {
    value: file.visibleContent ?? "",
    limit: viewChars,
    project_id: null,
    template_name: null,
    is_template: false,
    template_id: null,
    base_template_id: null,
    deployment_id: null,
    entity_id: null,
    preserve_on_migration: false,
    label: file.fileName,
    read_only: true,
    description: null,
    metadata: {},
    hidden: null,
    // It is no block of its own: its id is that of the file as the agent has it.
    id: file.id.replace(/^file_agent-/, "block-"),
    created_by_id: null,
    last_updated_by_id: null,
    tags: [],
    file_id: file.fileId,
    source_id: file.folderId,
    is_open: file.isOpen,
    last_accessed_at: isoTime(file.lastAccessedAt),
  };
}

/** A passage of a file as clients see it, with its vector where it has one. */
export function toWireFilePassage(
  passage: FilePassage,
  { folder, organizationId, file, vector }: PassageShown,
): JsonObject {
  return {
    created_by_id: file?.createdById ?? null,
    last_updated_by_id: file?.createdById ?? null,
    created_at: isoTime(passage.createdAt),
    updated_at: isoTime(passage.createdAt),
    is_deleted: false,
    organization_id: organizationId,
    archive_id: null,
    source_id: passage.folderId,
    file_id: passage.fileId,
    file_name: file === undefined ? null : `${folder.name}/${file.fileName}`,
    metadata: {},
    tags: null,
    id: passage.id,
    text: passage.text,
    embedding: vector === undefined ? null : toWireVector(vector),
    embedding_config: folder.embeddingConfig === null ? null : toWireEmbeddingConfig(folder.embeddingConfig),
  };
}

/** What a passage of a file is shown with. */
export interface PassageShown {
  readonly folder: Folder;
  readonly organizationId: OrganizationId;
  readonly file: StoredFile | undefined;
  readonly vector: Float32Array | undefined;
}

/** How much the folders of an organisation hold, with their files where those are asked for. */
export function toWireFolderStats(
  folders: readonly { readonly folder: Folder; readonly size: FolderSize; readonly files: readonly StoredFile[] }[],
): JsonObject {
  return {
    total_sources: folders.length,
    total_files: folders.reduce((sum, { size }) => sum + size.files, 0),
    total_size: folders.reduce((sum, { size }) => sum + size.bytes, 0),
    sources: folders.map(({ folder, size, files }) => ({
      source_id: folder.id,
      source_name: folder.name,
      file_count: size.files,
      total_size: size.bytes,
      files: files.map((file) => ({ file_id: file.id, file_name: file.fileName, file_size: file.size })),
    })),
  };
}

import { z } from "zod";
import type { NamedAgentFile } from "../../../agent/files/agent-file.ts";
import type { FilePassage, StoredFile } from "../../../agent/files/file.ts";
import type { Folder, FolderSize } from "../../../agent/files/folder.ts";
import type { OrganizationId } from "../../../core/id.ts";
import { answer, jsonObject, list, time } from "../answers/answer.ts";
import { toWireEmbeddingConfig, WireEmbeddingConfig } from "../llm-config.ts";
import { toWireVector } from "../passage.ts";
import { isoTime } from "../time.ts";

const folderFields = {
  name: z.string(),
  description: z.string().nullable(),
  instructions: z.string().nullable(),
  metadata: jsonObject.nullable(),
  id: z.string(),
  embedding_config: WireEmbeddingConfig.nullable(),
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
};

/** What {@link toWireFolder} shows. */
export const WireFolder = answer("Folder", {
  ...folderFields,
  organization_id: z.string(),
});

/** What {@link toWireSource} shows. */
export const WireSource = answer("Source", {
  ...folderFields,
  vector_db_provider: z.literal("native"),
});

/** A folder under its older name: both at once. */
export const WireSourceFolder = answer("SourceFolder", { ...WireSource.shape, ...WireFolder.shape });

/** What {@link toWireFileState} shows. */
export const WireFileState = answer("FileState", {
  original_file_name: z.string(),
  file_path: z.null(),
  file_type: z.string(),
  file_size: z.number(),
  file_creation_date: z.null(),
  file_last_modified_date: z.null(),
  processing_status: z.enum(["error", "pending", "parsing", "embedding", "completed"]),
  error_message: z.string().nullable(),
  total_chunks: z.number().nullable(),
  chunks_embedded: z.number().nullable(),
});

/** What {@link toWireFile} shows. */
export const WireFile = answer("File", {
  source_id: z.string(),
  file_name: z.string(),
  ...WireFileState.shape,
  content: z.string().nullable(),
  id: z.string(),
  organization_id: z.string(),
  created_at: time,
  updated_at: time,
});

/** What {@link toWireAgentFile} shows. */
export const WireAgentFile = answer("AgentFile", {
  id: z.string(),
  file_id: z.string(),
  file_name: z.string(),
  folder_id: z.string(),
  folder_name: z.string(),
  is_open: z.boolean(),
  last_accessed_at: time,
  visible_content: z.string().nullable(),
  start_line: z.number().nullable(),
  end_line: z.number().nullable(),
});

/** What {@link toWireFileBlock} shows. */
export const WireFileBlock = answer("FileBlock", {
  value: z.string(),
  limit: z.number(),
  project_id: z.null(),
  template_name: z.null(),
  is_template: z.literal(false),
  template_id: z.null(),
  base_template_id: z.null(),
  deployment_id: z.null(),
  entity_id: z.null(),
  preserve_on_migration: z.literal(false),
  label: z.string(),
  read_only: z.literal(true),
  description: z.null(),
  metadata: jsonObject,
  hidden: z.null(),
  id: z.string(),
  created_by_id: z.null(),
  last_updated_by_id: z.null(),
  tags: list(z.string()),
  file_id: z.string(),
  source_id: z.string(),
  is_open: z.boolean(),
  last_accessed_at: time,
});

/** What {@link toWireFilePassage} shows. */
export const WireFilePassage = answer("FilePassage", {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
  is_deleted: z.literal(false),
  organization_id: z.string(),
  archive_id: z.null(),
  source_id: z.string(),
  file_id: z.string(),
  file_name: z.string().nullable(),
  metadata: jsonObject,
  tags: z.null(),
  id: z.string(),
  text: z.string(),
  embedding: list(z.number()).nullable(),
  embedding_config: WireEmbeddingConfig.nullable(),
});

/** What {@link toWireFolderStats} shows. */
export const WireFolderStats = answer("FolderStats", {
  total_sources: z.number(),
  total_files: z.number(),
  total_size: z.number(),
  sources: list(
    z.strictObject({
      source_id: z.string(),
      source_name: z.string(),
      file_count: z.number(),
      total_size: z.number(),
      files: list(z.strictObject({ file_id: z.string(), file_name: z.string(), file_size: z.number() })),
    }),
  ),
});

/** A folder as clients see it. */
export function toWireFolder(folder: Folder, organizationId: OrganizationId): z.output<typeof WireFolder> {
  return { ...fieldsOf(folder), organization_id: organizationId };
}

/** A folder under its older name, as an agent shows it. */
export function toWireSource(folder: Folder): z.output<typeof WireSource> {
  return { ...fieldsOf(folder), vector_db_provider: "native" };
}

function fieldsOf(folder: Folder) {
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
export function toWireFileState(file: StoredFile): z.output<typeof WireFileState> {
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
export function toWireFile(
  file: StoredFile,
  { organizationId, folder, content = null }: FileShown,
): z.output<typeof WireFile> {
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
export function toWireAgentFile(file: NamedAgentFile): z.output<typeof WireAgentFile> {
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
export function toWireFileBlock(file: NamedAgentFile, viewChars: number): z.output<typeof WireFileBlock> {
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
): z.output<typeof WireFilePassage> {
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
): z.output<typeof WireFolderStats> {
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

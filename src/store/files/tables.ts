import type { AgentFile } from "../../agent/files/agent-file.ts";
import type { FilePassage, StoredFile } from "../../agent/files/file.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { entityTable } from "../base/columns.ts";

/** The table of folders. */
export const FOLDERS = entityTable<Folder>()("folders", {
  id: "id",
  name: "text",
  description: "text",
  instructions: "text",
  metadata: "json",
  embeddingConfig: "json",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of files; what came and what was read stand in tables of their own. */
export const STORED_FILES = entityTable<StoredFile>()("files", {
  id: "id",
  folderId: "id",
  fileName: "text",
  originalFileName: "text",
  mediaType: "text",
  size: "number",
  status: "text",
  errorMessage: "text",
  totalChunks: "number",
  chunksEmbedded: "number",
  tries: "number",
  passagesThrough: "number",
  createdById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of passages of files. */
export const FILE_PASSAGES = entityTable<FilePassage>()("file_passages", {
  id: "id",
  fileId: "id",
  folderId: "id",
  position: "number",
  text: "text",
  createdAt: "instant",
});

/** The table of files as agents have them. */
export const AGENT_FILES = entityTable<AgentFile>()("agent_files", {
  id: "id",
  agentId: "id",
  fileId: "id",
  folderId: "id",
  isOpen: "flag",
  visibleContent: "text",
  startLine: "number",
  endLine: "number",
  lastAccessedAt: "instant",
  createdAt: "instant",
});

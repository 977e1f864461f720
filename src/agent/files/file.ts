import type { Instant } from "../../core/clock.ts";
import type { FileId, FolderId, PassageId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";

/** How far a file has come: its text is read (`parsing`), its passages get vectors, or it is there as a whole. */
export type FileStatus = "pending" | "parsing" | "embedding" | "completed" | "error";

/** A file of a folder. Its bytes are kept until its text was read, and its text from then on. */
export interface StoredFile {
  readonly id: FileId;
  readonly folderId: FolderId;
  /** Its name in the folder, where no other file has it. */
  readonly fileName: string;
  /** The name that it came with. */
  readonly originalFileName: string;
  readonly mediaType: string;
  /** Bytes that came. */
  readonly size: number;
  readonly status: FileStatus;
  /** What went wrong, for people; null where nothing did. */
  readonly errorMessage: string | null;
  /** Passages that its text became; null until all of it did. */
  readonly totalChunks: number | null;
  /** Passages with their vectors; null until the first piece of them has one. */
  readonly chunksEmbedded: number | null;
  /** How often somebody began to read it: a file that ends the process is not read for ever. */
  readonly tries: number;
  /** Characters of its text that are passages already; null until the text was read. */
  readonly passagesThrough: number | null;
  readonly createdById: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** A stretch of a file's text, which searches find. */
export interface FilePassage {
  readonly id: PassageId;
  readonly fileId: FileId;
  readonly folderId: FolderId;
  /** Its place among the passages of its file, from 0. */
  readonly position: number;
  readonly text: string;
  readonly createdAt: Instant;
}

/** Where the files of one organisation live, with their bytes, texts and passages. */
export interface FileStore {
  find(id: FileId): Promise<StoredFile | undefined>;
  /** The folder's file of that name, as it is in the folder. */
  findByName(folderId: FolderId, fileName: string): Promise<StoredFile | undefined>;
  /** A page of a folder's files, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  list(folderId: FolderId, page: Page): Promise<readonly StoredFile[]>;
  /** The folder's files that came with this name, oldest first. */
  listOriginals(folderId: FolderId, originalFileName: string): Promise<readonly StoredFile[]>;
  /** The oldest file of the folder whose text is to be read, or of whose text a part is no passage yet. */
  nextUnread(folderId: FolderId): Promise<StoredFile | undefined>;
  /** Stores a new file with what came. Throws a `conflict` Failure when the folder has one of its name. */
  insert(file: StoredFile, bytes: Uint8Array): Promise<void>;
  /** Replaces the file, its bytes and text aside. Does nothing when it is gone. */
  save(file: StoredFile): Promise<void>;
  /** Removes the file with its bytes, text and passages, and takes it from agents. Throws `not_found` when there is none. */
  remove(id: FileId): Promise<void>;
  /** What came; empty once the text was read. */
  bytesOf(id: FileId): Promise<Uint8Array>;
  /** The text; undefined until it was read. */
  textOf(id: FileId): Promise<string | undefined>;
  /** Keeps the text in place of the bytes. */
  setText(id: FileId, text: string): Promise<void>;
  /** Forgets what came of a file that cannot be read. */
  dropBytes(id: FileId): Promise<void>;
  /** Stores passages of one file at the end of those it has; they are entries of its folder's space from then on. */
  addPassages(passages: readonly FilePassage[]): Promise<void>;
  /** A page of a folder's passages, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  listPassages(folderId: FolderId, page: Page): Promise<readonly FilePassage[]>;
  /** Those of the passages that exist, in any order. */
  findPassages(ids: readonly PassageId[]): Promise<readonly FilePassage[]>;
  /** How many passages the file has. */
  countPassages(id: FileId): Promise<number>;
  /**
   * Counts the vectors of those of the folder's files that wait for theirs; what has them all is completed. With `model` null
   * nothing is waited for.
   */
  noteEmbedded(folderId: FolderId, model: string | null): Promise<void>;
  /** Says of the folder's files that wait for vectors why they have none; with `isFinal` they wait no longer. */
  noteEmbeddingFailed(folderId: FolderId, message: string, isFinal: boolean): Promise<void>;
}

/** The part of a {@link FileStore} that only reads. */
export type FileReader = Pick<
  FileStore,
  | "find"
  | "findByName"
  | "list"
  | "listOriginals"
  | "nextUnread"
  | "bytesOf"
  | "textOf"
  | "listPassages"
  | "findPassages"
  | "countPassages"
>;

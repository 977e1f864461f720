import type { Instant } from "../../core/clock.ts";
import type { AgentFileId, AgentId, FileId, FolderId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";

/** A file as one agent has it: every file of an attached folder, open in its prompt or closed. */
export interface AgentFile {
  readonly id: AgentFileId;
  readonly agentId: AgentId;
  readonly fileId: FileId;
  readonly folderId: FolderId;
  readonly isOpen: boolean;
  /** What of it the prompt shows while it is open, numbered; null before it was opened for the first time. */
  readonly visibleContent: string | null;
  /** The first line shown, from 1, and the last; null from the start, and to the end. */
  readonly startLine: number | null;
  readonly endLine: number | null;
  readonly lastAccessedAt: Instant;
  readonly createdAt: Instant;
}

/** A file of an agent, with the names that it goes by. */
export interface NamedAgentFile extends AgentFile {
  readonly folderName: string;
  /** Its name with that of its folder before it. */
  readonly fileName: string;
}

/** What a list of an agent's files is narrowed to. Absent means any. */
export interface AgentFileFilter {
  readonly isOpen?: boolean;
}

/** Which files agents have, and how they see them. */
export interface AgentFileStore {
  /** The file as the agent has it; undefined where it has not. */
  find(agentId: AgentId, fileId: FileId): Promise<NamedAgentFile | undefined>;
  /** The agent's file of that name, its folder before it. */
  findNamed(agentId: AgentId, fileName: string): Promise<NamedAgentFile | undefined>;
  /** A page of an agent's files. Throws a `not_found` Failure for a cursor that names none. */
  list(agentId: AgentId, filter: AgentFileFilter, page: Page): Promise<readonly NamedAgentFile[]>;
  /** Up to `limit` files of the agent by their names, those that are open first. */
  listNamed(agentId: AgentId, limit: number): Promise<readonly NamedAgentFile[]>;
  /** The agent's open files, the one that was used last at the end. */
  listOpen(agentId: AgentId): Promise<readonly NamedAgentFile[]>;
  count(agentId: AgentId): Promise<number>;
  /** Gives agents files that they have not; those that they have are left as they are. */
  insert(files: readonly AgentFile[]): Promise<void>;
  /** Replaces how the agent sees the file; does nothing when it is gone. */
  save(file: AgentFile): Promise<void>;
}

/** The part of a {@link AgentFileStore} that only reads. */
export type AgentFileReader = Pick<AgentFileStore, "find" | "findNamed" | "list" | "listNamed" | "listOpen" | "count">;

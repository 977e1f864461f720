import type { Authorship } from "../../core/authorship.ts";
import type { AgentId, FolderId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";

/** A collection of files, which Letta also calls a source. Its space in the index is named by its id. */
export interface Folder extends Authorship {
  readonly id: FolderId;
  /** Used once in an organisation. */
  readonly name: string;
  readonly description: string | null;
  /** What agents are told about its files. */
  readonly instructions: string | null;
  readonly metadata: JsonObject | null;
  /** The model of its passages' vectors; null finds them by their words alone. */
  readonly embeddingConfig: EmbeddingConfig | null;
}

/** What a list of folders is narrowed to. Absent means any. */
export interface FolderFilter {
  readonly name?: string;
  readonly agentId?: AgentId;
}

/** How much a folder holds. */
export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

/** Where the folders of one organisation live, and which agents they are attached to. */
export interface FolderStore {
  find(id: FolderId): Promise<Folder | undefined>;
  /** A page of those that fit, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  list(filter: FolderFilter, page: Page): Promise<readonly Folder[]>;
  count(): Promise<number>;
  /** Throws a `conflict` Failure when another folder has the name. */
  insert(folder: Folder): Promise<void>;
  /**
   * As {@link FolderStore.insert}; throws a `not_found` Failure when there is none of its id. After a change of the embedding model the
   * passages get new vectors later; see `Backlog`.
   */
  save(folder: Folder): Promise<void>;
  /** Removes the folder with its files and all that hangs on them. Throws a `not_found` Failure when there is none. */
  remove(id: FolderId): Promise<void>;
  /** The agents that the folder is attached to, in the order they were made. */
  agentsOf(id: FolderId): Promise<readonly AgentId[]>;
  /** Attaching twice is once. Its files are not given to the agent by that; see `AgentFileStore`. */
  attach(agentId: AgentId, id: FolderId): Promise<void>;
  /** Takes the folder and its files from the agent. Does nothing where the agent has it not. */
  detach(agentId: AgentId, id: FolderId): Promise<void>;
  /** The folders of each agent, in the order they were attached; agents without any are left out. */
  listForAgents(ids: readonly AgentId[]): Promise<ReadonlyMap<AgentId, readonly Folder[]>>;
  /** How much each folder holds; every one of `ids` is there. */
  sizesOf(ids: readonly FolderId[]): Promise<ReadonlyMap<FolderId, FolderSize>>;
}

/** The part of a {@link FolderStore} that only reads. */
export type FolderReader = Pick<FolderStore, "find" | "list" | "count" | "agentsOf" | "listForAgents" | "sizesOf">;

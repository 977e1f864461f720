import type { Instant } from "../../core/clock.ts";
import type { AgentId, ArchiveId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";

/** A collection of passages. Several agents may share one; an agent has one at most. */
export interface Archive {
  readonly id: ArchiveId;
  readonly name: string;
  readonly description: string | null;
  readonly embeddingConfig: EmbeddingConfig | null;
  readonly metadata: JsonObject | null;
  readonly createdById: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What a list of archives is narrowed to. Absent means any. */
export interface ArchiveFilter {
  readonly name?: string;
  readonly agentId?: AgentId;
}

/** Where the archives of one organisation live, and which agents use them. */
export interface ArchiveStore {
  /** The archive of that id, or undefined. */
  find(id: ArchiveId): Promise<Archive | undefined>;
  /** A page of the archives that fit, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  list(filter: ArchiveFilter, page: Page): Promise<readonly Archive[]>;
  /** Stores a new archive that no agent uses. Throws a `conflict` Failure when its id is taken. */
  insert(archive: Archive): Promise<void>;
  /** The archive that goes with this agent; undefined when it has none, or uses only one that goes with nobody. */
  ownedBy(agentId: AgentId): Promise<Archive | undefined>;
  /**
   * Replaces the archive; throws a `not_found` Failure when there is none of its id. After a change of its embedding model
   * the passages get new vectors later; see `Backlog`.
   */
  save(archive: Archive): Promise<void>;
  /** Removes the archive with its passages; agents that used it have none then. Throws `not_found` when there is none. */
  remove(id: ArchiveId): Promise<void>;
  /** Attaching twice is once. Throws a `conflict` Failure when the agent has another archive. An owned one goes with its agent. */
  attach(agentId: AgentId, id: ArchiveId, isOwned: boolean): Promise<void>;
  /** Takes the archive from the agent; it stays stored. Does nothing where the agent has it not. */
  detach(agentId: AgentId, id: ArchiveId): Promise<void>;
}

/** The part of a {@link ArchiveStore} that only reads. */
export type ArchiveReader = Pick<ArchiveStore, "find" | "list" | "ownedBy">;

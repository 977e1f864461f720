import type { Instant } from "../../core/clock.ts";
import type { AgentId, ArchiveId, PassageId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import type { KeyedVectors } from "../vectors/quick-vectors.ts";

/** One text of an archive. */
export interface Passage {
  readonly id: PassageId;
  readonly archiveId: ArchiveId;
  readonly text: string;
  readonly tags: readonly string[] | null;
  readonly metadata: JsonObject;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly createdById: string | null;
}

/** What a search over passages is narrowed to. Absent means any. `start` and `end` are both inclusive. */
export interface PassageFilter {
  readonly tags?: readonly string[];
  readonly tagMatch?: "any" | "all";
  readonly start?: Instant;
  readonly end?: Instant;
}

/** A passage that a search found. Scores compare within one search only; higher is better. */
export interface PassageHit {
  readonly passage: Passage;
  readonly score: number;
}

/**
 * Where archival memory of one organisation lives. A passage is also an entry of its archive's space, by which searches
 * find it; both come and go in one transaction.
 */
export interface PassageStore {
  /** The archive that this agent writes to; undefined before its first passage. */
  archiveOf(agentId: AgentId): Promise<ArchiveId | undefined>;
  /** The agent's archive, made with this name when there is none. */
  openArchive(agentId: AgentId, name: string): Promise<ArchiveId>;
  /**
   * Stores passages of one archive, which are entries of its space from then on, with vectors in the same order where
   * somebody has them. Those that lack the vector of their archive's model get it later; see `Backlog`. Throws a `not_found`
   * Failure when there is no such archive, a `conflict` one when an id is taken.
   */
  insert(passages: readonly Passage[], known?: KeyedVectors): Promise<void>;
  /** Makes entries of up to `limit` passages that are none yet, oldest first, and gives how many there were. */
  indexMissing(archiveId: ArchiveId, limit: number): Promise<number>;
  /** The passage of that id, or undefined. */
  find(id: PassageId): Promise<Passage | undefined>;
  /**
   * A page of an archive's passages, by creation time; `containing` narrows to those that contain the text, in any case.
   * Throws a `not_found` Failure for a cursor that names none.
   */
  list(archiveId: ArchiveId, page: Page, containing?: string): Promise<readonly Passage[]>;
  /** How many passages the archive has; 0 when there is no such archive. */
  count(archiveId: ArchiveId): Promise<number>;
  /** Those of the passages that exist, in any order. */
  findAll(ids: readonly PassageId[]): Promise<readonly Passage[]>;
  /** Removes the passage with its entry and vector; throws a `not_found` Failure when there is none. */
  remove(id: PassageId): Promise<void>;
}

/** The part of a {@link PassageStore} that only reads. */
export type PassageReader = Pick<PassageStore, "archiveOf" | "find" | "list" | "count" | "findAll">;

import type { Instant } from "../../../core/clock.ts";
import type { Entity, EntityId, EntityMerge, Mention } from "./entity.ts";
import type { Closing, Fact, FactId } from "./fact.ts";
import type { FactLink } from "./fact-link.ts";

/** Facts that one query gives. */
export const FACTS_LIMIT_MAX = 1_000;
/** Entities of one name that are considered. */
export const NAMESAKES_MAX = 20;
/** Entities that are taken for one through merges. */
export const MERGED_MAX = 100;

/** Which facts are meant. Absent means any. */
export interface FactQuery {
  /** Facts whose subject or object it is, or one that was merged into it. */
  readonly entityId?: EntityId;
  /** The relation of their subject. */
  readonly relation?: string;
  readonly turnId?: string;
  /** Those that held in the world then. */
  readonly validAt?: Instant;
  /** As things were known then: later facts are missing, and later closings undone. */
  readonly learnedAt?: Instant;
  /** Those that nothing has closed. */
  readonly isCurrent?: boolean;
  readonly contentHash?: string;
  /** Those that come before this fact in the order of the answer. */
  readonly before?: FactId;
  /** Of more, those that were learned last. */
  readonly limit: number;
}

/** What taking out a turn touched. */
export interface TouchedByTurn {
  readonly facts: readonly FactId[];
  readonly entities: readonly EntityId[];
}

/**
 * Where the facts and entities of one organisation live. Every method stays within the space it is given: what another
 * space has reads as if it were not there. Facts are only added and closed; what is removed leaves no row.
 */
export interface FactStore {
  /** Adds a fact. Throws a `conflict` Failure when its id is taken, anywhere in the organisation. */
  add(fact: Fact): Promise<void>;
  /** Closes a fact. Throws `not_found` when there is none, `conflict` when it is closed already. */
  close(space: string, id: FactId, closing: Closing): Promise<void>;
  /** Notes that another turn says the fact too. Twice is once, up to the limit of a fact's sources. Throws `not_found` when there is none. */
  addSource(space: string, id: FactId, turnId: string): Promise<void>;
  /** Notes how two facts stand to each other; a judgement takes the place of a first guess. */
  link(space: string, link: FactLink): Promise<void>;
  /** The fact of that id, or undefined. */
  find(space: string, id: FactId): Promise<Fact | undefined>;
  /** The last ones by the time they were learned, then id, in that order. `limit` may be at most {@link FACTS_LIMIT_MAX}. */
  list(space: string, query: FactQuery): Promise<readonly Fact[]>;
  /** The links that the fact is an end of, by time, then ids. */
  links(space: string, id: FactId): Promise<readonly FactLink[]>;
  /** Takes back that two facts have to do with each other; does nothing where nobody has noted it. */
  unlink(space: string, link: Pick<FactLink, "earlier" | "later">): Promise<void>;
  /** Links that wait for a judge, by their later fact, then the earlier one. */
  uncertain(space: string, limit: number): Promise<readonly FactLink[]>;
  /**
   * Removes a fact and every row that names it; what it had closed is open again. Gives the facts that followed from it,
   * none when there is no such fact.
   */
  removeFact(space: string, id: FactId): Promise<readonly FactId[]>;

  /** Adds an entity. Throws a `conflict` Failure when its id is taken. */
  addEntity(entity: Entity): Promise<void>;
  /** The entity of that id, merged into another or not; undefined when there is none. */
  findEntity(space: string, id: EntityId): Promise<Entity | undefined>;
  /** Unmerged entities by id, those after an id when one is given. `limit` may be at most {@link FACTS_LIMIT_MAX}. */
  listEntities(space: string, page: { readonly limit: number; readonly after?: string }): Promise<readonly Entity[]>;
  /** Notes names by which turns call entities. Twice is once. */
  mention(space: string, mentions: readonly Mention[]): Promise<void>;
  /** What an entity was called where, by turn, then name. */
  mentions(space: string, id: EntityId): Promise<readonly Mention[]>;
  /**
   * The unmerged entities of a name in any spelling that {@link normalizedName} makes equal, by id, {@link NAMESAKES_MAX}
   * at most; merged ones count for the one they are kept in.
   */
  entitiesNamed(space: string, name: string): Promise<readonly Entity[]>;
  /** The entities that were merged into this one, through others too, and itself: {@link MERGED_MAX} at most. */
  family(space: string, id: EntityId): Promise<readonly EntityId[]>;
  /** Gives an entity another name to be shown by; what it was called stays. Throws `not_found` when there is none. */
  rename(space: string, id: EntityId, name: string): Promise<void>;
  /** Notes a merge and points the absorbed entity to the kept one. Throws `not_found` when one of them is not there. */
  merge(space: string, merge: EntityMerge): Promise<void>;
  /** Undoes the last merge of this entity. Throws `not_found` when there is none that stands. */
  undoMerge(space: string, absorbed: EntityId, undoneAt: Instant): Promise<void>;
  /** The merges that an entity took part in, by time. */
  merges(space: string, id: EntityId): Promise<readonly EntityMerge[]>;
  /** Removes an entity with its mentions and merges; those merged into it stand alone again. Facts are the caller's. */
  removeEntity(space: string, id: EntityId): Promise<void>;

  /** Removes a turn from the sources of facts and entities, and names those that it was a source of. */
  removeTurn(space: string, turnId: string): Promise<TouchedByTurn>;
  /** Removes everything of a space. */
  clear(space: string): Promise<void>;
}

/** The part of a {@link FactStore} that only reads. */
export type FactReader = Pick<
  FactStore,
  | "find"
  | "list"
  | "links"
  | "uncertain"
  | "findEntity"
  | "listEntities"
  | "mentions"
  | "entitiesNamed"
  | "family"
  | "merges"
>;

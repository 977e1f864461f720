import type { AgentId, BlockId, IdentityId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Identity } from "../identity.ts";
import type { IdentityFilter } from "./filters.ts";

/** What an identity is attached to. */
export interface IdentityLinks {
  readonly agentIds: readonly AgentId[];
  readonly blockIds: readonly BlockId[];
}

/** Where the identities of one organisation live, and what they are attached to. */
export interface IdentityStore {
  find(id: IdentityId): Promise<Identity | undefined>;
  /** The identity of that key in the project; null is the project of all that name none. */
  findByKey(identifierKey: string, projectId: string | null): Promise<Identity | undefined>;
  list(filter: IdentityFilter, page: Page): Promise<readonly Identity[]>;
  count(): Promise<number>;
  /** Throws a `conflict` Failure when the project has another identity of that key. */
  insert(identity: Identity): Promise<void>;
  /** As {@link IdentityStore.insert}; throws a `not_found` Failure when there is none of its id. */
  save(identity: Identity): Promise<void>;
  /** Removes the identity; what it was attached to stays. Throws a `not_found` Failure when there is none. */
  remove(id: IdentityId): Promise<void>;
  /** The identities of each agent, oldest first. Agents without any are left out. */
  listForAgents(ids: readonly AgentId[]): Promise<ReadonlyMap<AgentId, readonly Identity[]>>;
  /** What each identity is attached to, in the order of creation; every one of `ids` is there. */
  linksOf(ids: readonly IdentityId[]): Promise<ReadonlyMap<IdentityId, IdentityLinks>>;
  /** Attaching twice is once. */
  attachAgent(id: IdentityId, agentId: AgentId): Promise<void>;
  detachAgent(id: IdentityId, agentId: AgentId): Promise<void>;
  /** Attaching twice is once. */
  attachBlock(id: IdentityId, blockId: BlockId): Promise<void>;
  detachBlock(id: IdentityId, blockId: BlockId): Promise<void>;
}

/** The part of a {@link IdentityStore} that only reads. */
export type IdentityReader = Pick<IdentityStore, "find" | "findByKey" | "list" | "count" | "listForAgents" | "linksOf">;

import type { AgentId, BlockId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Block } from "./block.ts";
import type { BlockCause, BlockVersion, ShownBlock, VersionPage } from "./block-version.ts";

/** What a list of blocks is narrowed to. Absent means any. */
export interface BlockFilter {
  readonly label?: string;
  readonly templatesOnly?: boolean;
  readonly templateName?: string;
  readonly projectId?: string;
  readonly tags?: readonly string[];
  readonly matchAllTags?: boolean;
  readonly labelSearch?: string;
  readonly descriptionSearch?: string;
  readonly valueSearch?: string;
  readonly connectedToMoreThan?: number;
  readonly connectedToFewerThan?: number;
  readonly connectedToOneOf?: readonly number[];
  readonly showHidden?: boolean;
  /** Blocks that are attached to this identity of whom they are about. */
  readonly identityId?: string;
  /** Blocks that are attached to an identity of one of these keys. */
  readonly identifierKeys?: readonly string[];
  /** Blocks that were made of a template at that time. */
  readonly deploymentId?: string;
}

/**
 * Where the blocks of one organisation live. It keeps what it is given: limits and read-only blocks are rules of
 * `block-edit.ts`, which hold for an agent's own tools, and not for clients of the API.
 */
export interface BlockStore {
  /** The block of that id; undefined when there is none, or it is another organisation's. */
  find(id: BlockId): Promise<Block | undefined>;
  /** The agent's blocks in the order they were attached; none when there is no such agent. */
  listForAgent(agentId: AgentId): Promise<readonly Block[]>;
  /** The agent's block with this label, or undefined. */
  findForAgent(agentId: AgentId, label: string): Promise<Block | undefined>;
  /** A page of the blocks that fit, by their creation. Throws a `not_found` Failure for a cursor that names none. */
  list(filter: BlockFilter, page: Page): Promise<readonly Block[]>;
  /** How many blocks fit. */
  count(filter: BlockFilter): Promise<number>;
  /** A page of the block's kept versions, the present one among them; none when there is no such block. */
  versions(id: BlockId, page: VersionPage): Promise<readonly BlockVersion[]>;
  /** Those of these versions of any blocks that are still kept, in any order. */
  findVersions(wanted: readonly ShownBlock[]): Promise<readonly BlockVersion[]>;
  /** Stores a new block, attached to nobody, as its first version. Throws a `conflict` Failure when its id is taken. */
  insert(block: Block, cause?: BlockCause): Promise<void>;
  /**
   * Replaces the block, whose versions before stay, {@link BLOCK_VERSIONS_MAX} in all. Throws a `conflict` Failure when the
   * stored version is not `block.version - 1`, also because there is none, and when an agent that has it has another block
   * of its new label.
   */
  save(block: Block, cause?: BlockCause): Promise<void>;
  /** Removes the block from every agent and from the store; throws a `not_found` Failure when there is none. */
  remove(id: BlockId): Promise<void>;
  /** Throws a `conflict` Failure when the agent has another block of that label. Attaching twice is once. */
  attach(agentId: AgentId, block: Block): Promise<void>;
  /** Takes the block from the agent; it stays stored. Does nothing where the agent has it not. */
  detach(agentId: AgentId, blockId: BlockId): Promise<void>;
  /** The agents that share this block, oldest attachment first. */
  agentsOf(id: BlockId): Promise<readonly AgentId[]>;
}

/** The part of a {@link BlockStore} that only reads. */
export type BlockReader = Pick<
  BlockStore,
  "find" | "listForAgent" | "findForAgent" | "list" | "count" | "agentsOf" | "versions" | "findVersions"
>;

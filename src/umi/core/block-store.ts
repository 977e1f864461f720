import type { AgentId, BlockId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Block } from "./block.ts";

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
}

/** Where the blocks of one organisation live. */
export interface BlockStore {
  find(id: BlockId): Promise<Block | undefined>;
  /** The agent's blocks in the order they were attached. */
  listForAgent(agentId: AgentId): Promise<readonly Block[]>;
  /** The agent's block with this label, or undefined. */
  findForAgent(agentId: AgentId, label: string): Promise<Block | undefined>;
  list(filter: BlockFilter, page: Page): Promise<readonly Block[]>;
  count(filter: BlockFilter): Promise<number>;
  insert(block: Block): Promise<void>;
  /** Replaces the block; throws a `conflict` Failure when the stored version is not `block.version - 1`. */
  save(block: Block): Promise<void>;
  /** Removes the block from every agent and from the store. */
  remove(id: BlockId): Promise<void>;
  /** Throws a `conflict` Failure when the agent has another block of that label. Attaching twice is once. */
  attach(agentId: AgentId, block: Block): Promise<void>;
  detach(agentId: AgentId, blockId: BlockId): Promise<void>;
  /** The agents that share this block, oldest attachment first. */
  agentsOf(id: BlockId): Promise<readonly AgentId[]>;
}

import type { Clock, Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import { charCount, cut, wellFormed } from "../../core/text.ts";
import type { Block } from "./block.ts";
import { editValue, refuseReadOnly, refuseShownLineNumbers } from "./block-edit.ts";
import type { BlockStore } from "./block-store.ts";
import { coreMemoryMarkdown, coreMemoryXml } from "./core-memory-text.ts";
import { newBlock } from "./new-block.ts";

/** Blocks that one core memory holds that is kept in this process. */
export const CORE_BLOCKS_MAX = 100;
/** The longest label that the owner of a core memory may give to a block. */
const LABEL_CHARS_MAX = 100;
/** Labels that an error lists. */
const LABELS_LISTED_MAX = 50;

/** How to set a block. */
export interface BlockWish {
  /** Characters that the block may hold; what it has, or the default of a new one, when absent. */
  readonly limit?: number;
  readonly description?: string;
  /** Refuses the change with a `conflict` Failure when the block has another version by now. */
  readonly version?: number;
}

/** A block that the owner of a core memory wants to have. */
export interface WantedBlock {
  readonly label: string;
  /** The usual one of its label when absent. */
  readonly description?: string | null;
  readonly value: string;
}

/** Where the blocks of one core memory are kept. */
export interface CoreBlocks {
  /** The block of that label, or undefined. */
  find(label: string): Promise<Block | undefined>;
  /** In the order in which they came. */
  list(): Promise<readonly Block[]>;
  /** Keeps a new block. Throws a `conflict` Failure when there is one of its label, and `full` when there is no room. */
  insert(block: Block): Promise<void>;
  /** Replaces a block; throws a `conflict` Failure when the kept version is not `block.version - 1`. */
  save(block: Block): Promise<void>;
  /** Removes a block; does nothing when it is not there. */
  remove(block: Block): Promise<void>;
}

/**
 * Labelled blocks that are always in sight, as their owner changes them: small, bounded, and shown so that no value can
 * pass for something else. What `editValue` refuses is refused here, and nothing is kept of a change that is refused.
 */
export interface CoreMemory {
  /** The block of that label, or undefined. */
  get(label: string): Promise<Block | undefined>;
  /** The block of that label; throws a `not_found` Failure that names the labels there are. */
  require(label: string): Promise<Block>;
  /** In the order in which they were made. */
  list(): Promise<readonly Block[]>;
  /** A new block that is not kept yet. Throws a Failure for a bad label, and for a value that is longer than its limit. */
  draft(wanted: WantedBlock): Block;
  /** Keeps a new block; throws a `conflict` Failure when there is one of its label. */
  add(block: Block): Promise<void>;
  /** Keeps the next version of a block; throws a `conflict` Failure when there is a newer one by now. */
  save(block: Block): Promise<Block>;
  /**
   * Changes a block and keeps it; a change that gives the block itself is none. Throws what {@link CoreMemory.require},
   * the change and {@link CoreMemory.save} throw.
   */
  edit(label: string, change: (block: Block, at: Instant) => Block): Promise<Block>;
  /** Sets a block, made when there is none of that label. Throws a Failure when the value is longer than its limit. */
  set(label: string, value: string, wish?: BlockWish): Promise<Block>;
  /** Whether there was one. Throws a `refused` Failure when it is read-only. */
  remove(label: string): Promise<boolean>;
  /** All blocks as one text for a prompt; empty when there are none. */
  render(format: "xml" | "markdown"): Promise<string>;
}

/** What a {@link CoreMemory} is made of. */
export interface CoreMemoryOptions {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** In whose name blocks are changed. */
  readonly userId?: string;
  /** Where they are kept; in this process when absent. */
  readonly blocks?: CoreBlocks;
}

/** The {@link CoreMemory} over these blocks. */
export function createCoreMemory(options: CoreMemoryOptions): CoreMemory {
  const { clock, random, userId = "user", blocks = inMemoryBlocks() } = options;
  const core: CoreMemory = {
    get: (label) => blocks.find(label),
    async require(label) {
      const block = await blocks.find(label);
      if (block === undefined) throw noSuchBlock(label, await blocks.list());
      return block;
    },
    list: () => blocks.list(),
    draft({ label, description, value }) {
      refuseShownLineNumbers(value);
      const made = newBlock({ clock, random }, { userId }, { label: checkedLabel(label) });
      const told = description === undefined ? made.description : description && wellFormed(description);
      return { ...editValue({ ...made, description: told }, value, made.createdAt), version: 1 };
    },
    add: (block) => blocks.insert(block),
    async save(block) {
      const saved = { ...block, lastUpdatedById: userId };
      await blocks.save(saved);
      return saved;
    },
    async edit(label, change) {
      const before = await core.require(label);
      const after = change(before, clock.now());
      return after === before ? before : core.save(after);
    },
    async set(label, value, { limit, description, version } = {}) {
      const known = await blocks.find(label);
      if (version !== undefined && version !== (known?.version ?? 0))
        throw new Failure("conflict", `Block '${label}' has version ${known?.version ?? 0}, not ${version}`);
      const before = known ?? core.draft({ label, value: "" });
      const wished = { ...before, limit: limit ?? before.limit, description: description ?? before.description };
      const block = editValue(wished, value, clock.now());
      if (known !== undefined) return core.save(block);
      const made = { ...block, version: 1 };
      await blocks.insert(made);
      return made;
    },
    async remove(label) {
      const block = await blocks.find(label);
      if (block === undefined) return false;
      refuseReadOnly(block);
      await blocks.remove(block);
      return true;
    },
    render: async (format) => (format === "xml" ? coreMemoryXml : coreMemoryMarkdown)(await blocks.list()),
  };
  return core;
}

/** The blocks of one agent, of all that are stored. A block that is removed is only taken from this agent. */
export function blocksOfAgent(blocks: BlockStore, agentId: AgentId): CoreBlocks {
  return {
    find: (label) => blocks.findForAgent(agentId, label),
    list: () => blocks.listForAgent(agentId),
    async insert(block) {
      await blocks.insert(block);
      await blocks.attach(agentId, block);
    },
    save: (block) => blocks.save(block),
    remove: ({ id }) => blocks.detach(agentId, id),
  };
}

function inMemoryBlocks(): CoreBlocks {
  const kept = new Map<string, Block>();
  const find = async (label: string) => [...kept.values()].find((block) => block.label === label);
  return {
    find,
    list: async () => [...kept.values()],
    async insert(block) {
      if ((await find(block.label)) !== undefined) throw labelTaken(block.label);
      if (kept.size >= CORE_BLOCKS_MAX)
        throw new Failure(
          "full",
          `Core memory holds ${CORE_BLOCKS_MAX} blocks, and '${block.label}' would be one more`,
        );
      kept.set(block.id, block);
    },
    async save(block) {
      const version = kept.get(block.id)?.version;
      if (version !== block.version - 1)
        throw new Failure("conflict", `Block '${block.label}' has version ${version ?? 0}, not ${block.version - 1}`);
      kept.set(block.id, block);
    },
    remove: async ({ id }) => void kept.delete(id),
  };
}

/** The Failure that tells which labels there are. */
export function noSuchBlock(label: string, blocks: readonly Block[]): Failure {
  const labels = blocks.slice(0, LABELS_LISTED_MAX).map((block) => `\`${block.label}\``);
  const known = labels.length === 0 ? "You have no memory blocks" : `Your blocks: ${labels.join(", ")}`;
  return new Failure("not_found", `No memory block is labelled \`${cut(label, LABEL_CHARS_MAX)}\`. ${known}`);
}

/** The Failure for a label that is in use. */
export function labelTaken(label: string): Failure {
  return new Failure("conflict", `There is a memory block labelled \`${label}\` already; choose another label`);
}

/** The label, if it can stand as the name of a tag in the prompt; throws a `refused` Failure otherwise. */
export function checkedLabel(label: string): string {
  if (label.trim() === "" || charCount(label) > LABEL_CHARS_MAX || /[<>\p{C}\p{Zl}\p{Zp}]/u.test(label))
    throw new Failure(
      "refused",
      `A label has 1 to ${LABEL_CHARS_MAX} characters, on one line, without \`<\` and \`>\`; got \`${cut(label, LABEL_CHARS_MAX)}\``,
    );
  return label;
}

import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Random } from "../../core/random.ts";
import type { Block } from "./block.ts";
import { editValue } from "./block-edit.ts";
import { coreMemoryMarkdown, coreMemoryXml } from "./core-memory-text.ts";
import { newBlock } from "./new-block.ts";

/** Blocks that one core memory holds. */
export const CORE_BLOCKS_MAX = 100;

/** How to set a block. */
export interface BlockWish {
  /** Characters that the block may hold; what it has, or the default of a new one, when absent. */
  readonly limit?: number;
  readonly description?: string;
  /** Refuses the change with a `conflict` Failure when the block has another version by now. */
  readonly version?: number;
}

/** Labelled blocks that are always in sight: small, bounded, and shown so that no value can pass for something else. */
export interface CoreMemory {
  /** Sets a block, made when there is none of that label. Throws a Failure when the value is longer than its limit. */
  set(label: string, value: string, wish?: BlockWish): Block;
  get(label: string): Block | undefined;
  /** Whether there was one. */
  remove(label: string): boolean;
  /** In the order in which they were made. */
  list(): readonly Block[];
  render(format: "xml" | "markdown"): string;
}

/** An empty {@link CoreMemory}. */
export function createCoreMemory(sources: { readonly clock: Pick<Clock, "now">; readonly random: Random }): CoreMemory {
  const blocks = new Map<string, Block>();
  return {
    set(label, value, { limit, description, version } = {}) {
      if (label.trim() === "") throw new Failure("invalid", "A block needs a label");
      const known = blocks.get(label);
      if (known === undefined && blocks.size >= CORE_BLOCKS_MAX)
        throw new Failure("full", `Core memory holds ${CORE_BLOCKS_MAX} blocks, and '${label}' would be one more`);
      if (version !== undefined && version !== (known?.version ?? 0))
        throw new Failure("conflict", `Block '${label}' has version ${known?.version ?? 0}, not ${version}`);
      const before = known ?? newBlock(sources, { userId: "user" }, { label });
      const wished = { ...before, limit: limit ?? before.limit, description: description ?? before.description };
      const changed = editValue(wished, value, sources.clock.now());
      const block = { ...changed, version: (known?.version ?? 0) + 1 };
      blocks.set(label, block);
      return block;
    },
    get: (label) => blocks.get(label),
    remove: (label) => blocks.delete(label),
    list: () => [...blocks.values()],
    render: (format) => (format === "xml" ? coreMemoryXml : coreMemoryMarkdown)([...blocks.values()]),
  };
}

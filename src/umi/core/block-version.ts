import type { Instant } from "../../core/clock.ts";
import type { BlockId, KeyId, RunId, StepId, UserId } from "../../core/id.ts";
import type { Block } from "./block.ts";

/** Versions of a block that are kept: the newest. */
export const BLOCK_VERSIONS_MAX = 100;

/** A block as a prompt shows it. */
export type ShownBlock = readonly [id: BlockId, version: number];

/** What of a block models see and an undo brings back. */
export type BlockContent = Pick<Block, "label" | "value" | "limit" | "description">;

/** What made a version, besides the user in whose name it was stored. */
export interface BlockCause {
  /** The run and the step whose tool made it. */
  readonly runId?: RunId;
  readonly stepId?: StepId | null;
  /** The version whose content it has again. */
  readonly restoredVersion?: number;
}

/** What a block held from one change to the next, and who changed it. A version is never changed itself. */
export interface BlockVersion extends BlockContent {
  readonly blockId: BlockId;
  readonly version: number;
  readonly restoredVersion: number | null;
  /** Null where nobody knows: of blocks that were there before versions were kept. */
  readonly userId: UserId | null;
  readonly keyId: KeyId | null;
  readonly runId: RunId | null;
  readonly stepId: StepId | null;
  readonly createdAt: Instant;
}

/** A page of the versions of one block, by number. */
export interface VersionPage {
  readonly limit: number;
  readonly order: "asc" | "desc";
  /** Those that come behind this version in the order, and before that one. */
  readonly after?: number;
  readonly before?: number;
}

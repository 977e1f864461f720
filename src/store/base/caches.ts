import type { EntryColumns } from "../../umi/index/columns.ts";
import type { VectorRows } from "../../umi/vectors/vector-rows.ts";

/** Columns that were read of a space, and the epoch in which they hold. */
export interface CachedColumns {
  readonly epoch: number;
  readonly columns: EntryColumns;
}

/** Columns of spaces that were read lately, by number of the space. Only for readers of committed entries. */
export type ColumnCache = Map<number, CachedColumns>;

/** Vectors that were read of a space. */
export interface CachedVectors {
  readonly rows: VectorRows;
  readonly model: string | null;
  /** When each chunk that was read was last changed. A time is used once, so an equal one means equal codes. */
  readonly stamps: Map<number, number>;
  epoch: number;
}

/** Vectors of spaces that were searched lately, by number of the space. */
export type VectorCache = Map<number, CachedVectors>;

/** Up to where every entry of a space has what the model gave for it, and the epoch and model for which that holds. */
export interface EmbeddedPart {
  readonly epoch: number;
  readonly model: string;
  readonly through: number;
}

/** What readers of committed entries found of the spaces that they looked through lately, by number of the space. */
export type EmbeddedCache = Map<number, EmbeddedPart>;

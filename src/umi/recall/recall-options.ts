import type { Instant } from "../../core/clock.ts";
import type { Entry, EntryRole } from "../index/entry.ts";

/** Hits of one recall, at most, and when the caller does not say. */
export const RECALL_LIMIT_MAX = 500;
export const RECALL_LIMIT_DEFAULT = 10;

/** Where to look, and for what besides words. */
export interface RecallOptions {
  readonly space: string;
  /** 1 to {@link RECALL_LIMIT_MAX}. */
  readonly limit?: number;
  /** When the question is asked: "yesterday" is counted from here. */
  readonly at: Instant;
  /** Only entries of these roles; of all when absent. */
  readonly roles?: readonly EntryRole[];
  /** Only entries said from `start` to `end`, both included. */
  readonly start?: Instant;
  readonly end?: Instant;
  /** Only entries with one of these tags, or with all of them. */
  readonly tags?: readonly string[];
  readonly tagMatch?: "any" | "all";
  /** Only entries of this session. */
  readonly session?: string;
  /** The question as a vector of a model; entries without a vector of that model are found by words alone. */
  readonly vector?: QuestionVector;
  /** Whether to have the question put in other words: always, never, or (absent) when the first look found little. */
  readonly deep?: boolean;
  /** Whether hits say how their scores came about. */
  readonly explain?: boolean;
}

/** A vector and the model that made it. */
export interface QuestionVector {
  readonly model: string;
  readonly vector: Float32Array;
}

/** What a score is the sum of; parts that added nothing are absent. */
export type ScoreParts = Readonly<Record<string, number>>;

/** An entry that was recalled. */
export interface RecallHit {
  readonly entry: Entry;
  /** 0 to 1: comparable within one recall, not between two. */
  readonly score: number;
  /** There when it was asked for. */
  readonly parts?: ScoreParts;
}

/** What a recall found, best first. */
export interface RecallResult {
  readonly hits: readonly RecallHit[];
  /** Whether vectors took part. */
  readonly retrieval: "lexical" | "hybrid";
  /** 0 to 1: how much of the question, by rarity of its words, the best hit and its neighbours have. */
  readonly coverage: number;
  /** The other words that were searched for as well; empty when there were none. */
  readonly variations: readonly string[];
  /** Why other words were wanted and could not be had. The hits are those of the question itself then. */
  readonly deepFailure?: string;
}

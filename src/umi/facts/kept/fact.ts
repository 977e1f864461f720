import type { Instant } from "../../../core/clock.ts";
import type { Id } from "../../../core/id.ts";
import { sha256 } from "../../../core/sha256.ts";
import { tokensOf } from "../../text/tokens.ts";
import type { EntityId } from "./entity.ts";

/** Names one fact. */
export type FactId = Id<"fact">;

/** Characters of a fact's text and of its value. */
export const FACT_CHARS_MAX = 1_000;
/** Hexadecimal digits of a content hash. */
const HASH_CHARS = 32;
/** Turns that a fact may point to; the first ones are kept. */
export const FACT_SOURCES_MAX = 100;

/** How a fact stopped being current. */
export interface Closing {
  /** When it ceased to hold, in the world. */
  readonly validTo: Instant;
  /** When that was learned. */
  readonly closedAt: Instant;
  /** The fact that took its place. */
  readonly closedBy: FactId;
}

/**
 * One thing that was said to hold. It is never changed: what replaces it closes it. It holds in the world from
 * `validFrom` until its closing's `validTo`, and was known from `learnedAt`; the two times are independent.
 */
export interface Fact {
  readonly id: FactId;
  /** The place of memories that it belongs to; no query leaves it. */
  readonly space: string;
  /** A sentence that can be understood alone. */
  readonly text: string;
  readonly subjectId: EntityId | null;
  /** What is said of the subject, as in "lives_in"; empty when no rule knows. */
  readonly relation: string;
  readonly value: string;
  /** The entity that the value names. */
  readonly objectId: EntityId | null;
  /** Whether it says that the relation does not hold. */
  readonly isDenied: boolean;
  /** From 0 to 1: 1 was said in so many words. */
  readonly confidence: number;
  readonly validFrom: Instant;
  /** When it was said: of its turns, the first. */
  readonly saidAt: Instant;
  readonly learnedAt: Instant;
  /** When it happened, where the text says so. */
  readonly eventTime: Instant | null;
  /** The turns it was taken from. Empty only for what was derived. */
  readonly sourceTurnIds: readonly string[];
  /** The facts it follows from. */
  readonly derivedFrom: readonly FactId[];
  readonly closing: Closing | null;
}

/** What the text's words come to, whatever their case, accents, spacing and punctuation: equal for equal facts. */
export function contentHashOf(text: string): string {
  const tokens = tokensOf(text);
  return sha256(tokens.length > 0 ? tokens.join(" ") : text.trim()).slice(0, HASH_CHARS);
}

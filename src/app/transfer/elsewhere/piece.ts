import type { Instant } from "../../../core/clock.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { Talk } from "./talk.ts";

/** Programs whose exports are taken, by the names that `--format` has for them. */
export const ELSEWHERE = ["chatgpt", "claude", "mem0", "zep"] as const;

/** One of {@link ELSEWHERE}. */
export type Elsewhere = (typeof ELSEWHERE)[number];

/** What another program holds for true since some time. */
export interface Validity {
  readonly from: Instant;
  /** When it ceased to hold; null while it does. */
  readonly to: Instant | null;
  /** What it says of its subject, and of whom; empty where the file does not tell. */
  readonly relation: string;
  readonly subject: NamedNode | null;
  readonly object: NamedNode | null;
}

/** Somebody or something that facts of another program are about. */
export interface NamedNode {
  readonly sourceId: string;
  readonly name: string;
}

/** Something that another program remembers. */
export interface StatedMemory {
  /** What the report calls its kind. */
  readonly table: string;
  readonly sourceId: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** When the program learned it. */
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
  /** Since when it holds; null of a text that says no such thing. */
  readonly valid: Validity | null;
}

/** Something that an export brings, and of which of its users; null where it does not tell. */
export type Piece =
  | { readonly kind: "talk"; readonly talk: Talk; readonly user: string | null }
  | { readonly kind: "memory"; readonly memory: StatedMemory; readonly user: string | null }
  | { readonly kind: "user"; readonly user: string; readonly name: string }
  | { readonly kind: "left"; readonly table: string; readonly reason: string };

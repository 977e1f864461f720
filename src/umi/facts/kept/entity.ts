import type { Instant } from "../../../core/clock.ts";
import type { Id } from "../../../core/id.ts";
import { cut, wellFormed } from "../../../core/text.ts";
import { fold } from "../../text/fold.ts";

/** Names one entity, whatever it is called. */
export type EntityId = Id<"entity">;

/** What an entity is. "unknown" is compatible with every type. */
export type EntityType = "person" | "organization" | "place" | "project" | "event" | "thing" | "unknown";

/** Every {@link EntityType}. */
export const ENTITY_TYPES: readonly EntityType[] = [
  "person",
  "organization",
  "place",
  "project",
  "event",
  "thing",
  "unknown",
];

/** Characters of a name. */
export const NAME_CHARS_MAX = 200;

/**
 * Somebody or something that facts are about. Its id says nothing about its name, so two Adas are two, and Ada can be
 * renamed. Merging keeps both: the absorbed one points to the one that is kept, until the merge is undone.
 */
export interface Entity {
  readonly id: EntityId;
  readonly space: string;
  readonly type: EntityType;
  readonly name: string;
  readonly mergedInto: EntityId | null;
  readonly createdAt: Instant;
}

/** One name that an entity was called by in one turn. Names only propose candidates; they never decide identity. */
export interface Mention {
  readonly entityId: EntityId;
  readonly name: string;
  readonly turnId: string;
}

/** A merge that was made, and perhaps undone. */
export interface EntityMerge {
  readonly kept: EntityId;
  readonly absorbed: EntityId;
  readonly reason: string;
  readonly mergedAt: Instant;
  readonly undoneAt: Instant | null;
}

/** A name as it is compared: folded, single spaces, without an article, a possessive ending or a full stop. */
export function normalizedName(name: string): string {
  const plain = fold(wellFormed(cut(name, NAME_CHARS_MAX)))
    .replace(/\s+/gu, " ")
    .trim();
  return plain.replace(/^the /u, "").replace(/(?:'s|\.)$/u, "");
}

/**
 * The entity among `candidates` (all of that name) that a mention means: the only one whose type fits. Undefined
 * when there is none, and when there are several: a wrong merge is worse than one entity too many.
 */
export function resolveEntity(candidates: readonly Entity[], type: EntityType): Entity | undefined {
  const fitting = candidates.filter(
    (entity) => entity.type === type || entity.type === "unknown" || type === "unknown",
  );
  const exact = fitting.filter((entity) => entity.type === type);
  if (exact.length === 1) return exact[0];
  return fitting.length === 1 ? fitting[0] : undefined;
}

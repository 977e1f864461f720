import type { Instant } from "../../../core/clock.ts";
import type { EntityId } from "./entity.ts";
import type { FactId } from "./fact.ts";

/** How a later fact stands to an earlier one, Umi's vocabulary. */
export type EvolutionKind = "update" | "extend" | "derive" | "contradict";

/** That a later fact has to do with an earlier one. */
export interface FactLink {
  readonly earlier: FactId;
  readonly later: FactId;
  /** `uncertain` is a first guess that counts as `extend` until a judge has looked at it. */
  readonly kind: EvolutionKind | "uncertain";
  readonly reason: string;
  readonly confidence: number;
  readonly linkedAt: Instant;
}

/** An edge between two entities, as a fact states it: entities that were merged keep their own edges. */
export interface Relation {
  readonly factId: FactId;
  readonly subjectId: EntityId;
  readonly relation: string;
  readonly objectId: EntityId;
}

import type { Instant } from "../../../core/clock.ts";
import type { EntityType } from "../kept/entity.ts";

/** One turn that facts are taken from. */
export interface SourceTurn {
  readonly id: string;
  /** Who said it; empty when nobody is named. */
  readonly speaker: string;
  readonly text: string;
  readonly at: Instant;
}

/** Somebody or something that a text names. */
export interface NamedThing {
  readonly name: string;
  readonly type: EntityType;
}

/** A fact as a text states it, before it is known which entities are meant. */
export interface ExtractedFact {
  readonly turnId: string;
  readonly text: string;
  readonly subject: NamedThing | null;
  readonly relation: string;
  readonly value: string;
  readonly object: NamedThing | null;
  readonly isDenied: boolean;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly eventTime: Instant | null;
}

/** What came of an extraction. */
export interface Extraction {
  readonly facts: readonly ExtractedFact[];
  /** Turns that are still to be read, because whoever reads them was not there: ask again later. Never shortened. */
  readonly left: readonly SourceTurn[];
  /** Turns of which nothing was learned, because no answer of whoever read them could be used. */
  readonly unreadable: readonly SourceTurn[];
}

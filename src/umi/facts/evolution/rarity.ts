import type { FactFrame } from "./fact-frame.ts";

/** How much one further fact with the same term takes from its worth. */
const COMMONNESS = 0.7;

/** What a term or slot is worth for telling facts apart: 1 when no other fact has it, less with each that does. */
export type Rarity = (term: string) => number;

/** Counts of terms and slots over the facts that are compared. */
export interface Rarities {
  /** The worth of terms when one of the counted facts is compared: that fact itself does not count. */
  terms(without: FactFrame): Rarity;
  /** The worth of slots, counted likewise. */
  slots(without: FactFrame): Rarity;
}

/** Counts over these frames. */
export function raritiesOf(frames: readonly FactFrame[]): Rarities {
  const terms = counted(frames.map((frame) => frame.terms));
  const slots = counted(frames.map((frame) => frame.slots));
  return {
    terms: (without) => worth(terms, without.terms),
    slots: (without) => worth(slots, without.slots),
  };
}

function counted(sets: readonly ReadonlySet<string>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const set of sets) for (const term of set) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

function worth(counts: ReadonlyMap<string, number>, without: ReadonlySet<string>): Rarity {
  return (term) => 1 / (1 + COMMONNESS * ((counts.get(term) ?? 0) - (without.has(term) ? 1 : 0)));
}

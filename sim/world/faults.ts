import type { Decisions } from "../plan/decisions.ts";
import type { SeededRandom } from "./random.ts";

/** Whether things go wrong at the moment, and what did. A fault counts when it is applied, not when it is planned. */
export interface Faults {
  readonly areOn: boolean;
  chance(random: SeededRandom, probability: number): boolean;
  applied(kind: string): void;
  counts(): ReadonlyMap<string, number>;
  /** From here on the world is kind. */
  stop(): void;
}

/** Faults that are on. Mutant: `injectsNothing` never lets one happen. */
export function createFaults(decisions: Decisions, injectsNothing = false): Faults {
  const counts = new Map<string, number>();
  let areOn = !injectsNothing;
  return {
    get areOn() {
      return areOn;
    },
    chance: (random, probability) => areOn && decisions.fault(random.label, random.chance(probability)),
    applied(kind) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    },
    counts: () => counts,
    stop() {
      areOn = false;
    },
  };
}

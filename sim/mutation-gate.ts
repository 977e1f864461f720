import type { Lane } from "./coverage.ts";
import type { HarnessMutant } from "./harness-mutants.ts";
import { MUTANT_TABLE } from "./mutant-table.ts";
import type { Mutant } from "./mutants.ts";
import type { Workers } from "./workers.ts";

/** Which bugs must be found, and within how many seeds. */
export interface MutationGate {
  readonly lane: Lane;
  readonly mutants: readonly Mutant[];
  readonly seedsMax: number;
  /** A bug of the simulator itself, to see that the gate notices it. */
  readonly harness?: HarnessMutant;
}

/** A bug that no seed found, or none by an invariant that it breaks. */
export interface Unfound {
  readonly mutant: Mutant;
  /** What was found instead. */
  readonly found: readonly string[];
}

/** Looks for each bug until a seed finds it by an invariant that it must break; returns those that stay unfound. */
export async function unfoundMutants(workers: Workers, gate: MutationGate): Promise<readonly Unfound[]> {
  const all = await Promise.all(gate.mutants.map((mutant) => lookFor(workers, gate, mutant)));
  return all.filter((one) => one !== undefined);
}

async function lookFor(
  workers: Workers,
  { lane, seedsMax, harness }: MutationGate,
  mutant: Mutant,
): Promise<Unfound | undefined> {
  const found = new Set<string>();
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { result } = await workers.run({ seed, lane, mutant, harness });
    for (const { invariant } of result.violations) found.add(invariant);
    if (MUTANT_TABLE[mutant].breaks.some((name) => found.has(name))) return undefined;
  }
  return { mutant, found: [...found] };
}

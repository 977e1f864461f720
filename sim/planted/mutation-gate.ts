import type { Lane } from "../plan/coverage.ts";
import type { Workers } from "../workers.ts";
import type { HarnessMutant } from "./harness-mutants.ts";
import type { KeptSeeds } from "./kept-seeds.ts";
import { MUTANT_TABLE } from "./mutant-table.ts";
import type { Mutant } from "./mutants.ts";

/** Which bugs must be found, and within how many seeds. */
export interface MutationGate {
  readonly lane: Lane;
  readonly mutants: readonly Mutant[];
  readonly seedsMax: number;
  /** The seeds at which a search begins; one search, from the seed that is kept or from 1, when absent. */
  readonly bases?: readonly number[];
  readonly kept?: KeptSeeds;
  /** A bug of the simulator itself, to see that the gate notices it. */
  readonly harness?: HarnessMutant;
}

/** How a bug was looked for. */
export interface Search {
  readonly mutant: Mutant;
  /** The seeds that each search took; Infinity where none of `seedsMax` found it by an invariant that it must break. */
  readonly seeds: readonly number[];
  /** Every invariant that failed in one of them. */
  readonly found: readonly string[];
}

/** Looks for each bug until seeds find it by an invariant that it must break. `done` is told of each search. */
export async function searchMutants(
  workers: Workers,
  gate: MutationGate,
  done: (search: Search) => void = () => {},
): Promise<readonly Search[]> {
  const left = [...gate.mutants];
  const searches: Search[] = [];
  // Each process looks for a bug of its own: it takes longer to build one in than to run many seeds.
  const line = async (worker: number) => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const search = await searchFor(workers, worker, gate, mutant);
      searches.push(search);
      done(search);
    }
  };
  await Promise.all(Array.from({ length: workers.count }, (_, worker) => line(worker)));
  return searches;
}

/** Whether every search found its bug. */
export function isFound({ seeds }: Search): boolean {
  return seeds.every(Number.isFinite);
}

async function searchFor(workers: Workers, worker: number, gate: MutationGate, mutant: Mutant): Promise<Search> {
  const { lane, seedsMax, harness, kept = {}, bases = [kept[mutant] ?? 1] } = gate;
  const found = new Set<string>();
  const takes = async (base: number): Promise<number> => {
    for (let seed = base; seed < base + seedsMax; seed++) {
      const { result } = await workers.run({ seed, lane, mutant, harness }, (other) => other === worker);
      const broken = result.violations.map(({ invariant }) => invariant);
      for (const invariant of broken) found.add(invariant);
      if (MUTANT_TABLE[mutant].breaks.some((name) => broken.includes(name))) return seed - base + 1;
    }
    return Number.POSITIVE_INFINITY;
  };
  const seeds: number[] = [];
  for (const base of bases) seeds.push(await takes(base));
  return { mutant, seeds, found: [...found] };
}

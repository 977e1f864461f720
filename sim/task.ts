import type { Lane } from "./plan/coverage.ts";
import type { SeedPlan } from "./plan/seed-plan.ts";
import { HARNESS_MUTANTS, type HarnessMutant, IGNORED_LEASE_BREAKS } from "./planted/harness-mutants.ts";
import { MUTANT_TABLE } from "./planted/mutant-table.ts";
import { MUTANTS } from "./planted/mutants.ts";
import { type Simulate, simulateWith } from "./planted/planted.ts";
import { loadPowerDisk } from "./power/disk.ts";
import { POWER_MUTANTS } from "./power/trouble.ts";
import type { SimResult, SimulateOptions } from "./simulation.ts";

/** The bugs that can be planted in a lane. */
export function mutantsOf(lane: Lane): readonly string[] {
  return [...MUTANTS, ...HARNESS_MUTANTS, ...(lane === "power" ? POWER_MUTANTS : [])];
}

/** The invariants of which a planted bug must break one; undefined where any will do. */
export function breaksOf(mutant: string | undefined): readonly string[] | undefined {
  if (mutant === "ignores_lease") return IGNORED_LEASE_BREAKS;
  const known = MUTANTS.find((name) => name === mutant);
  return known && MUTANT_TABLE[known].breaks;
}

/** A seed to be run, as it is told to another process. */
export interface Task {
  readonly seed: number;
  readonly lane: Lane;
  /** One of {@link mutantsOf} the lane. */
  readonly mutant?: string | undefined;
  /** A second bug, in the simulator itself. */
  readonly harness?: HarnessMutant | undefined;
  readonly plan?: SeedPlan | undefined;
  readonly reversesRows?: boolean;
  /** Which lines of the trace are wanted; none when absent. */
  readonly lines?: { readonly from: number; readonly until: number };
}

/** What came of a {@link Task}. */
export interface TaskResult extends SimResult {
  /** The lines that were wanted. */
  readonly lines: readonly string[];
}

/** Runs a seed in this process. `show` is given every line of its trace. */
export async function runTask(task: Task, show: (line: string) => void = () => {}): Promise<TaskResult> {
  const { from = 0, until = 0 } = task.lines ?? {};
  const lines: string[] = [];
  let number = 0;
  const how: SimulateOptions = {
    ...(await plantedIn(task)),
    plan: task.plan,
    reversesRows: task.reversesRows === true,
    show(line) {
      if (number >= from && number < until) lines.push(line);
      number++;
      show(line);
    },
  };
  const simulate = await simulatorOf(how.mutant);
  return { ...(await simulate(task.seed, how)), lines };
}

/** Simulators that were built with a bug, by its name: building takes longer than many seeds. */
const simulators = new Map<string, Promise<Simulate>>();

function simulatorOf(mutant: SimulateOptions["mutant"]): Promise<Simulate> {
  const made = simulators.get(mutant ?? "") ?? simulateWith(mutant);
  simulators.set(mutant ?? "", made);
  return made;
}

async function plantedIn({ lane, mutant, harness }: Task): Promise<SimulateOptions> {
  const power = POWER_MUTANTS.find((name) => name === mutant);
  return {
    mutant: MUTANTS.find((name) => name === mutant),
    harness: harness ?? HARNESS_MUTANTS.find((name) => name === mutant),
    ...(lane === "power" ? { diskFrom: await loadPowerDisk(power) } : {}),
  };
}

import { join } from "node:path";
import { addTallies, EMPTY_TALLY, type Tally } from "../scripts/tally.ts";
import type { Totals } from "./batch.ts";
import type { Lane } from "./plan/coverage.ts";
import { BUGBASE, bugFiles, readBug } from "./planted/bug.ts";
import { readKeptSeeds } from "./planted/kept-seeds.ts";
import { MUTANTS } from "./planted/mutants.ts";
import { isFound, type Search, searchMutants } from "./planted/mutation-gate.ts";
import { searchText } from "./report.ts";
import type { Workers } from "./workers.ts";

/** What every change must pass: seeds of both lanes, all that was found before, and that what is planted is found. */
export interface CiOptions {
  readonly workers: Workers;
  /** Runs seeds of a lane with the replay check, and tells of them; `problem` is told what else is wrong. */
  readonly runSeeds: (lane: Lane, seeds: Iterable<number>) => Promise<Totals>;
  readonly problem: (text: string) => void;
  /** Told how far it is. */
  readonly tell: (text: string) => void;
}

/** Seeds of each lane: enough that every kind of fault is among them, and few enough for three minutes of two cores. */
const SEEDS: Readonly<Record<Lane, number>> = { fast: 400, power: 150 };
/** Seeds within which a planted bug must be found. */
const MUTANT_SEEDS_MAX = 200;

/** Runs it all; returns how many of these checks passed and failed. A lane counts a check for each seed. */
export async function runCi({ workers, runSeeds, problem, tell }: CiOptions): Promise<Tally> {
  let tally = EMPTY_TALLY;
  const count = (passed: number, failed: number) => {
    tally = addTallies(tally, { ...EMPTY_TALLY, passed, failed });
  };
  const check = (problems: readonly string[]) => {
    count(problems.length === 0 ? 1 : 0, problems.length === 0 ? 0 : 1);
    for (const text of problems) problem(text);
  };
  for (const lane of ["fast", "power"] as const) {
    const { failed } = await runSeeds(lane, firstSeeds(SEEDS[lane]));
    count(Math.max(0, SEEDS[lane] - failed), failed);
  }
  await Promise.all(bugFiles().map(async (name) => check(await replayBug(workers, name))));
  const gate = { lane: "fast", mutants: MUTANTS, seedsMax: MUTANT_SEEDS_MAX } as const;
  const kept = await readKeptSeeds();
  const done = (search: Search) => {
    tell(searchText(search));
    check(isFound(search) ? [] : [`No seed found that a server ${search.mutant.replaceAll("_", " ")}`]);
  };
  await searchMutants(workers, { ...gate, kept }, done);
  // Commits that nothing flushes must show on this disk too, or it keeps more than disks do.
  await searchMutants(workers, { ...gate, lane: "power", mutants: ["loses_flushes"] }, done);
  return tally;
}

function firstSeeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** What is wrong with a plan: what was found once must hold now, and fail with the bug that was planted then. */
async function replayBug(workers: Workers, name: string): Promise<readonly string[]> {
  const { lane, mutant, invariant, plan } = await readBug(join(BUGBASE, name));
  const task = { seed: plan.seed, lane, plan };
  const { result } = await workers.run(task);
  const problems = result.violations.map((violation) => `${name}: ${violation.invariant}: ${violation.detail}`);
  if (mutant === null) return problems;
  const planted = await workers.run({ ...task, mutant });
  if (planted.result.violations.some((violation) => violation.invariant === invariant)) return problems;
  return [...problems, `${name} does not fail any more with ${mutant}`];
}

import { join } from "node:path";
import type { Totals } from "./batch.ts";
import { BUGBASE, bugFiles, readBug } from "./bug.ts";
import type { Lane } from "./coverage.ts";
import { MUTANTS } from "./mutants.ts";
import { isFound, searchMutants } from "./mutation-gate.ts";
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
const MUTANT_SEEDS_MAX = 60;

/** Runs it all; returns how much failed. */
export async function runCi({ workers, runSeeds, problem, tell }: CiOptions): Promise<number> {
  let failed = 0;
  const wrong = (text: string) => {
    failed++;
    problem(text);
  };
  for (const lane of ["fast", "power"] as const) failed += (await runSeeds(lane, firstSeeds(SEEDS[lane]))).failed;
  await Promise.all(bugFiles().map(async (name) => replayBug(workers, name, wrong)));
  const gate = { lane: "fast", mutants: MUTANTS, seedsMax: MUTANT_SEEDS_MAX } as const;
  const searches = await searchMutants(workers, gate, (search) => tell(searchText(search)));
  // Commits that nothing flushes must show on this disk too, or it keeps more than disks do.
  const unflushed = await searchMutants(workers, { ...gate, lane: "power", mutants: ["loses_flushes"] });
  for (const { mutant, found } of [...searches, ...unflushed].filter((search) => !isFound(search)))
    wrong(`No seed found that a server ${mutant.replaceAll("_", " ")} (found: ${found.join(", ") || "nothing"})`);
  return failed;
}

function firstSeeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** What was found once must hold now, and fail with the bug that was planted then. */
async function replayBug(workers: Workers, name: string, wrong: (text: string) => void): Promise<void> {
  const { lane, mutant, invariant, plan } = await readBug(join(BUGBASE, name));
  const task = { seed: plan.seed, lane, plan };
  const { result } = await workers.run(task);
  for (const violation of result.violations) wrong(`${name}: ${violation.invariant}: ${violation.detail}`);
  if (mutant === null) return;
  const planted = await workers.run({ ...task, mutant });
  if (planted.result.violations.some((violation) => violation.invariant === invariant)) return;
  wrong(`${name} does not fail any more with ${mutant}`);
}

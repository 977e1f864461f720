// Runs seeds: see USAGE.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { summaryLine } from "../scripts/tally.ts";
import { type Batch, runBatch, type Totals } from "./batch.ts";
import { runCi } from "./ci.ts";
import { LANES } from "./plan/coverage.ts";
import { planOf, shrink } from "./plan/shrink.ts";
import { BUGBASE, readBug, writeBug } from "./planted/bug.ts";
import { type KeptSeeds, readKeptSeeds, writeKeptSeeds } from "./planted/kept-seeds.ts";
import { MUTANTS } from "./planted/mutants.ts";
import { isFound, type Search, searchMutants } from "./planted/mutation-gate.ts";
import { createFailureList, createProgress, failureText, faultsText, searchText, totalsText } from "./report.ts";
import type { SimResult } from "./simulation.ts";
import { breaksOf, mutantsOf, runTask, type Task } from "./task.ts";
import { startWorkers, type Workers } from "./workers.ts";

const SEED_MAX = 2 ** 31;
const SEEDS = 100;
const JOBS_MAX = 64;
/** How far apart the searches for a planted bug begin, and after how many seeds one gives up. */
const BASE_STEP = 10_000;
const SEARCH_SEEDS_MAX = 2_000;
/** Plans that are tried to make a failing one smaller. */
const TRIES_MAX = 400;
const USAGE = `Runs the server in a simulated world, one world for each seed.

  bun run sim --seed 7 [--trace] [--mutant NAME]
  bun run sim --seeds 1..200 [--check-replay] [--mutant NAME]
  bun run sim --minutes 10 [--from 1]
  bun run sim --seeds 7..60 --shrink NAME [--mutant NAME]   keeps the smallest plan that fails in sim/bugbase
  bun run sim --mutants [--bases 5]                         how many seeds find each of the planted bugs
  bun run sim --mutants --keep                              looks from the kept seeds on, and keeps for --ci what finds them now
  bun run sim --ci                                          what every change must pass
  bun run sim --plan FILE [--trace]                         runs such a plan, with the bug planted that it was found with

With --lane power the machine may lose its power at any write and any sync, and the disk may refuse them.
--jobs N runs so many seeds at a time, by default one for each core.

Mutants, bugs planted around the server: ${mutantsOf("fast").join(", ")}
With --lane power also: ${mutantsOf("power")
  .filter((name) => !mutantsOf("fast").includes(name))
  .join(", ")}`;

const values = readOptions();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const lane = LANES.find((name) => name === (values.lane ?? "fast")) ?? refuse(`There is no lane ${values.lane}.`);
const mutant = values.mutant;
if (mutant !== undefined && !mutantsOf(lane).includes(mutant)) refuse(`There is no mutant ${mutant}.`);

function readOptions() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", default: false },
        seed: { type: "string" },
        seeds: { type: "string" },
        minutes: { type: "string" },
        from: { type: "string", default: "1" },
        jobs: { type: "string", default: String(availableParallelism()) },
        lane: { type: "string" },
        mutant: { type: "string" },
        plan: { type: "string" },
        shrink: { type: "string" },
        ci: { type: "boolean", default: false },
        mutants: { type: "boolean", default: false },
        bases: { type: "string", default: "5" },
        keep: { type: "boolean", default: false },
        trace: { type: "boolean", default: false },
        "check-replay": { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(why: string): never {
  console.error(`${why}\n\n${USAGE}`);
  process.exit(2);
}

/** The seeds that were asked for, one by one, until the time is over. */
function* seedsWanted(): Generator<number> {
  const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? "");
  const untilMs =
    values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000;
  const first = Number(values.seed ?? range?.[1] ?? values.from);
  const last = values.minutes === undefined ? Number(values.seed ?? range?.[2] ?? first + SEEDS - 1) : SEED_MAX;
  for (let seed = first; seed <= last && performance.now() < untilMs; seed++) yield seed;
}

/** Runs seeds and tells what came of them. */
async function runSeeds(workers: Workers, batch: Pick<Batch, "seeds" | "checksReplay" | "lane">): Promise<Totals> {
  const progress = createProgress(process.stdout, () => performance.now());
  const failures = createFailureList(progress.say);
  const totals = await runBatch(workers, {
    ...batch,
    mutant,
    failed: failures.took,
    problem: progress.say,
    progress: progress.take,
  });
  progress.say(totalsText(totals, progress.wallMs()));
  progress.say(faultsText(totals));
  const failed = failures.text();
  if (failed !== undefined) progress.say(failed);
  return totals;
}

/** Runs one seed here, with every event shown if that is wanted. */
async function show(task: Task): Promise<number> {
  const result = await runTask(task, values.trace ? (line) => console.log(line) : undefined);
  if (result.violations.length > 0) console.log(failureText(task, result));
  return result.violations.length;
}

async function runPlan(path: string): Promise<number> {
  const bug = await readBug(path);
  const failed = await show({ seed: bug.plan.seed, lane: bug.lane, mutant: bug.mutant ?? undefined, plan: bug.plan });
  console.log(failed > 0 ? `${path} fails` : `${path} holds`);
  return failed;
}

/** Makes the first seed that fails as small as it gets, and keeps it. */
async function keepSmallest(name: string): Promise<number> {
  for (const seed of seedsWanted()) {
    const task: Task = { seed, lane, mutant };
    const first = await runTask(task);
    // A planted bug may break things by accident; what it must break is the better story.
    const wanted = breaksOf(mutant);
    const found = first.violations.find(({ invariant }) => wanted === undefined || wanted.includes(invariant));
    if (found !== undefined) return keep(name, task, first, found.invariant);
  }
  return refuse("None of these seeds fails.");
}

async function keep(name: string, task: Task, first: SimResult, invariant: string): Promise<number> {
  const plan = await shrink({
    plan: planOf(task.seed, first),
    invariant,
    triesMax: TRIES_MAX,
    run: (smaller) => runTask({ ...task, plan: smaller }),
    smaller: ({ operations, faults, picks }, tries) =>
      console.log(`try ${tries}: ${operations.length} operations, ${faults.length} faults, ${picks.length} picks`),
  });
  const path = join(BUGBASE, `${name}.json`);
  const result = await runTask({ ...task, plan, lines: { from: 0, until: Number.POSITIVE_INFINITY } });
  await writeBug(path, { invariant, lane, mutant: mutant ?? null, plan }, result);
  console.log(`${invariant} still fails with ${path}`);
  return 1;
}

/** Looks for each planted bug from several seeds on, and tells how many seeds it took; returns how many stay unfound. */
async function tableOfMutants(workers: Workers): Promise<number> {
  const bases = Array.from({ length: Math.max(1, Number(values.bases) || 1) }, (_, index) => index * BASE_STEP + 1);
  const mutants = mutant === undefined ? MUTANTS : MUTANTS.filter((name) => name === mutant);
  const kept = await readKeptSeeds();
  const gate = { lane, mutants, seedsMax: SEARCH_SEEDS_MAX, ...(values.keep ? { kept } : { bases }) };
  const searches = await searchMutants(workers, gate, (search) => console.log(searchText(search)));
  if (values.keep) await writeKeptSeeds(keptAfter(kept, searches));
  const unfound = searches.filter((search) => !isFound(search)).length;
  const times = values.keep ? 1 : bases.length;
  console.log(`${searches.length} planted bugs, each looked for ${times} times; ${unfound} not found every time`);
  return unfound;
}

/** The seeds that find bugs now, beside those of bugs that were not looked for. */
function keptAfter(kept: KeptSeeds, searches: readonly Search[]): KeptSeeds {
  const found = searches.filter(isFound).map(({ mutant: name, seeds: [count = 1] }) => {
    return [name, (kept[name] ?? 1) + count - 1] as const;
  });
  return { ...kept, ...Object.fromEntries(found) };
}

async function run(): Promise<number> {
  if (values.plan !== undefined) return runPlan(values.plan);
  if (values.shrink !== undefined) return keepSmallest(values.shrink);
  if (values.trace) {
    let failed = 0;
    for (const seed of seedsWanted()) failed += await show({ seed, lane, mutant });
    return failed;
  }
  const jobs = Math.min(Math.max(1, Number(values.jobs) || 1), JOBS_MAX);
  const checksReplay = values["check-replay"] || values.ci;
  const workers = startWorkers(checksReplay ? Math.max(2, jobs) : jobs);
  try {
    if (values.mutants) return await tableOfMutants(workers);
    if (!values.ci) return (await runSeeds(workers, { lane, seeds: seedsWanted(), checksReplay })).failed;
    const tally = await runCi({
      workers,
      runSeeds: (each, seeds) => runSeeds(workers, { lane: each, seeds, checksReplay }),
      problem: console.log,
      tell: console.log,
    });
    console.log(summaryLine(tally));
    return tally.failed;
  } finally {
    workers.close();
  }
}

process.exit((await run()) === 0 ? 0 : 1);

import { type Lane, missingKinds } from "./plan/coverage.ts";
import { replayProblem } from "./replay.ts";
import type { SimResult } from "./simulation.ts";
import type { Task } from "./task.ts";
import type { Workers } from "./workers.ts";

/** One seed in so many is run again in another process, and must leave the same trace and the same rows. */
const REPLAY_EVERY = 20;
/** Seeds that wait for each worker: so none is idle. */
const AHEAD = 2;
/** Fewer seeds say nothing of what never happens. */
const COVERAGE_SEEDS_MIN: Readonly<Record<Lane, number>> = { fast: 400, power: 150 };

/** What became of many seeds. */
export interface Totals {
  seeds: number;
  failed: number;
  events: number;
  replies: number;
  checks: number;
  virtualMs: number;
  starts: number;
  replayed: number;
  readonly faults: Map<string, number>;
}

/** Many seeds of one lane. */
export interface Batch {
  readonly lane: Lane;
  readonly mutant?: string | undefined;
  readonly seeds: Iterable<number>;
  /** Whether one seed in {@link REPLAY_EVERY}, and each that fails, runs once more elsewhere. */
  readonly checksReplay: boolean;
  /** From so many seeds on every kind of fault must have happened. */
  readonly coverageSeedsMin?: number;
  readonly failed: (task: Task, result: SimResult) => void;
  /** Given what is wrong with the simulator itself. */
  readonly problem: (text: string) => void;
  /** Called after every seed. */
  readonly progress: (totals: Totals) => void;
}

/** Runs seeds in as many processes as there are. */
export async function runBatch(workers: Workers, batch: Batch): Promise<Totals> {
  const { lane, mutant, problem } = batch;
  const totals: Totals = {
    ...{ seeds: 0, failed: 0, events: 0, replies: 0, checks: 0, virtualMs: 0, starts: 0, replayed: 0 },
    faults: new Map(),
  };

  function wrong(text: string): void {
    totals.failed++;
    problem(text);
  }

  async function one(seed: number): Promise<void> {
    const task: Task = { seed, lane, mutant };
    const ran = await workers.run(task);
    const hasFailed = ran.result.violations.length > 0;
    add(totals, ran.result);
    if (hasFailed) batch.failed(task, ran.result);
    if (batch.checksReplay && (hasFailed || seed % REPLAY_EVERY === 0)) {
      totals.replayed++;
      const difference = await replayProblem(workers, task, ran);
      if (difference !== undefined) wrong(difference);
    }
    batch.progress(totals);
  }

  const seeds = batch.seeds[Symbol.iterator]();
  async function lineOfSeeds(): Promise<void> {
    for (let next = seeds.next(); next.done !== true; next = seeds.next()) await one(next.value);
  }
  await Promise.all(Array.from({ length: workers.count * AHEAD }, lineOfSeeds));
  if (totals.seeds >= (batch.coverageSeedsMin ?? COVERAGE_SEEDS_MIN[lane]))
    for (const kind of missingKinds(lane, totals.faults)) wrong(`In ${totals.seeds} seeds there was no '${kind}'`);
  return totals;
}

function add(totals: Totals, result: SimResult): void {
  totals.seeds++;
  if (result.violations.length > 0) totals.failed++;
  totals.events += result.events;
  totals.replies += result.replies;
  totals.checks += result.checks;
  totals.virtualMs += result.virtualMs;
  totals.starts += result.incarnations;
  for (const [kind, count] of result.faults) totals.faults.set(kind, (totals.faults.get(kind) ?? 0) + count);
}

// Runs seeds: see USAGE.
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";
import { simulateWith } from "./planted.ts";
import { loadPowerDisk } from "./power/disk.ts";
import { POWER_MUTANTS } from "./power/trouble.ts";
import type { SimResult, SimulateOptions } from "./simulation.ts";

const SEED_MAX = 2 ** 31;
/** One seed in so many is run again in another process, and must leave the same trace and the same rows. */
const REPLAY_EVERY = 20;
const PROGRESS_EVERY_MS = 10_000;
const LINES_SHOWN = 40;
const FAILURES_SHOWN = 5;
const USAGE = `Runs the server in a simulated world, one world for each seed.

  bun run sim --seed 7 [--trace] [--mutant NAME]
  bun run sim --seeds 1..200 [--check-replay] [--mutant NAME]
  bun run sim --minutes 10 [--from 1]

With --lane power the machine may lose its power at any write and any sync, and the disk may refuse them.

Mutants, bugs planted around the server: ${MUTANTS.join(", ")}
With --lane power also: ${POWER_MUTANTS.join(", ")}`;

const { values } = readOptions();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

if (values.lane !== undefined && values.lane !== "power") refuse(`There is no lane ${values.lane}.`);
const mutant = MUTANTS.find((name) => name === values.mutant);
const powerMutant = values.lane === "power" ? POWER_MUTANTS.find((name) => name === values.mutant) : undefined;
if (values.mutant !== undefined && mutant === undefined && powerMutant === undefined)
  refuse(`There is no mutant ${values.mutant}.`);
/** What must be given again to see a seed again. */
const chosen = [
  ...(values.lane === undefined ? [] : ["--lane", values.lane]),
  ...(values.mutant === undefined ? [] : ["--mutant", values.mutant]),
];
const simulate = await simulateWith(mutant);
const options: SimulateOptions = {
  ...(mutant === undefined ? {} : { mutant }),
  ...(values.lane === undefined ? {} : { diskFrom: await loadPowerDisk(powerMutant) }),
  ...(values.trace ? { show: (line: string) => console.log(line) } : {}),
};

function readOptions() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", default: false },
        seed: { type: "string" },
        seeds: { type: "string" },
        minutes: { type: "string" },
        from: { type: "string", default: "1" },
        lane: { type: "string" },
        mutant: { type: "string" },
        trace: { type: "boolean", default: false },
        "check-replay": { type: "boolean", default: false },
        hashes: { type: "boolean", default: false },
      },
    });
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
  const last = values.minutes === undefined ? Number(values.seed ?? range?.[2] ?? first + 99) : SEED_MAX;
  for (let seed = first; seed <= last && performance.now() < untilMs; seed++) yield seed;
}

const totals = { seeds: 0, failed: 0, events: 0, replies: 0, checks: 0, virtualMs: 0, starts: 0, replayed: 0 };
const faults = new Map<string, number>();

function add(result: SimResult): void {
  totals.seeds++;
  totals.events += result.events;
  totals.replies += result.replies;
  totals.checks += result.checks;
  totals.virtualMs += result.virtualMs;
  totals.starts += result.incarnations;
  for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
}

function report(seed: number, result: SimResult): void {
  const again = ["bun run sim --seed", seed, ...chosen, "--trace"].join(" ");
  console.log(`\nFAIL seed ${seed}`);
  for (const { invariant, detail } of result.violations) console.log(`  ${invariant}: ${detail}`);
  console.log(`  options: ${JSON.stringify(result.options)}`);
  console.log(
    `  the last events:\n${result.lastLines
      .slice(-LINES_SHOWN)
      .map((line) => `    ${line}`)
      .join("\n")}`,
  );
  console.log(`  again: ${again}\n`);
}

/** Runs the seed in a process of its own and compares what it left. */
function replayProblem(seed: number, result: SimResult): string | undefined {
  const args = ["sim/main.ts", "--seed", String(seed), "--hashes", ...chosen];
  const { stdout } = Bun.spawnSync([process.execPath, ...args], { stderr: "inherit" });
  totals.replayed++;
  const [line = ""] = stdout.toString().trim().split("\n");
  const expected = hashes(result);
  return line === expected ? undefined : `Seed ${seed} left ${expected} here and ${line} in another process`;
}

function hashes(result: SimResult): string {
  return `${result.traceHash} ${result.databaseHash}`;
}

function progress(seconds: number): string {
  const hours = totals.virtualMs / 3_600_000;
  return `${totals.seeds} seeds, ${totals.failed} failed, ${hours.toFixed(1)} virtual hours in ${seconds.toFixed(1)} s, ${totals.starts} starts, ${totals.events} events, ${totals.replies} model replies, ${totals.checks} checks`;
}

const startMs = performance.now();
let shownMs = startMs;
for (const seed of seedsWanted()) {
  const result = await simulate(seed, options);
  add(result);
  if (values.hashes) console.log(hashes(result));
  if (result.violations.length > 0) {
    totals.failed++;
    if (totals.failed <= FAILURES_SHOWN && !values.hashes) report(seed, result);
  }
  if (
    values["check-replay"] &&
    (seed % REPLAY_EVERY === 0 || values.seed !== undefined || result.violations.length > 0)
  ) {
    const problem = replayProblem(seed, result);
    if (problem !== undefined) {
      totals.failed++;
      console.log(problem);
    }
  }
  if (performance.now() - shownMs < PROGRESS_EVERY_MS) continue;
  shownMs = performance.now();
  console.log(progress((shownMs - startMs) / 1000));
}
if (!values.hashes) {
  console.log(progress((performance.now() - startMs) / 1000));
  const kinds = [...faults].sort().map(([kind, count]) => `${kind} ${count}`);
  console.log(`faults applied: ${kinds.join(", ") || "none"}`);
  if (values["check-replay"]) console.log(`${totals.replayed} seeds ran again in another process`);
}
process.exit(totals.failed === 0 ? 0 : 1);

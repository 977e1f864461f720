import { afterAll, expect, test } from "bun:test";
import { runBatch } from "../batch.ts";
import { LANES, missingKinds } from "../plan/coverage.ts";
import { replayProblem } from "../replay.ts";
import { runTask } from "../task.ts";
import { startWorkers } from "../workers.ts";
import { type HarnessMutant, IGNORED_LEASE_BREAKS } from "./harness-mutants.ts";
import { isFound, searchMutants } from "./mutation-gate.ts";

const TIMEOUT_MS = 400_000;
const SEEDS_MAX = 60;

const workers = startWorkers(2);
afterAll(workers.close);

/** What seeds say of a simulator with a bug, until one says something, or something of these invariants. */
async function violationsOf(mutant: HarnessMutant, wanted?: readonly string[]): Promise<readonly string[]> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { violations } = (await workers.run({ seed, lane: "fast", mutant })).result;
    const found = violations.filter(({ invariant }) => wanted?.includes(invariant) ?? true);
    if (found.length > 0) return found.map(({ invariant, detail }) => `${invariant} ${detail}`);
  }
  return [];
}

const TRAPPED = {
  uses_math_random: "Math.random",
  uses_date_now: "Date.now",
  uses_set_timeout: "setTimeout",
} as const satisfies Partial<Record<HarnessMutant, string>>;

for (const mutant of ["uses_math_random", "uses_date_now", "uses_set_timeout"] as const) {
  test(
    `withTraps() catches a server that ${mutant.replaceAll("_", " ")}`,
    async () => {
      const [first = ""] = await violationsOf(mutant);
      expect(first).toStartWith(`H trap ${TRAPPED[mutant]} was used past the world`);
      expect(first).toMatch(/ at \w+ \(.*\.ts:\d+/);
    },
    TIMEOUT_MS,
  );
}

for (const mutant of ["keeps_time_in_module", "relies_on_row_order"] as const) {
  test(
    `replayProblem() finds a server that ${mutant.replaceAll("_", " ")}, and where it shows`,
    async () => {
      // So that what outlives a seed differs between the processes.
      await workers.run({ seed: 1, lane: "fast", mutant }, (worker) => worker === 0);
      const task = { seed: 2, lane: "fast", mutant } as const;
      const first = await workers.run(task, (worker) => worker === 0);
      expect(await replayProblem(workers, task, first)).toMatch(/Seed 2 ran differently .* (?:line \d+ is|outlived)/);
    },
    TIMEOUT_MS,
  );
}

for (const lane of LANES) {
  test(
    `replayProblem() finds nothing in the ${lane} lane where nothing is planted`,
    async () => {
      const task = { seed: 2, lane };
      const first = await workers.run(task);
      expect(await replayProblem(workers, task, first)).toBeUndefined();
    },
    TIMEOUT_MS,
  );
}

test(
  "simulate() finds a server that ignores its lease",
  async () => {
    const found = await violationsOf("ignores_lease", IGNORED_LEASE_BREAKS);
    expect(found).not.toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "missingKinds() names every fault of an injector that injects nothing",
  async () => {
    const { faults, violations } = await runTask({ seed: 1, lane: "fast", mutant: "injects_nothing" });
    expect(violations).toEqual([]);
    const missing = missingKinds("fast", faults);
    for (const kind of ["crash kill", "crash in start", "model stall", "clock set back", "disk full in statement"])
      expect(missing).toContain(kind);
  },
  TIMEOUT_MS,
);

test(
  "searchMutants() finds no bug with an oracle that is always content, and each with the one there is",
  async () => {
    const gate = { lane: "fast", mutants: ["never_recovers", "repeats_stream_lines"], seedsMax: 3 } as const;
    const content = await searchMutants(workers, { ...gate, harness: "finds_nothing" });
    expect(content.map(({ seeds }) => seeds)).toEqual([[Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY]]);
    expect((await searchMutants(workers, { ...gate, seedsMax: 40 })).map(isFound)).toEqual([true, true]);
  },
  TIMEOUT_MS,
);

test(
  "searchMutants() begins at the seed that is kept of a bug",
  async () => {
    const gate = { lane: "fast", mutants: ["never_recovers"], seedsMax: 40 } as const;
    const [fromKept] = await searchMutants(workers, { ...gate, kept: { never_recovers: 31 } });
    const [fromBase] = await searchMutants(workers, { ...gate, bases: [31] });
    expect(fromKept).toEqual(fromBase);
    expect(fromKept?.seeds).not.toEqual((await searchMutants(workers, gate))[0]?.seeds);
  },
  TIMEOUT_MS,
);

test(
  "runBatch() fails a batch of many seeds in which a kind of fault never happens",
  async () => {
    const problems: string[] = [];
    const seeds = Array.from({ length: 3 }, (_, index) => index + 1);
    const batch = {
      lane: "fast",
      seeds,
      checksReplay: false,
      coverageSeedsMin: 3,
      failed() {},
      progress() {},
    } as const;
    const problem = (text: string) => problems.push(text);
    const totals = await runBatch(workers, { ...batch, mutant: "injects_nothing", problem });
    expect(totals.failed).toBe(problems.length);
    expect(problems).toContain("In 3 seeds there was no 'crash kill'");
  },
  TIMEOUT_MS,
);

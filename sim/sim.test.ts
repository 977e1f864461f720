import { expect, test } from "bun:test";
import { join } from "node:path";
import { MUTANTS, type Mutant } from "./mutants.ts";
import { CRASHES } from "./options.ts";
import { type SimResult, simulate } from "./simulation.ts";

const TIMEOUT_MS = 120_000;
const SEEDS = 30;
/** Seeds within which each planted bug must be found. */
const MUTANT_SEEDS_MAX = 60;

/** Invariants of which a planted bug must break at least one: what it breaks by accident does not count. */
const EXPECTED: Readonly<Record<Mutant, readonly string[]>> = {
  loses_flushes: ["S1 acknowledged", "S8 block", "S9 stream"],
  acks_before_commit: ["S1 acknowledged", "S8 block", "S9 stream"],
  splits_effect_from_answer: ["S4 effects"],
  repeats_stream_lines: ["S9 stream"],
  forgets_running_runs: ["S5 one run"],
  forgets_names: ["S3 once"],
  never_recovers: ["L1 ends", "S9 stream"],
  undoes_block_edits: ["S8 block", "S4 effects"],
  forgets_owed_work: ["L3 vectors"],
};

function hashes({ traceHash, databaseHash }: SimResult): string {
  return `${traceHash} ${databaseHash}`;
}

test(
  `simulate() finds nothing wrong in ${SEEDS} seeds, and every way to crash is among them`,
  async () => {
    const faults = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await simulate(seed);
      expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
      for (const kind of result.faults.keys()) faults.add(kind);
    }
    const wanted = [
      ...CRASHES.map((kind) => `crash ${kind}`),
      "connection lost",
      "stream continued",
      "message sent twice",
    ];
    expect(wanted.filter((kind) => !faults.has(kind))).toEqual([]);
    expect([...faults].filter((kind) => kind.startsWith("model ")).length).toBeGreaterThan(3);
  },
  TIMEOUT_MS,
);

test(
  "simulate() leaves the same trace and the same rows in two processes",
  async () => {
    const seed = 3;
    const here = await simulate(seed);
    expect(hashes(await simulate(seed))).toBe(hashes(here));
    const main = join(import.meta.dir, "main.ts");
    const { stdout } = Bun.spawnSync([process.execPath, main, "--seed", String(seed), "--hashes"]);
    expect(stdout.toString().trim()).toBe(hashes(here));
    expect(hashes(await simulate(seed + 1))).not.toBe(hashes(here));
  },
  TIMEOUT_MS,
);

for (const mutant of MUTANTS) {
  test(
    `simulate() finds a server that ${mutant.replaceAll("_", " ")}`,
    async () => {
      const expected = EXPECTED[mutant];
      const found = new Set<string>();
      for (let seed = 1; seed <= MUTANT_SEEDS_MAX && !expected.some((name) => found.has(name)); seed++)
        for (const { invariant } of (await simulate(seed, { mutant })).violations) found.add(invariant);
      expect([...found].filter((invariant) => expected.includes(invariant))).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
}

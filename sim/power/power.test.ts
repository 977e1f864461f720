import { expect, test } from "bun:test";
import type { Mutant } from "../planted/mutants.ts";
import { type SimResult, simulate } from "../simulation.ts";
import { loadPowerDisk } from "./disk.ts";
import { POWER_MUTANTS, type PowerMutant } from "./trouble.ts";

const TIMEOUT_MS = 120_000;
const SEEDS = 24;
/** Seeds within which each planted bug must be found. */
const MUTANT_SEEDS_MAX = 40;

/** Invariants of which a planted bug must break at least one. */
const EXPECTED: Readonly<Record<PowerMutant | "loses_flushes", readonly string[]>> = {
  loses_flushes: ["S1 acknowledged", "S8 block", "S9 stream", "S10 lease"],
  skips_log_sync: ["S15 file"],
  skips_database_sync: ["S15 file", "S1 acknowledged", "S8 block"],
};

test(
  `simulate() finds nothing wrong in ${SEEDS} seeds with losses of power, which strike everywhere`,
  async () => {
    const faults = new Set<string>();
    const diskFrom = await loadPowerDisk();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await simulate(seed, { diskFrom });
      expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
      for (const kind of result.faults.keys()) faults.add(kind);
    }
    const wanted = [
      // Few stops come about here; a whole run of the lane must have one, see coverage.ts.
      ...["start", "commit", "checkpoint"].map((work) => `crash power in ${work}`),
      "crash power",
      "crash kill",
      "crash flush failed",
      "disk full in commit",
      "write failed in checkpoint",
      "sync failed in checkpoint",
      "checkpoint",
    ];
    expect(wanted.filter((kind) => !faults.has(kind))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "simulate() with losses of power leaves another trace than without them",
  async () => {
    const seed = 3;
    const hashes = ({ traceHash, databaseHash }: SimResult) => `${traceHash} ${databaseHash}`;
    const diskFrom = await loadPowerDisk();
    const here = hashes(await simulate(seed, { diskFrom }));
    expect(hashes(await simulate(seed, { diskFrom }))).toBe(here);
    expect(hashes(await simulate(seed))).not.toBe(here);
  },
  TIMEOUT_MS,
);

async function invariantsBrokenBy(planted: { mutant?: Mutant; power?: PowerMutant }, expected: readonly string[]) {
  const diskFrom = await loadPowerDisk(planted.power);
  const mutant = planted.mutant === undefined ? {} : { mutant: planted.mutant };
  const found = new Set<string>();
  for (let seed = 1; seed <= MUTANT_SEEDS_MAX && !expected.some((name) => found.has(name)); seed++)
    for (const { invariant } of (await simulate(seed, { diskFrom, ...mutant })).violations) found.add(invariant);
  return [...found].filter((invariant) => expected.includes(invariant));
}

test(
  "simulate() finds commits that nothing flushes",
  async () => {
    expect(await invariantsBrokenBy({ mutant: "loses_flushes" }, EXPECTED.loses_flushes)).not.toEqual([]);
  },
  TIMEOUT_MS,
);

for (const power of POWER_MUTANTS) {
  test(
    `simulate() finds a checkpoint that ${power.replaceAll("_", " ")}`,
    async () => {
      expect(await invariantsBrokenBy({ power }, EXPECTED[power])).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
}

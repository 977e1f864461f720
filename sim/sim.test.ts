import { expect, test } from "bun:test";
import { CRASHES } from "./plan/options.ts";
import { type SimResult, simulate } from "./simulation.ts";

const TIMEOUT_MS = 120_000;
const SEEDS = 30;
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
  "simulate() leaves another trace for another seed",
  async () => {
    expect(hashes(await simulate(3))).toBe(hashes(await simulate(3)));
    expect(hashes(await simulate(4))).not.toBe(hashes(await simulate(3)));
  },
  TIMEOUT_MS,
);

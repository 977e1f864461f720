import { expect, test } from "bun:test";
import { join } from "node:path";
import { CRASHES } from "./options.ts";
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

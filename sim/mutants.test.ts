import { expect, test } from "bun:test";
import { edited } from "./edited.ts";
import { MUTANT_TABLE } from "./mutant-table.ts";
import { MUTANTS } from "./mutants.ts";
import { simulateWith } from "./planted.ts";

const TIMEOUT_MS = 120_000;
/** Seeds within which each planted bug must be found. */
const SEEDS_MAX = 60;

test("edited() refuses an edit that does not fit the source once", () => {
  const edit = { file: "src/a.ts", from: "one", to: "two" };
  expect(edited("one", edit)).toBe("two");
  expect(() => edited("none", edit)).toThrow(/src\/a\.ts/);
  expect(() => edited("one one", edit)).toThrow(/2 times/);
});

for (const mutant of MUTANTS) {
  const { breaks } = MUTANT_TABLE[mutant];
  test(
    `simulate() finds a server that ${mutant.replaceAll("_", " ")}`,
    async () => {
      const simulate = await simulateWith(mutant);
      const found = new Set<string>();
      for (let seed = 1; seed <= SEEDS_MAX && !breaks.some((name) => found.has(name)); seed++)
        for (const { invariant } of (await simulate(seed, { mutant })).violations) found.add(invariant);
      expect([...found].filter((invariant) => breaks.includes(invariant))).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
}

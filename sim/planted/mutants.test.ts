import { expect, test } from "bun:test";
import { edited } from "./edited.ts";
import { readKeptSeeds } from "./kept-seeds.ts";
import { MUTANT_TABLE } from "./mutant-table.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";
import { simulateWith } from "./planted.ts";

const TIMEOUT_MS = 120_000;
/** Seeds within which a planted bug must be found. */
const SEEDS_MAX = 60;
/** Some that are found at once, of both ways to plant; `bun run sim --ci` looks for all. */
const QUICK: readonly Mutant[] = [
  "forgets_names",
  "forgets_running_runs",
  "repeats_stream_lines",
  "numbers_each_reading",
];

test("edited() refuses an edit that does not fit the source once", () => {
  const edit = { file: "src/a.ts", from: "one", to: "two" };
  expect(edited("one", edit)).toBe("two");
  expect(() => edited("zero", edit)).toThrow(/src\/a\.ts/);
  expect(() => edited("one one", edit)).toThrow(/2 times/);
});

test("every bug that is planted in a source file still fits it", async () => {
  const edits = MUTANTS.flatMap((mutant) => MUTANT_TABLE[mutant].edits);
  const root = new URL("../..", import.meta.url);
  for (const edit of edits)
    expect(edited(await Bun.file(new URL(edit.file, root)).text(), edit)).not.toContain(edit.from + edit.to);
  expect(edits.length).toBeGreaterThan(15);
});

test("every seed that is kept is of a bug that is planted", async () => {
  const kept = Object.entries(await readKeptSeeds());
  for (const [name, seed] of kept) {
    expect<readonly string[]>(MUTANTS).toContain(name);
    expect(seed).toBeGreaterThan(0);
  }
  expect(kept.length).toBeGreaterThan(60);
});

for (const mutant of QUICK) {
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

import { expect, test } from "bun:test";
import { join } from "node:path";
import { planOf, shrink } from "../plan/shrink.ts";
import { runTask } from "../task.ts";
import { BUGBASE, bugFiles, readBug } from "./bug.ts";

const TIMEOUT_MS = 120_000;

for (const name of bugFiles()) {
  test(
    `${name} holds now, and fails with the bug that it was found with`,
    async () => {
      const { invariant, lane, mutant, plan } = await readBug(join(BUGBASE, name));
      const task = { seed: plan.seed, lane, plan };
      expect((await runTask(task)).violations).toEqual([]);
      if (mutant === null) return;
      const { violations } = await runTask({ ...task, mutant });
      // Where the workload has changed: `bun run sim --mutant NAME --seeds 1..60 --shrink NAME` finds it again.
      expect(violations.map((violation) => violation.invariant)).toContain(invariant);
    },
    TIMEOUT_MS,
  );
}

test(
  "a plan of all that a seed did runs as the seed does",
  async () => {
    const task = { seed: 5, lane: "fast" } as const;
    const first = await runTask(task);
    const again = await runTask({ ...task, plan: planOf(task.seed, first) });
    expect(again.traceHash).toBe(first.traceHash);
    expect(again.databaseHash).toBe(first.databaseHash);
    expect((await runTask({ ...task, plan: { ...planOf(task.seed, first), operations: [] } })).traceHash).not.toBe(
      first.traceHash,
    );
  },
  TIMEOUT_MS,
);

test(
  "shrink() leaves of a plan only what the failure needs, and stays with its invariant",
  async () => {
    const first = await runTask({ seed: 5, lane: "fast" });
    const start = {
      ...planOf(5, first),
      operations: [0, 1, 2, 3, 4, 5, 6, 7, 8],
      faults: ["a 1", "a 2", "b 7"],
      picks: [1, 2],
    };
    const needed = [2, 6];
    const plan = await shrink({
      plan: start,
      invariant: "S1 acknowledged",
      triesMax: 400,
      async run({ operations, faults, options }) {
        const isThere = needed.every((number) => operations.includes(number)) && faults.includes("b 7");
        const invariant = (options.clients ?? 0) < 1 ? "L1 ends" : "S1 acknowledged";
        return { ...first, violations: isThere ? [{ invariant, detail: "" }] : [] };
      },
    });
    expect(plan.operations).toEqual(needed);
    expect(plan.faults).toEqual(["b 7"]);
    expect(plan.picks).toEqual([]);
    expect(plan.options.clients).toBe(1);
    expect(plan.hazards.gridMs).toBe(0);
  },
  TIMEOUT_MS,
);

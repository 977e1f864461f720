import { expect, test } from "bun:test";
import { createFailureList } from "./report.ts";
import { runTask, type Task } from "./task.ts";

test("createFailureList() tells of every seed that failed, and in the end how to see each again", async () => {
  const told: string[] = [];
  const failures = createFailureList((text) => told.push(text));
  expect(failures.text()).toBeUndefined();
  const violations = [
    { invariant: "S8 block", detail: "The block\nholds nothing" },
    { invariant: "S4 effects", detail: "Another story" },
  ];
  const result = { ...(await runTask({ seed: 1, lane: "fast", mutant: "injects_nothing" })), violations };
  const seeds = [9, 8, 7, 6, 5, 4, 3];
  for (const seed of seeds) {
    const task: Task = { seed, lane: "power", mutant: "loses_flushes" };
    failures.took(task, result);
  }
  expect(told.map((text) => text.trim().split(/ |\n/)[2])).toEqual(seeds.map(String));
  const [inFull, inLine] = [told.slice(0, 5), told.slice(5)];
  for (const text of inFull) expect(text).toContain("the last events:");
  for (const text of inLine) expect(text).toMatch(/^FAIL seed \d S8 block, S4 effects: The block holds nothing$/);
  const list = failures.text()?.split("\n").slice(1) ?? [];
  expect(list.map((line) => line.trim().split("   ")[0])).toEqual(
    seeds.toReversed().map((seed) => `bun run sim --seed ${seed} --lane power --mutant loses_flushes --trace`),
  );
});

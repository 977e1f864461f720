import { expect, test } from "bun:test";
import { addTallies, EMPTY_TALLY, summaryLine, tallyOfLastLine, tallyOfTests } from "./tally.ts";

const OUTPUT =
  "(fail) a name with 9 pass in it\n\n 12 pass\n 1 skip\n 2 todo\n 3 fail\n 40 expect() calls\nRan 18 tests";

test("tallyOfTests() reads the totals and not what tests print", () => {
  expect(tallyOfTests({ code: 1, output: ` 99 pass\n${".".repeat(500)}${OUTPUT}` })).toEqual({
    passed: 12,
    failed: 3,
    skipped: 3,
  });
});

test("tallyOfTests() counts a run that died without totals as a failure", () => {
  expect(tallyOfTests({ code: 139, output: "Segmentation fault" })).toEqual({ ...EMPTY_TALLY, failed: 1 });
  expect(tallyOfTests({ code: 1, output: "\n 4 pass\n 0 fail\nRan 4 tests" }).failed).toBe(1);
});

test("summaryLine() is what a whole run ends with", () => {
  const both = addTallies({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 0, skipped: 0 });
  expect(summaryLine(both)).toBe("11 passed, 2 failed");
});

test("tallyOfLastLine() believes only a whole run's last line", () => {
  const tally = (code: number, output: string) => tallyOfLastLine({ code, output });
  expect(tally(1, "9 passed, 9 failed\n3 passed, 2 failed\n")).toEqual({ passed: 3, failed: 2, skipped: 0 });
  expect(tally(0, "3 passed, 0 failed")).toEqual({ passed: 3, failed: 0, skipped: 0 });
  for (const [code, output] of [
    [137, "3 passed, 0 failed"],
    [0, "3 passed, 0 failed\nKilled"],
    [0, ""],
  ] as const)
    expect(tally(code, output).failed).toBe(1);
});

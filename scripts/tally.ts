import type { Outcome } from "./command.ts";

/** How many tests there were of each outcome. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Nothing counted yet. */
export const EMPTY_TALLY: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Both tallies together. */
export function addTallies(left: Tally, right: Tally): Tally {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/**
 * Reads the totals that `bun test` prints at its end. A run that went wrong without a failed test, such as a crash
 * half way, counts as one failure.
 */
export function tallyOfTests({ code, output }: Pick<Outcome, "code" | "output">): Tally {
  const totals = output.slice(Math.max(0, output.lastIndexOf("\nRan ") - TOTALS_CHARS_MAX));
  const count = (word: string) => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(totals)?.[1] ?? 0);
  const failed = count("fail");
  const isSilentFailure = code !== 0 && failed === 0;
  return { passed: count("pass"), failed: isSilentFailure ? 1 : failed, skipped: count("skip") + count("todo") };
}

/** The totals are a few short lines above "Ran N tests". */
const TOTALS_CHARS_MAX = 400;

/** The line that a whole run ends with. */
export function summaryLine({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}

/** Reads the totals from the last line that a whole run printed. One that ends otherwise counts as one failure. */
export function tallyOfLastLine({ code, output }: Pick<Outcome, "code" | "output">): Tally {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const [, passed = "0", failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  const isSilentFailure = failed === undefined || (code !== 0 && failed === "0");
  return { passed: Number(passed), failed: isSilentFailure ? 1 : Number(failed), skipped: 0 };
}

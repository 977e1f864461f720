import { expect, test } from "bun:test";
import { spanWords } from "./state.ts";

test("spanWords() says a span in its largest unit, and never more than has passed", () => {
  const spans: readonly (readonly [number, string])[] = [
    [0, "less than a minute"],
    [59_999, "less than a minute"],
    [60_000, "1 minute"],
    [3_599_999, "59 minutes"],
    [3_600_000, "1 hour"],
    [86_399_999, "23 hours"],
    [86_400_000, "1 day"],
    [400 * 86_400_000, "400 days"],
  ];
  for (const [ms, words] of spans) expect([ms, spanWords(ms)]).toEqual([ms, words]);
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { historyOf } from "../compaction/_test-history.ts";
import { inParts, PARTS_MAX, scriptOf } from "./script.ts";

test("scriptOf() says who said and called what", () => {
  const history = historyOf(
    [
      { type: "words", text: "hello" },
      { type: "calls", count: 1, chars: 3 },
      { type: "approved", approve: false, beside: 0 },
    ],
    "none",
  );
  const lines = scriptOf(history, []).map((line) => line.text);
  expect(lines).toEqual([
    "[system] You are a seal.",
    "[user] hello",
    "[assistant] -> look({})",
    "[look, success] xxx",
    "[assistant] let me ask",
    "[assistant, asking for approval] -> look({})",
    "[user] denied the call: no reason given",
    `[look, success] ${"x".repeat(10)}`,
  ]);
});

test("inParts() keeps every part within its limit, and every line that fits whole", () => {
  const line = fc.record({ text: fc.string({ minLength: 1, maxLength: 30 }), tokens: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.integer({ min: 60, max: 100 }), (lines, max) => {
      const parts = inParts(lines, max);
      expect(parts.join("\n")).toBe(lines.map((one) => one.text).join("\n"));
      expect(parts.length).toBeLessThanOrEqual(lines.length);
    }),
  );
});

test("inParts() shortens a line that is too long by itself, and keeps both its ends", () => {
  const [part = ""] = inParts([{ text: `start${"-".repeat(10_000)}end`, tokens: 5_000 }], 100);
  expect(part.length).toBeLessThan(300);
  expect(part).toMatch(/^start.*end$/);
});

test("inParts() drops the oldest of a history without end, and says so", () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => ({ text: `line ${index}`, tokens: 10 }));
  const parts = inParts(lines, 10);
  expect(parts).toHaveLength(PARTS_MAX);
  expect(parts[0]).toContain("left out");
  expect(parts.at(-1)).toBe("line 999");
});

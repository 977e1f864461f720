import { expect, test } from "bun:test";
import { charCount } from "../../core/text.ts";
import { linesOf, viewOf } from "./lines.ts";

test("linesOf() takes lines as they are, whatever ends them, and breaks only very long ones", () => {
  expect(linesOf("a\r\n\r\n  b\rc\n")).toEqual(["a", "", "  b", "c"]);
  expect(linesOf("")).toEqual([]);
  expect(linesOf("\n")).toEqual([""]);
  const words = linesOf("word ".repeat(1_000));
  expect(words.length).toBe(5);
  expect(words.every((line) => line.length <= 1_000 && !line.endsWith("wor"))).toBe(true);
  expect(linesOf("😀".repeat(1_001)).every((line) => line.isWellFormed())).toBe(true);
  expect(linesOf("x".repeat(2_500)).map((line) => line.length)).toEqual([1_000, 1_000, 500]);
});

test("viewOf() numbers lines and says which part it is", () => {
  const text = "a\n\nb\nc\n";
  expect(viewOf(text, {}, 1_000)).toEqual({
    text: "[Viewing file start (out of 4 lines)]\n1: a\n2: \n3: b\n4: c",
    startLine: null,
    endLine: null,
    total: 4,
  });
  expect(viewOf(text, { offset: 1, length: 2 }, 1_000)).toEqual({
    text: "[Viewing lines 2 to 3 (out of 4 lines)]\n2: \n3: b",
    startLine: 2,
    endLine: 3,
    total: 4,
  });
  expect(viewOf(text, { offset: 2 }, 1_000).text).toBe("[Viewing lines 3 to end (out of 4 lines)]\n3: b\n4: c");
  expect(viewOf(text, { offset: 3, length: 10 }, 1_000)).toMatchObject({ startLine: 4, endLine: 4 });
});

test("viewOf() cuts what is longer than may be shown, and says so", () => {
  const { text } = viewOf("😀\n".repeat(10_000), {}, 200);
  expect(charCount(text)).toBeLessThanOrEqual(200);
  expect(text.isWellFormed()).toBe(true);
  expect(text.split("\n").at(-1)).toStartWith("[The rest is cut off here");
});

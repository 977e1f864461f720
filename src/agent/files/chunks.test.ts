import { expect, test } from "bun:test";
import fc from "fast-check";
import { chunkCharsOf, chunksOf } from "./chunks.ts";
import type { FileFormat } from "./media-type.ts";

const FORMATS: readonly FileFormat[] = ["text", "code", "markdown", "csv", "json", "html", "pdf", "docx"];

function all(text: string, format: FileFormat, chars: number, limit = 1_000) {
  return chunksOf(text, { format, chars, from: 0, limit }).chunks.map((chunk) => chunk.text);
}

test("chunksOf() gives the whole text, each character once, in passages that are not too long", () => {
  const words = fc.array(fc.constantFrom("word", "\n", "\n\n", ". ", "# ", "😀", "{", "  ", "x".repeat(300)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(words, fc.constantFrom(...FORMATS), (parts, format) => {
      const text = parts.join("");
      const chunks = all(text, format, 250);
      expect(chunks.every((chunk) => chunk.length <= 250 && chunk.isWellFormed() && chunk === chunk.trim())).toBe(true);
      expect(chunks.join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
    }),
    { numRuns: 300 },
  );
});

test("chunksOf() goes on where it stopped, and says when it is at the end", () => {
  const text = "One sentence here. ".repeat(100);
  const whole = all(text, "text", 200);
  const pieces: string[] = [];
  let from = 0;
  for (let isEnd = false; !isEnd; ) {
    const some = chunksOf(text, { format: "text", chars: 200, from, limit: 3 });
    pieces.push(...some.chunks.map((chunk) => chunk.text));
    from = some.chunks.at(-1)?.through ?? text.length;
    ({ isEnd } = some);
  }
  expect(pieces).toEqual(whole);
  expect(chunksOf("", { format: "text", chars: 200, from: 0, limit: 3 })).toEqual({ chunks: [], isEnd: true });
});

test("chunksOf() ends passages where their format has a seam", () => {
  const code = `def a():\n${"    x = 1\n".repeat(15)}\n\ndef b():\n${"    y = 2\n".repeat(15)}`;
  expect(all(code, "code", 240).map((chunk) => chunk.slice(0, 8))).toEqual(["def a():", "def b():"]);
  const markdown = `# A\n\n${"Some words. ".repeat(12)}\n\n# B\n\n${"Other words. ".repeat(12)}`;
  expect(all(markdown, "markdown", 230).map((chunk) => chunk.slice(0, 3))).toEqual(["# A", "# B"]);
  const csv = "name,age\nAda,36\n".repeat(40);
  expect(all(csv, "csv", 200).every((chunk) => /^(name|Ada)/.test(chunk) && /(age|36)$/.test(chunk))).toBe(true);
});

test("chunkCharsOf() keeps passages within what can be searched", () => {
  expect(chunkCharsOf(300)).toBe(1_500);
  expect(chunkCharsOf(undefined)).toBe(1_500);
  expect(chunkCharsOf(1)).toBe(200);
  expect(chunkCharsOf(1e9)).toBe(100_000);
});

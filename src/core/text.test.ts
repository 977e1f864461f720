import { expect, test } from "bun:test";
import fc from "fast-check";
import { charCount, cut, wellFormed } from "./text.ts";

/** Any UTF-16 text, lone surrogates and NUL included, with the awkward characters made likely. */
const anyText = fc
  .array(
    fc.oneof(fc.constantFrom("a", "\0", "\ud83d", "\ude00", "😀", "\u202e", "ש", "\n"), fc.string({ unit: "binary" })),
  )
  .map((parts) => parts.join(""));

test("wellFormed() leaves clean text alone", () => {
  for (const text of ["", "plain", "😀 שלום \u202e\t\ufeff", "a".repeat(1_000_000)])
    expect(wellFormed(text)).toBe(text);
});

test("wellFormed() takes out NUL and halves of pairs, and joins no halves by doing so", () => {
  expect(wellFormed("a\0b\ud83dc\ude00d")).toBe("abcd");
  expect(wellFormed("\ud83d\0\ude00")).toBe("");
  expect(wellFormed("\ud83d\ud83d\ude00")).toBe("😀");
});

test("wellFormed() always gives storable text and changes it once", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const clean = wellFormed(text);
      expect(clean.isWellFormed() && !clean.includes("\0")).toBe(true);
      expect(wellFormed(clean)).toBe(clean);
    }),
  );
});

test("charCount() counts code points", () => {
  expect(charCount("")).toBe(0);
  expect(charCount("a😀é")).toBe(3);
  fc.assert(fc.property(anyText, (text) => expect(charCount(text)).toBe([...text].length)));
});

test("cut() keeps the first code points and never half of one", () => {
  expect(cut("a😀b", 2)).toBe("a😀");
  expect(cut("😀😀", 1)).toBe("😀");
  expect(cut("abc", 0)).toBe("");
  expect(cut("abc", 9)).toBe("abc");
  fc.assert(
    fc.property(anyText, fc.nat(30), (text, chars) =>
      expect(cut(text, chars)).toBe([...text].slice(0, chars).join("")),
    ),
  );
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { fold } from "./fold.ts";
import { gramsOf } from "./grams.ts";
import { termsOf } from "./terms.ts";
import { tokensOf } from "./tokens.ts";

test("fold() makes letters comparable: case, accents, width, ligatures and special letters", () => {
  expect(fold("Ćafé ÉCOLE naïve")).toBe("cafe ecole naive");
  expect(fold("Straße Łódź Ærø Œuvre ΟΔΥΣΣΕΥΣ İstanbul ılık")).toBe("strasse lodz aero oeuvre οδυσσευσ istanbul ilik");
  expect(fold("Ｆｕｌｌ ﬁne")).toBe("full fine");
  expect(fold("が한국어")).toBe("が한국어");
});

test("tokensOf() finds words, numbers and contractions", () => {
  expect(tokensOf("Don't stop: 3.5 km, 1,000,000 steps & Caroline’s café!")).toEqual([
    "don't", "stop", "3.5", "km", "1000000", "steps", "caroline's", "cafe",
  ]); // biome-ignore format: one line reads better
  expect(tokensOf("D1 v2 7th 1,5")).toEqual(["d1", "v2", "7th", "1,5"]);
  expect(tokensOf(" \n\t... ")).toEqual([]);
});

test("tokensOf() gives pairs of characters where a script has no spaces", () => {
  expect(tokensOf("我喜欢猫 iPhone手机 猫")).toEqual(["我喜", "喜欢", "欢猫", "iphone", "手机", "猫"]);
  expect(tokensOf("カタカナ")).toEqual(["カタ", "タカ", "カナ"]);
  expect(tokensOf("สวัสดี").length).toBeGreaterThan(2);
  expect(tokensOf("नमस्ते दुनिया")).toEqual(["नमस्ते", "दुनिया"]);
});

test("tokensOf() takes any string, gives folded bounded tokens, and finds the same again in what it gave", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\ud83d", "\udc00", "é", "ß", "a", "'", "7", ",", "猫", "ก", "́", " ") }),
  );
  let seen = 0;
  fc.assert(
    fc.property(anything, (text) => {
      for (const token of tokensOf(text)) {
        seen++;
        expect(token.length).toBeGreaterThan(0);
        expect(token.length).toBeLessThanOrEqual(48);
        expect(fold(token)).toBe(token);
      }
      expect(tokensOf(fold(text))).toEqual(tokensOf(text));
      termsOf(text);
    }),
    { numRuns: 500 },
  );
  expect(seen).toBeGreaterThan(100);
});

test("tokensOf() cuts a word without end", () => {
  expect(tokensOf("x".repeat(100_000))).toEqual(["x".repeat(48)]);
});

test("termsOf() drops stop words, stems English and cuts words of other alphabets", () => {
  expect(termsOf("What did she say about the paintings, and the painted lakes?")).toEqual([
    "say",
    "paint",
    "paint",
    "lake",
  ]);
  expect(termsOf("Who went in May?")).toEqual(["went", "may"]);
  expect(termsOf("программирование программисты кот")).toEqual(["програ", "програ", "кот"]);
  expect(termsOf("2023 7th")).toEqual(["2023", "7th"]);
});

test("gramsOf() marks where words begin and end", () => {
  expect(gramsOf("ab")).toEqual([" ab", "ab ", " ab "]);
  const shared = (a: string, b: string) => gramsOf(a).filter((gram) => gramsOf(b).includes(gram)).length;
  expect(shared("caroline", "carolyn")).toBeGreaterThan(shared("caroline", "melanie"));
});

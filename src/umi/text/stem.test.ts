import { expect, test } from "bun:test";
import fc from "fast-check";
import { stem } from "./stem.ts";

/** Pairs of a word and its stem, every step of the description and its exceptions at least once. */
const KNOWN =
  `consign consign consigned consign consigning consign consignment consign consist consist consisted consist
consistency consist consistent consist consistently consist consolation consol knack knack knackeries knackeri
knightly knight knotted knot caresses caress ties tie cries cri gas gas this this gaps gap kiwis kiwi agreed agre
feed feed hopping hop hoping hope luxuriated luxuri sized size happy happi say say by by cry cri relational relat
conditional condit valenci valenc digitizer digit operator oper feudalism feudal decisiveness decis hopefulness hope
sensibiliti sensibl apologi apolog carefulli care quickly quick triplicate triplic formative format electricity electr
goodness good revival reviv allowance allow inference infer adjustable adjust defensible defens replacement replac
adoption adopt homologous homolog effective effect probate probat rate rate controll control roll roll skies sky dying
die gently gentl news news inning inning succeed succeed generate generat communism communism arsenic arsenic
youth youth boyish boyish evening evening added add biologist biolog university universiti organizing organiz
cats' cat dog's dog`.split(/\s+/);

test("stem() gives the stems of the published vocabulary", () => {
  const wrong: string[] = [];
  for (let i = 0; i < KNOWN.length; i += 2) {
    const [word = "", expected = ""] = KNOWN.slice(i, i + 2);
    if (stem(word) !== expected) wrong.push(`${word}: ${stem(word)}, not ${expected}`);
  }
  expect(wrong).toEqual([]);
});

test("stem() leaves short words and words of other languages alone", () => {
  for (const word of ["", "a", "is", "naïve", "кошки", "x2s", "猫"]) expect(stem(word)).toBe(word);
});

test("stem() never fails or lengthens a word by more than a letter", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcdefghiklmnoprstuvxyz'"), maxLength: 14 });
  fc.assert(
    fc.property(word, (text) => {
      expect(stem(text).length).toBeLessThanOrEqual(text.length + 1);
      expect(stem(text)).toBe(stem(text).toLowerCase());
    }),
    { numRuns: 1000 },
  );
});

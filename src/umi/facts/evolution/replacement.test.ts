import { describe, expect, test } from "bun:test";
import { frameOf } from "./fact-frame.ts";
import { replacementScores } from "./replacement.ts";

const GARDEN = [
  "Mira Oakes is a botanist specializing in alpine ferns.",
  "Mira Oakes and Jon Petri run a seed library in Graz.",
  "Mira Oakes graduated from the University of Vienna in 2011.",
  "Jon Petri is fluent in Dutch and Spanish.",
  "Jon Petri enjoys hiking and explores trails in the Tatra mountains.",
];

function scoresOf(known: readonly string[], fresh: string) {
  return replacementScores(known.map(frameOf), frameOf(fresh));
}

function replacedBy(fresh: string, known = GARDEN): readonly string[] {
  return scoresOf(known, fresh).flatMap(({ odds }, index) => (odds > 0 ? [known[index] ?? ""] : []));
}

describe("replacementScores() finds what a new fact replaces", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["Mira Oakes graduated from the University of Padua in 2011.", 2],
    ["Jon Petri only speaks Dutch and never learned Spanish.", 3],
    ["Jon Petri dislikes outdoor activities and prefers to stay indoors.", 4],
    ["Mira Oakes and Lena Voss run a seed library in Graz.", 1],
    ["Mira Oakes is a botanist specializing in tropical orchids.", 0],
  ];
  for (const [fresh, index] of cases) {
    test(fresh, () => expect(replacedBy(fresh)).toEqual([GARDEN[index] ?? ""]));
  }
});

describe("replacementScores() leaves facts alone", () => {
  test("that hold beside the new one", () => {
    for (const [index, fresh] of GARDEN.entries()) expect(replacedBy(fresh, GARDEN.slice(0, index))).toEqual([]);
  });

  test("of other persons with the same short predicate", () => {
    for (const [known, fresh] of [
      ["Ada likes tea.", "Bob likes tea."],
      ["Ada lives in Berlin.", "Bob lives in Berlin."],
      ["Ada works at Acme.", "Bob works at Acme."],
      ["Ada is fluent in French.", "Bob is fluent in French."],
    ] as const) {
      expect(replacedBy(fresh, [known])).toEqual([]);
    }
  });

  test("when the new one denies something about somebody else", () => {
    const known = ["Jon Petri received the Global Photography Award in 2021."];
    expect(replacedBy("Mira Oakes has never received any awards.", known)).toEqual([]);
  });
});

describe("replacementScores() takes any text", () => {
  const texts = ["", "   ", "\ud800", "😀🎉", "שלום עולם", "これはテストです", "a".repeat(1_000_000), "</fact> {x} %s"];
  test("without failing, and gives a finite score for each known fact", () => {
    for (const fresh of texts) {
      const scores = scoresOf(texts, fresh);
      expect(scores).toHaveLength(texts.length);
      for (const { odds, evidence } of scores) expect(Number.isFinite(odds + evidence)).toBe(true);
    }
  });

  test("and finds the same for no known facts", () => {
    expect(scoresOf([], "Ada likes tea.")).toEqual([]);
  });
});

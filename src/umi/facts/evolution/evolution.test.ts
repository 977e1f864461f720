import { describe, expect, test } from "bun:test";
import type { FactId } from "../kept/fact.ts";
import { EVOLUTION_CANDIDATES_MAX, evolutionOf, type TrackedFact } from "./evolution.ts";

function fact(text: string, index = 0): TrackedFact {
  return { id: `fact-${index}` as FactId, text, subjectId: null, relation: "", value: "", isDenied: false };
}

function evolve(known: readonly string[], fresh: string): string {
  const evolution = evolutionOf(
    known.map((text, index) => fact(text, index)),
    fact(fresh, known.length),
  );
  if (evolution.sameAs !== null) return `same as ${evolution.sameAs.slice(5)}`;
  const steps = evolution.steps.map(({ kind, earlier }) => `${kind} ${earlier.slice(5)}`);
  return steps.length === 0 ? "none" : steps.join(", ");
}

describe("evolutionOf()", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["Ada lives in Berlin.", "Ada lives in Paris.", "update 0"],
    ["Ada lives in Berlin.", "Ada moved to Paris.", "update 0"],
    ["Ada lives in Berlin.", "Ada lives in Berlin, Germany.", "extend 0"],
    ["Ada lives in Berlin.", "Bob lives in Berlin.", "none"],
    ["Ada lives in Berlin.", "Bob lives in Paris.", "none"],
    ["Ada works at Acme.", "Ada works for Globex.", "update 0"],
    ["Ada works at Acme.", "Ada no longer works at Acme.", "contradict 0"],
    ["Ada works at Acme.", "Bob works at Acme.", "none"],
    ["Ada likes tea.", "Ada likes coffee.", "none"],
    ["Ada likes tea.", "Bob likes tea.", "none"],
    ["Ada likes tea.", "Ada loves tea.", "same as 0"],
    ["Ada likes tea.", "Ada does not like tea.", "contradict 0"],
    ["Ada likes tea.", "Ada hates tea.", "contradict 0"],
    ["Ada has visited Rome.", "Ada has visited Oslo.", "none"],
    ["Ada is married to Bob.", "Ada is married to Carl.", "update 0"],
    ["Ada's favourite colour is blue.", "Ada's favorite color is green.", "update 0"],
    ["Ada's favourite colour is blue.", "Bob's favourite colour is green.", "none"],
    ["Ada's phone number is 555-1234.", "Ada's phone number is 555-9999.", "update 0"],
    ["Ada enjoys hiking in the Alps.", "Ada loves to hike in the Alps.", "same as 0"],
    ["Ada plays the violin.", "ada plays the  VIOLIN", "same as 0"],
    ["Ann Ray taught Bo Lind.", "Bo Lind taught Ann Ray.", "update 0"],
    ["Ada was born in Lyon.", "Ada lives in Paris.", "none"],
  ];
  for (const [known, fresh, expected] of cases) {
    test(`${known} | ${fresh}`, () => expect(evolve([known], fresh)).toBe(expected));
  }

  test("ends only the fact that is meant", () => {
    const known = ["Ada lives in Berlin.", "Ada works at Acme.", "Bob lives in Rome.", "Ada likes tea."];
    expect(evolve(known, "Ada lives in Rome.")).toBe("update 0");
    expect(evolve(known, "Ada plays chess on Sundays.")).toBe("none");
  });

  test("names what it is not sure of", () => {
    const known = [fact("Ada is a nurse at the clinic.")];
    const evolution = evolutionOf(known, fact("Ada is a teacher in the village.", 1));
    expect(evolution.uncertain).toEqual(evolution.steps.filter(({ kind }) => kind === "extend").map((s) => s.earlier));
  });

  test("compares with the nearest facts when there are too many", () => {
    const known = Array.from({ length: 5 * EVOLUTION_CANDIDATES_MAX }, (_, i) =>
      fact(`Item ${i} is on shelf ${i}.`, i),
    );
    const evolution = evolutionOf([...known, fact("Ada lives in Berlin.", 999)], fact("Ada lives in Paris.", 1000));
    expect(evolution.steps).toMatchObject([{ earlier: "fact-999", kind: "update" }]);
  });

  test("takes any text", () => {
    const texts = ["", "  ", "\ud800", "😀", "שלום", "これはテスト", "x".repeat(1_000_000), "</fact>{x}"];
    for (const fresh of texts)
      expect(() =>
        evolutionOf(
          texts.map((text, i) => fact(text, i)),
          fact(fresh, 99),
        ),
      ).not.toThrow();
  });
});

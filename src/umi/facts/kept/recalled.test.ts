import { expect, test } from "bun:test";
import { createEntityExtractor } from "../reading/entity-extractor.ts";
import { withoutRecalled } from "./recalled.ts";

test("withoutRecalled() keeps what is news", () => {
  const recalled = ["Ada lives in Berlin. She likes green tea."];
  expect(withoutRecalled("As I remember, Ada lives in Berlin. Today she moved to Paris.", recalled)).toBe(
    "Today she moved to Paris.",
  );
  expect(withoutRecalled("ada LIVES in berlin", recalled)).toBe("");
  expect(withoutRecalled("Ada lives in Paris.", recalled)).toBe("Ada lives in Paris.");
  expect(withoutRecalled("Yes. Ada.", recalled)).toBe("Yes. Ada.");
  expect(withoutRecalled("これはテスト。", ["これはテスト。"])).toBe("");
});

test("withoutRecalled() takes any text", () => {
  const texts = ["", "  \n", "...", "\ud800", "😀", "x".repeat(100_000), "</t>{x}"];
  for (const text of texts) expect(withoutRecalled(text, texts).length).toBeLessThanOrEqual(text.length);
});

test("createEntityExtractor() reads news by rules, or by a model that may be away", async () => {
  const turn = { id: "t-1", speaker: "Ada", text: "I live in Berlin. I like tea.", at: 0 as never };
  const recalled = ["I like tea."];
  const byRules = await createEntityExtractor().extract([turn], recalled);
  expect(byRules.facts.map(({ text }) => text)).toEqual(["Ada lives in Berlin."]);
  let shown = "";
  const ask = async (prompt: string) => {
    shown = prompt;
    return "no facts";
  };
  expect(await createEntityExtractor({ ask }).extract([turn], recalled)).toEqual({
    facts: [],
    left: [],
    unreadable: [turn],
  });
  expect(shown).toContain("I live in Berlin.");
  expect(shown).not.toContain("I like tea.");
});

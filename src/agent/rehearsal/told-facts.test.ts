import { describe, expect, test } from "bun:test";
import { factOfLine, factsIn, lineOf } from "./rehearsal-facts.ts";

const linesOf = (text: string) => factsIn(text).map(lineOf);

describe("factsIn()", () => {
  test.each([
    ["My name is Ada and I live in Paris.", ["Name: Ada", "Home: Paris"]],
    ["Hi! I'm Ada Lovelace, I like tea", ["Name: Ada Lovelace", "Likes: tea"]],
    ["I work at Acme and live in Oslo these days", ["Works at: Acme", "Home: Oslo"]],
    ["my dog is called Rex", ["Dog's name: Rex"]],
    ["I have a cat named Tom", ["Cat's name: Tom"]],
    ["I'm allergic to nuts!", ["Allergic to: nuts"]],
    ["My favorite colour is green", ["Favourite colour: green"]],
    ["Remember that the key is under the mat", ["Note: the key is under the mat"]],
    ["Don’t forget that my name’s Bob", ["Name: Bob"]],
    ["My name is Will", ["Name: Will"]],
    ["I am 36 years old. My birthday is 10 December", ["Age: 36", "Birthday: 10 December"]],
  ])("reads %p", (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });

  test.each([
    "My name is not Ada",
    "I used to live in Rome",
    "I don't like tea",
    "What is my name?",
    "I'm tired",
    "Ada lives in Paris",
    "call me later",
    "I love you",
    "I would like some tea",
    "",
  ])("leaves %p alone", (text) => {
    expect(linesOf(text)).toEqual([]);
  });

  test("keeps the last of two that exclude each other, and both of two that do not", () => {
    expect(linesOf("My name is Ada. I like tea. My name is Bob. I like milk. I like tea.")).toEqual([
      "Name: Bob",
      "Likes: milk",
      "Likes: tea",
    ]);
  });

  test("ends soon on long and odd texts", () => {
    expect(factsIn("my ".repeat(100_000)).length).toBe(0);
    expect(factsIn(`I like ${"x".repeat(5_000)}`).length).toBe(0);
  });

  test("tells a person's words back to them", () => {
    expect(factsIn("I love my dog").map((fact) => fact.told)).toEqual(["you like your dog"]);
  });
});

describe("factOfLine()", () => {
  test("reads back what lineOf() wrote, with or without a line number", () => {
    for (const fact of factsIn("My name is Ada. I like tea. My dog is called Rex. My favourite tea is Assam.")) {
      expect(factOfLine(lineOf(fact))).toEqual(fact);
      expect(factOfLine(`12→ ${lineOf(fact)}`)).toEqual(fact);
    }
  });

  test("reads a sentence a person would say, and nothing else", () => {
    expect(factOfLine("I am Ada")?.value).toBe("Ada");
    expect(factOfLine("- My name is Ada.")?.value).toBe("Ada");
    expect(factOfLine("Prefers short answers")).toBeUndefined();
    expect(factOfLine("Mood: fine")).toBeUndefined();
  });
});

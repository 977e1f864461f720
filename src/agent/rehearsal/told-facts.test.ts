import { describe, expect, test } from "bun:test";
import { factsIn, factsOfLine, lineOf, toldTo } from "./told-facts.ts";

const linesOf = (text: string) => factsIn(text).map(lineOf);

describe("factsIn()", () => {
  test.each([
    ["My name is Ada and I live in Paris.", ["The user is called Ada.", "The user lives in Paris."]],
    ["Hi! I'm Ada Lovelace, I like tea", ["The user is called Ada Lovelace.", "The user likes tea."]],
    ["I work at Acme and live in Oslo these days", ["The user works at Acme.", "The user lives in Oslo."]],
    ["my dog is called Rex", ["The user's dog is called Rex."]],
    ["I have a cat named Tom", ["The user has a cat named Tom.", "The user's cat is called Tom."]],
    ["I'm allergic to nuts!", ["The user is allergic to nuts."]],
    ["My favorite colour is green", ["The user's favourite colour is green."]],
    ["Remember that the key is under the mat", ["Note: the key is under the mat"]],
    ["Hello! Please remember: the key is under the mat.", ["Note: the key is under the mat"]],
    ["Don’t forget that my name’s Bob", ["The user is called Bob."]],
    ["My name is Will", ["The user is called Will."]],
    [
      "I am 36 years old. My birthday is 10 December",
      ["The user is 36 years old.", "The user's birthday is 10 December."],
    ],
    ["My name is not Ada", ["The user is not called Ada."]],
    ["I don't like tea", ["The user does not like tea."]],
  ])("reads %p", (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });

  test.each([
    "I used to live in Rome",
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
      "The user is called Bob.",
      "The user likes milk.",
      "The user likes tea.",
    ]);
    expect(linesOf("I like tea. I don't like tea.")).toEqual(["The user does not like tea."]);
  });

  test("ends soon on long and odd texts", () => {
    expect(factsIn("my ".repeat(100_000)).length).toBe(0);
    expect(factsIn(`I like ${"x".repeat(5_000)}`).length).toBe(0);
    expect(factsIn("remember ".repeat(50_000)).length).toBe(0);
  });
});

test("toldTo() tells a person's words back to them", () => {
  const told = (text: string) => factsIn(text).map(toldTo);
  expect(told("I love dogs. My dog lives in Rome. I live with my boyfriend.")).toEqual([
    "you like dogs",
    "your dog lives in Rome",
    "you live with your boyfriend",
  ]);
  expect(told("I sold my car")).toEqual(["you no longer have your car (sold)"]);
  expect(told("Remember that the key is lost")).toEqual(["you asked me to remember: the key is lost"]);
});

describe("factsOfLine()", () => {
  test("reads back what lineOf() wrote, with or without a line number", () => {
    for (const fact of factsIn("My name is Ada. I like tea. My dog is called Rex. My favourite tea is Assam.")) {
      expect(factsOfLine(lineOf(fact))).toMatchObject([{ ...fact }]);
      expect(factsOfLine(`12→ ${lineOf(fact)}`)).toMatchObject([{ ...fact }]);
    }
  });

  test.each([
    ["Name: Ada", "The user is called Ada."],
    ["Likes: tea", "The user likes tea."],
    ["Works at: Acme", "The user works at Acme."],
    ["Allergic to: nuts", "The user is allergic to nuts."],
    ["Dog's name: Rex", "The user's dog is called Rex."],
    ["Favourite tea: Assam", "The user's favourite tea is Assam."],
    ["Note: the key is under the mat", "Note: the key is under the mat"],
  ])("reads the label of %p", (line, text) => {
    expect(factsOfLine(line).map(lineOf)).toEqual([text]);
  });

  test("reads a sentence a person would say, and nothing else", () => {
    expect(factsOfLine("I am Ada")[0]?.value).toBe("Ada");
    expect(factsOfLine("- My name is Ada.")[0]?.value).toBe("Ada");
    expect(factsOfLine("Prefers short answers")).toEqual([]);
    expect(factsOfLine("Mood: fine")).toEqual([]);
  });
});

import { expect, test } from "bun:test";
import { createThinkTags } from "./think-tags.ts";

/** What is thought and said of a text that comes in pieces of this many characters. */
function read(text: string, size: number, mayBeUnopened = false) {
  const heard = { thought: "", said: "" };
  const tags = createThinkTags((type, piece) => {
    if (type === "text-delta") heard.said += piece;
    else heard.thought += piece;
  }, mayBeUnopened);
  for (let at = 0; at < text.length; at += size) tags.take(text.slice(at, at + size));
  tags.end();
  return { ...heard, isUnopened: tags.isUnopened };
}

test.each([
  ["<think>secret plan</think>\n\nHello", "secret plan", "Hello"],
  ["\n<think>\nsecret\n</think>\nHello", "\nsecret\n", "Hello"],
  ["<thinking>a</thinking><think>b</think>c", "ab", "c"],
  ["<Think>a</Think>b", "a", "b"],
  ["<think></think>\n\nHello", "", "Hello"],
  ["Let me see.\n<think>hm</think>\nDone", "hm", "Let me see.\nDone"],
  ["<think>cut off", "cut off", ""],
  [
    "Use a <b>bold</b> tag, 1 < 2, and x <think> in a line",
    "",
    "Use a <b>bold</b> tag, 1 < 2, and x <think> in a line",
  ],
  ["<thinker>is no tag", "", "<thinker>is no tag"],
  ["  <", "", "  <"],
  ["", "", ""],
])("createThinkTags() tells what is thought in %j, wherever it is cut", (text, thought, said) => {
  for (let size = 1; size <= text.length + 1; size++) expect(read(text, size)).toMatchObject({ thought, said });
});

test("createThinkTags() holds an answer back that may begin with thoughts, until it knows", () => {
  for (let size = 1; size <= 20; size++) {
    expect(read("secret plan</think>\n\nHello", size, true)).toEqual({
      thought: "secret plan",
      said: "Hello",
      isUnopened: true,
    });
    expect(read("Hello you", size, true)).toEqual({ thought: "", said: "Hello you", isUnopened: false });
  }
  const said: string[] = [];
  createThinkTags((_, text) => said.push(text), true).take(`${"x".repeat(100_001)}`);
  expect(said).toHaveLength(1);
});

test("createThinkTags() learns from a closing tag that came too late", () => {
  expect(read("secret</think>\nHello", 100).isUnopened).toBe(true);
});

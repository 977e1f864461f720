import { expect, test } from "bun:test";
import { createThinkTags } from "./think-tags.ts";

/** What is thought and said of a text that comes in pieces of this many characters, once what was taken back is. */
function read(text: string, size: number, mayBeUnopened = false) {
  const heard = { thought: "", said: "", takenBack: "" };
  const listener = {
    say(type: "reasoning-delta" | "text-delta", piece: string): void {
      if (type === "text-delta") heard.said += piece;
      else heard.thought += piece;
    },
    takeBack(): void {
      heard.takenBack += heard.said;
      heard.said = "";
    },
  };
  const tags = createThinkTags(listener, mayBeUnopened);
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
    const nothing = { thought: "", said: "", takenBack: "" };
    const thought = { ...nothing, thought: "secret plan", said: "Hello", isUnopened: true };
    expect(read("secret plan</think>\n\nHello", size, true)).toEqual(thought);
    expect(read("secret plan </think>Hello", size, true)).toEqual({ ...thought, thought: "secret plan " });
    expect(read("Hello you", size, true)).toEqual({ ...nothing, said: "Hello you", isUnopened: false });
  }
  const said: string[] = [];
  const listener = { say: (_: string, text: string) => void said.push(text), takeBack: () => undefined };
  createThinkTags(listener, true).take(`${"x".repeat(100_001)}`);
  expect(said).toHaveLength(1);
});

test.each([
  ["secret\n</think>\n\nHello", "secret\n", "Hello"],
  ["secret</think>Hello", "secret", "Hello"],
  ["secret </think> \nHello", "secret ", "Hello"],
  ["1 < 2, so</think>Hello", "1 < 2, so", "Hello"],
  ["nothing but thoughts</think>", "nothing but thoughts", ""],
  ["secret</think>Hello, </think> is a tag", "secret", "Hello, </think> is a tag"],
])(
  "createThinkTags() takes back what was said when a closing tag shows that it was thought: %j",
  (text, thought, said) => {
    for (let size = 1; size <= text.length + 1; size++)
      expect(read(text, size)).toEqual({ thought: "", said, takenBack: thought, isUnopened: true });
  },
);

test.each([
  "End it with `</think>`\n",
  "End it with </think> in a line",
  'Say "</think>"',
  "Write x<think>a</think>\nso",
])("createThinkTags() leaves a tag that is only spoken of: %j", (text) => {
  for (let size = 1; size <= text.length + 1; size++)
    expect(read(text, size)).toEqual({ thought: "", said: text, takenBack: "", isUnopened: false });
});

test.each([
  ["</think>\n\nHello", "", "Hello"],
  ["\n</think>Hello", "", "Hello"],
  ["<think>a</think>\n</think>\nHello", "a", "Hello"],
])("createThinkTags() drops a closing tag that closes nothing: %j", (text, thought, said) => {
  for (let size = 1; size <= text.length + 1; size++)
    for (const mayBeUnopened of [false, true])
      expect(read(text, size, mayBeUnopened)).toMatchObject({ thought, said, takenBack: "" });
});

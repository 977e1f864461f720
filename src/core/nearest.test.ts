import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

test("nearest() finds what was most likely meant, and of several parts the one most like it", () => {
  const known = ["", "learn", "model", "recall", "recall_chars"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["learns", "learn"],
    ["Recall", "recall"],
    ["recalls", "recall"],
    ["recallChars", "recall_chars"],
    ["recall_char", "recall_chars"],
    ["chars", "recall_chars"],
    ["mdoel", "model"],
    ["something", undefined],
    ["", undefined],
  ];
  for (const [word, meant] of cases) expect([word, nearest(word, known)]).toEqual([word, meant]);
});

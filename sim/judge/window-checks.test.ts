import { expect, test } from "bun:test";
import type { ChatRequest } from "../servers/chat-wire.ts";
import { windowProblem } from "./window-checks.ts";

const WINDOW_TOKENS = 1_000;

/** What is wrong with a prompt whose messages have so many tokens each. */
function problemOf(...messages: readonly (readonly [role: "system" | "user" | "assistant", tokens: number])[]) {
  const request: ChatRequest = {
    model: "m",
    messages: messages.map(([role, tokens]) => ({ role, content: "word".repeat(tokens) })),
  };
  return windowProblem(JSON.stringify(request), request, WINDOW_TOKENS);
}

test("windowProblem() blames a server for what was there to be compacted, and not for what was said last", () => {
  expect(problemOf(["system", 300], ["user", 200], ["assistant", 300], ["user", 100])).toBeUndefined();
  expect(problemOf(["system", 300], ["user", 400], ["assistant", 500], ["user", 100])).toContain("2 messages");
  // A companion reads all that waits for it at once.
  expect(problemOf(["system", 300], ["user", 200], ["assistant", 300], ["user", 200], ["user", 200])).toBeUndefined();
  // Then a provider has counted it.
  expect(
    problemOf(["system", 300], ["user", 200], ["assistant", 300], ["user", 200], ["user", 200], ["assistant", 1]),
  ).toContain("3 messages");
});

test("windowProblem() blames nobody for a prompt that is too large without any history", () => {
  expect(problemOf(["system", 1_200], ["user", 100], ["assistant", 100], ["user", 100])).toBeUndefined();
});

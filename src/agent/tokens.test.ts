import { expect, test } from "bun:test";
import { instantOf } from "../core/clock.ts";
import type { MessageId } from "../core/id.ts";
import { newMessage } from "./input.ts";
import { countContext, messageTokens, tokenCounter } from "./tokens.ts";

const count = await tokenCounter();
const sources = {
  clock: { now: () => instantOf(0), elapsedMs: () => 0, sleep: async () => {} },
  random: { uuid: () => "x", fraction: () => 0 },
};

test("tokenCounter() counts ordinary text as the model's own tokenizer does", () => {
  expect(count("")).toBe(0);
  expect(count("hello world")).toBe(2);
  expect(count("The quick brown fox jumps over the lazy dog.")).toBe(10);
});

test("tokenCounter() takes control tokens for text", () => {
  expect(count("a <|endoftext|> b")).toBeGreaterThan(4);
});

test("tokenCounter() stays fast on long runs of one kind of character", () => {
  const started = performance.now();
  for (const run of ["a", "!?", "你好世界", " ", "\u{1F9AD}", "é"]) {
    const text = run.repeat(20_000 / run.length);
    const tokens = count(text);
    expect(tokens).toBeGreaterThan(10);
    expect(tokens).toBeLessThanOrEqual(text.length * 3);
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("messageTokens() counts words, calls and answers", () => {
  const place = { agentId: "agent-x" as never, conversationId: null, runId: null, stepId: null, model: null };
  const text = newMessage(sources, place, "assistant", [{ type: "text", text: "hello world" }]);
  const called = { ...text, toolCalls: [{ id: "c", name: "look", arguments: '{"at":"the sea"}' }] };
  expect(messageTokens(text, count)).toBe(6);
  expect(messageTokens(called, count)).toBeGreaterThan(messageTokens(text, count) + 8);
});

test("countContext() counts what nobody has counted, and never keeps the count of a system message", async () => {
  const place = { agentId: "agent-x" as never, conversationId: null, runId: null, stepId: null, model: null };
  const named = (name: string, role: "system" | "user") => ({
    ...newMessage(sources, place, role, [{ type: "text", text: "hello world" }]),
    id: name as MessageId,
  });
  const context = [named("message-a", "system"), named("message-b", "user"), named("message-c", "user")];
  const stored = new Map([["message-b" as MessageId, 77]]);
  const means = { messages: { tokenCounts: async () => stored }, clock: sources.clock };
  const { each, fresh } = await countContext("agent-x" as never, context, means);
  expect(each).toEqual([6, 77, 6]);
  expect([...fresh]).toEqual([["message-c" as MessageId, 6]]);
});

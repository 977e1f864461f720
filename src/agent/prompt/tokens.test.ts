import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import type { MessageId } from "../../core/id.ts";
import { newMessage } from "../new-message.ts";
import { countContext, messageTokens, slicedCounter } from "./tokens.ts";

const sources = {
  clock: { now: () => instantOf(0), elapsedMs: () => 0, sleep: async () => {} },
  random: { uuid: () => "x", fraction: () => 0 },
};
const count = slicedCounter(sources.clock);

test("slicedCounter() counts ordinary text as the model's own tokenizer does", async () => {
  expect(await count("")).toBe(0);
  expect(await count("hello world")).toBe(2);
  expect(await count("The quick brown fox jumps over the lazy dog.")).toBe(10);
});

test("slicedCounter() takes control tokens for text", async () => {
  expect(await count("a <|endoftext|> b")).toBeGreaterThan(4);
});

test("slicedCounter() stays fast on long runs of one kind of character", async () => {
  const started = performance.now();
  for (const run of ["a", "!?", "你好世界", " ", "\u{1F9AD}", "é"]) {
    const text = run.repeat(20_000 / run.length);
    const tokens = await count(text);
    expect(tokens).toBeGreaterThan(10);
    expect(tokens).toBeLessThanOrEqual(text.length * 3);
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("slicedCounter() gives others turns, and counts slices of what is very long", async () => {
  let turns = 0;
  const sleep = async () => {
    turns++;
  };
  const counted = slicedCounter({ sleep });
  const sentence = "The quick brown fox jumps over the lazy dog. ";
  expect(await counted(sentence.repeat(20_000))).toBeWithin(20_000 * 9.9, 20_000 * 10.1);
  expect(turns).toBeGreaterThan(10);
  const started = performance.now();
  expect(await counted(sentence.repeat(200_000))).toBeWithin(200_000 * 9.9, 200_000 * 10.1);
  expect(performance.now() - started).toBeLessThan(3_000);
});

test("messageTokens() counts words, calls and answers", async () => {
  const place = { agentId: "agent-x" as never, conversationId: null, runId: null, stepId: null, model: null };
  const text = newMessage(sources, place, { role: "assistant", content: [{ type: "text", text: "hello world" }] });
  const called = { ...text, toolCalls: [{ id: "c", name: "look", arguments: '{"at":"the sea"}' }] };
  expect(await messageTokens(text, count)).toBe(6);
  expect(await messageTokens(called, count)).toBeGreaterThan((await messageTokens(text, count)) + 8);
});

test("countContext() counts what nobody has counted, and never keeps the count of a system message", async () => {
  const place = { agentId: "agent-x" as never, conversationId: null, runId: null, stepId: null, model: null };
  const named = (name: string, role: "system" | "user") => ({
    ...newMessage(sources, place, { role, content: [{ type: "text", text: "hello world" }] }),
    id: name as MessageId,
  });
  const context = [named("message-a", "system"), named("message-b", "user"), named("message-c", "user")];
  const stored = new Map([["message-b" as MessageId, 77]]);
  const means = { messages: { tokenCounts: async () => stored }, countTokens: count };
  const { each, fresh } = await countContext("agent-x" as never, context, means);
  expect(each).toEqual([6, 77, 6]);
  expect([...fresh]).toEqual([["message-c" as MessageId, 6]]);
});

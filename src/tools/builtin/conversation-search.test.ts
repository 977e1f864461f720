import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { TEST_START, testContext } from "../_test-context.ts";
import { conversationSearch } from "./conversation-search.ts";

const hits = [
  { createdAt: instantOf(TEST_START - 13_500), role: "assistant", text: "Mock reply to: hello" },
  { createdAt: instantOf(TEST_START - 7_200_000), role: "user", text: "hello" },
];

test("conversation_search shows what it found, with times in the agent's zone", async () => {
  const context = testContext(hits, "Europe/Berlin");
  expect(await conversationSearch.call({ query: "hello" }, context)).toEqual({
    ok: true,
    promptChanged: false,
    message: {
      message: "Showing 2 results:",
      results: [
        {
          timestamp: "2026-11-22T21:06:50.623456+01:00",
          time_ago: "13s ago",
          role: "assistant",
          relevance: { search_mode: "sql" },
          content: "Mock reply to: hello",
        },
        {
          timestamp: "2026-11-22T19:07:04.123456+01:00",
          time_ago: "2h ago",
          role: "user",
          relevance: { search_mode: "sql" },
          content: "hello",
        },
      ],
    },
  });
  expect(context.queries).toEqual([{ text: "hello", roles: ["assistant", "user"], limit: 5, start: null, end: null }]);
});

test("conversation_search says when it found nothing", async () => {
  expect(await conversationSearch.call({}, testContext())).toMatchObject({
    ok: true,
    message: { message: "No results found.", results: [] },
  });
});

test("conversation_search passes its conditions on, the end date with its whole day", async () => {
  const context = testContext();
  const args = { query: null, roles: ["tool"], limit: "1000", start_date: "2024-01-15", end_date: "2024-01-15" };
  await conversationSearch.call(args, context);
  const start = instantOf(Date.parse("2024-01-15T00:00:00Z"));
  const end = instantOf(Date.parse("2024-01-16T00:00:00Z") - 0.001);
  expect(context.queries).toEqual([{ text: null, roles: ["tool"], limit: 100, start, end }]);
});

test("conversation_search answers bad arguments", async () => {
  const context = testContext();
  for (const args of [{ roles: ["system"] }, { limit: 1.5 }, { start_date: "last week" }, { query: 7 }])
    expect((await conversationSearch.call(args, context)).ok).toBe(false);
  expect(context.queries).toEqual([]);
});

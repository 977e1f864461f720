import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { TEST_START, testContext } from "../_test-context.ts";
import { archivalMemoryInsert, archivalMemorySearch } from "./archival-memory.ts";

test("archival_memory_insert stores a passage and answers None", async () => {
  const context = testContext();
  const result = await archivalMemoryInsert.call({ content: "The cat is Tom\0", tags: ["pets", "pets"] }, context);
  expect(result).toEqual({ ok: true, message: "None", promptChanged: true });
  expect(context.storedPassages).toMatchObject([
    { text: "The cat is Tom", tags: ["pets"], createdById: context.userId, metadata: {} },
  ]);
  expect(context.storedPassages[0]?.createdAt).toBeGreaterThan(TEST_START);
});

test("archival_memory_search shows entries as a Python list", async () => {
  const context = testContext([], "Europe/London");
  await archivalMemoryInsert.call({ content: "The cat is called 'Tom'", tags: ["pets"] }, context);
  await archivalMemoryInsert.call({ content: "A cat", tags: null }, context);
  const [first, second] = context.storedPassages;
  expect(await archivalMemorySearch.call({ query: "cat" }, context)).toEqual({
    ok: true,
    promptChanged: false,
    message: `[{'id': '${first?.id}', 'timestamp': '2026-11-22T20:07:04.123457+00:00', 'content': "The cat is called 'Tom'", 'tags': ['pets']}, {'id': '${second?.id}', 'timestamp': '2026-11-22T20:07:04.123458+00:00', 'content': 'A cat', 'tags': []}]`,
  });
  expect(context.searches).toEqual([{ query: "cat", filter: { tagMatch: "any" }, limit: 5 }]);
});

test("archival_memory_search finds nothing in an archive that is not there, or without words", async () => {
  const context = testContext();
  expect(await archivalMemorySearch.call({ query: "cat" }, context)).toMatchObject({ ok: true, message: "[]" });
  await archivalMemoryInsert.call({ content: "cat" }, context);
  expect(await archivalMemorySearch.call({ query: " " }, context)).toMatchObject({ ok: true, message: "[]" });
  expect(context.searches).toEqual([]);
});

test("archival_memory_search passes its conditions on, the end date with its whole day", async () => {
  const context = testContext();
  await archivalMemoryInsert.call({ content: "cat" }, context);
  const dates = { start_datetime: "2024-01-15", end_datetime: "2024-01-15" };
  await archivalMemorySearch.call({ query: "cat", tags: ["a"], tag_match_mode: "all", top_k: 3, ...dates }, context);
  const start = instantOf(Date.parse("2024-01-15T00:00:00Z"));
  const end = instantOf(Date.parse("2024-01-16T00:00:00Z") - 0.001);
  expect(context.searches).toEqual([{ query: "cat", filter: { tags: ["a"], tagMatch: "all", start, end }, limit: 3 }]);
});

test("archival_memory_search answers a date that is none, even before there is an archive", async () => {
  const result = await archivalMemorySearch.call({ query: "cat", end_datetime: "soon" }, testContext());
  expect(result).toMatchObject({ ok: false, message: expect.stringContaining('"soon" is not a date') });
});

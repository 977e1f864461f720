import { expect, test } from "bun:test";
import { testContext } from "../_test-context.ts";
import { memoryFinishEdits, memoryInsert, memoryReplace, memoryRethink } from "./memory-edit.ts";

test("memory_replace returns the new value, or the error that clients know", async () => {
  const context = testContext();
  await context.give("human", "Lives in Lyon");
  const args = { label: "human", old_string: "Lyon", new_string: "Porto" };
  expect(await memoryReplace.call(args, context)).toEqual({ ok: true, message: "Lives in Porto", promptChanged: true });
  expect((await memoryReplace.call(args, context)).ok).toBe(false);
  await context.give("many", "z".repeat(6000));
  expect(await memoryReplace.call({ label: "many", old_string: "zzzz", new_string: "q" }, context)).toEqual({
    ok: false,
    message:
      "No replacement was performed. Multiple occurrences of old_string `zzzz` in lines [1]. Please ensure it is unique.",
  });
});

test("memory_insert inserts after a line, at the end when none is given", async () => {
  const context = testContext();
  await context.give("human", "a\nb");
  const insert = (insert_line?: unknown) =>
    memoryInsert.call({ label: "human", new_string: "x", insert_line }, context).then(({ message }) => message);
  expect(await insert()).toBe("a\nb\nx");
  expect(await insert(null)).toBe("a\nb\nx\nx");
  expect(await insert("1")).toBe("a\nx\nb\nx\nx");
  expect(await insert(9)).toContain("insert_line 9 is outside block `human`");
});

test("memory_insert does not grow a block that an API client filled beyond its limit", async () => {
  const context = testContext();
  await context.give("human", "z".repeat(6000), { limit: 5000 });
  expect(await memoryInsert.call({ label: "human", new_string: "Likes tea" }, context)).toEqual({
    ok: false,
    message:
      "Block `human` holds at most 5000 characters and has 6000; this edit would make it 6010. Shorten the block first, or write less",
  });
});

test("memory_rethink rewrites a block, unless it is read-only or unknown", async () => {
  const context = testContext();
  await context.give("human", "old");
  await context.give("policy", "fixed", { readOnly: true });
  const rethink = (label: string) => memoryRethink.call({ label, new_memory: "new\n\ttext" }, context);
  expect(await rethink("human")).toEqual({ ok: true, message: "new\n\ttext", promptChanged: true });
  expect(await rethink("policy")).toEqual({
    ok: false,
    message: "Error This block is read-only and cannot be edited.",
  });
  expect((await rethink("other")).ok).toBe(false);
  expect(await context.values()).toEqual({ human: "new\n\ttext", policy: "fixed" });
});

test("memory_finish_edits answers None", async () => {
  expect(await memoryFinishEdits.call({}, testContext())).toEqual({ ok: true, message: "None", promptChanged: false });
});

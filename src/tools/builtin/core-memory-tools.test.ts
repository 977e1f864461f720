import { expect, test } from "bun:test";
import { testContext } from "../_test-context.ts";
import { coreMemoryAppend, coreMemoryReplace } from "./core-memory-tools.ts";

test("core_memory_append adds a line and returns the new value", async () => {
  const context = testContext();
  const block = await context.give("human", "a\tb");
  expect(await coreMemoryAppend.call({ label: "human", content: "c 😀" }, context)).toEqual({
    ok: true,
    message: "a\tb\nc 😀",
    promptChanged: true,
  });
  expect(await context.blocks.find(block.id)).toMatchObject({
    value: "a\tb\nc 😀",
    version: 2,
    lastUpdatedById: context.userId,
  });
});

test("core_memory_append names the labels there are", async () => {
  const context = testContext();
  const args = { label: "humans", content: "x" };
  expect((await coreMemoryAppend.call(args, context)).message).toContain("You have no memory blocks");
  await context.give("human", "");
  expect(await coreMemoryAppend.call(args, context)).toEqual({
    ok: false,
    message: "No memory block is labelled `humans`. Your blocks: `human`",
  });
});

test("core_memory_replace replaces every occurrence, and answers when there is none", async () => {
  const context = testContext();
  await context.give("human", "a b a");
  const replace = (old_content: string) =>
    coreMemoryReplace.call({ label: "human", old_content, new_content: "c" }, context);
  expect(await replace("a")).toEqual({ ok: true, message: "c b c", promptChanged: true });
  expect((await replace("x")).ok).toBe(false);
  expect(await context.values()).toEqual({ human: "c b c" });
});

import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { appendText } from "./block-edit.ts";
import { CORE_BLOCKS_MAX, createCoreMemory } from "./core-blocks.ts";

let made = 0;
const random = { uuid: () => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`, fraction: () => 0 };
const clock = { now: () => instantOf(1_000) };
const core = () => createCoreMemory({ clock, random, userId: "user-1" });

test("edit() keeps the next version in the owner's name, and nothing of a change that is none", async () => {
  const memory = core();
  await memory.add({ ...memory.draft({ label: "human", value: "Ada" }), lastUpdatedById: "user-2" });
  expect(await memory.edit("human", (block) => block)).toMatchObject({ version: 1, lastUpdatedById: "user-2" });
  await memory.edit("human", (block, at) => appendText(block, "Rome", at));
  expect(await memory.get("human")).toMatchObject({ value: "Ada\nRome", version: 2, lastUpdatedById: "user-1" });
  await expect(memory.edit("humans", (block) => block)).rejects.toThrow("Your blocks: `human`");
});

test("draft() refuses a bad label and a long value, and knows what the usual blocks are for", async () => {
  const memory = core();
  expect(memory.draft({ label: "human", value: "" }).description).toStartWith("What you know");
  expect(memory.draft({ label: "human", value: "", description: null }).description).toBeNull();
  for (const label of ["", " ", "a<b", "a\nb", "x".repeat(101)])
    expect(() => memory.draft({ label, value: "" })).toThrow("A label has 1 to 100 characters");
  expect(() => memory.draft({ label: "a", value: "x".repeat(100_001) })).toThrow("at most 100000");
});

test("what is kept in this process has one block of a label, a limit, and the last version alone", async () => {
  const memory = core();
  const block = await memory.set("human", "Ada");
  await expect(memory.add(memory.draft({ label: "human", value: "" }))).rejects.toThrow("already");
  await expect(memory.save({ ...block, version: 3 })).rejects.toThrow("has version 1, not 2");
  for (let count = 1; count < CORE_BLOCKS_MAX; count++) await memory.set(`b${count}`, "");
  await expect(memory.set("one", "")).rejects.toThrow(`holds ${CORE_BLOCKS_MAX} blocks`);
  expect([await memory.remove("b1"), await memory.remove("b1")]).toEqual([true, false]);
  expect((await memory.list())[0]?.label).toBe("human");
});

test("remove() leaves what is read-only", async () => {
  const memory = core();
  await memory.add({ ...memory.draft({ label: "human", value: "Ada" }), readOnly: true });
  await expect(memory.remove("human")).rejects.toThrow("read-only");
  await expect(memory.set("human", "Bob")).rejects.toThrow("read-only");
});

import { expect, test } from "bun:test";
import { testContext } from "../_test-context.ts";
import { memoryApplyPatch } from "./memory-apply-patch.ts";

test("memory_apply_patch changes the labelled block and returns its value", async () => {
  const context = testContext();
  await context.give("human", "a\nb");
  expect(await memoryApplyPatch.call({ label: "human", patch: " a\n-b\n+c" }, context)).toEqual({
    ok: true,
    message: "a\nc",
    promptChanged: true,
  });
});

test("memory_apply_patch adds, changes, renames and deletes blocks", async () => {
  const context = testContext();
  await context.give("human", "Lives in Lyon");
  const scratch = await context.give("scratch", "x");
  const patch =
    "*** Add Block: travel\nDescription: Where to\n+Rome\n*** Update Block: human\n-Lives in Lyon\n+Lives in Porto\n*** Move to: person\n*** Delete Block: scratch\n*** Update Block: travel\n+Oslo";
  expect(await memoryApplyPatch.call({ label: "", patch }, context)).toEqual({
    ok: true,
    promptChanged: true,
    message:
      "Added block `travel`\nUpdated block `human`\nRenamed block `human` to `person`\nDeleted block `scratch`\nUpdated block `travel`",
  });
  expect(await context.values()).toEqual({ person: "Lives in Porto", travel: "Rome\nOslo" });
  expect(await context.blocks.findForAgent(context.agentId, "travel")).toMatchObject({ description: "Where to" });
  expect(await context.blocks.find(scratch.id)).toBeDefined();
});

test("memory_apply_patch gives a deleted block's label to another", async () => {
  const context = testContext();
  await context.give("a", "1");
  await context.give("b", "2");
  const patch = "*** Delete Block: b\n*** Update Block: a\n*** Move to: b";
  expect((await memoryApplyPatch.call({ label: "", patch }, context)).ok).toBe(true);
  expect(await context.values()).toEqual({ b: "1" });
});

test("memory_apply_patch leaves no trace when a part of it fails", async () => {
  const context = testContext();
  await context.give("human", "a");
  await context.give("policy", "p", { readOnly: true });
  await context.give("small", "s", { limit: 2 });
  const before = await context.blocks.listForAgent(context.agentId);
  const good = "*** Add Block: new\n+x\n*** Update Block: human\n-a\n+b\n";
  for (const bad of [
    "*** Update Block: policy\n-p\n+q",
    "*** Delete Block: policy",
    "*** Update Block: small\n+long",
    "*** Update Block: gone\n+x",
    "*** Add Block: human\n+x",
    "*** Update Block: human\n*** Move to: small",
    "*** Update Block: human\n*** Move to: a<b",
    "*** Update Block: human\n-nowhere\n+x",
  ])
    expect((await memoryApplyPatch.call({ label: "", patch: good + bad }, context)).ok).toBe(false);
  expect(await context.blocks.listForAgent(context.agentId)).toEqual(before);
  expect(await context.blocks.count({})).toBe(3);
});

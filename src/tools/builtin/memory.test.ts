import { expect, test } from "bun:test";
import { newId } from "../../core/id.ts";
import { countingRandom, testContext } from "../_test-context.ts";
import { memory } from "./memory.ts";

test("memory create makes a block and attaches it", async () => {
  const context = testContext();
  const args = { command: "create", path: "/memories/travel", description: "Where to", file_text: "Rome" };
  expect(await memory.call(args, context)).toEqual({
    ok: true,
    message: "Created memory block `travel`",
    promptChanged: true,
  });
  expect(await context.blocks.findForAgent(context.agentId, "travel")).toMatchObject({
    label: "travel",
    value: "Rome",
    description: "Where to",
    limit: 100_000,
    version: 1,
    createdById: context.userId,
  });
  expect(await memory.call(args, context)).toMatchObject({ ok: false, message: expect.stringContaining("already") });
  expect((await memory.call({ command: "create", path: "/memories/x" }, context)).message).toBe(
    "memory create needs description",
  );
  for (const path of ["/memories/", "a<b", "a\nb", "x".repeat(101)])
    expect((await memory.call({ ...args, path }, context)).message).toContain("A label has 1 to 100 characters");
  const long = "x".repeat(100_001);
  expect((await memory.call({ ...args, path: "y", file_text: long }, context)).message).toContain("at most 100000");
  expect(await context.blocks.count({})).toBe(1);
});

test("memory str_replace and insert return the new value", async () => {
  const context = testContext();
  await context.give("travel", "Rome");
  const replace = { command: "str_replace", path: "/memories/travel", old_string: "Rome", new_string: "Siena" };
  expect(await memory.call(replace, context)).toEqual({ ok: true, message: "Siena", promptChanged: true });
  const insert = { command: "insert", path: "travel", insert_text: "Oslo" };
  expect((await memory.call({ ...insert, insert_line: 0 }, context)).message).toBe("Oslo\nSiena");
  expect((await memory.call({ ...insert, insert_line: null }, context)).message).toBe("Oslo\nSiena\nOslo");
  expect((await memory.call({ ...insert, insert_line: 7 }, context)).ok).toBe(false);
  expect((await memory.call(replace, context)).message).toContain("does not contain `Rome`");
});

test("memory rename changes the label, the description, or both", async () => {
  const context = testContext();
  const block = await context.give("travel", "Rome");
  await context.give("notes", "");
  const rename = { command: "rename", old_path: "/memories/travel", new_path: "/memories/trips" };
  expect((await memory.call({ ...rename, new_path: "notes" }, context)).ok).toBe(false);
  expect((await memory.call(rename, context)).message).toBe("Renamed memory block `travel` to `trips`");
  const describe = { command: "rename", path: "/memories/trips", description: "Journeys" };
  expect((await memory.call(describe, context)).message).toBe("Changed the description of memory block `trips`");
  expect(await context.blocks.find(block.id)).toMatchObject({ label: "trips", description: "Journeys", version: 3 });
  expect((await memory.call({ command: "rename", path: "trips" }, context)).message).toBe(
    "memory rename needs new_path",
  );
});

test("memory rename leaves other agents that share the block without two of one label", async () => {
  const context = testContext();
  const other = newId("agent", { ...countingRandom(), uuid: () => "ffffffff-0000-4000-8000-000000000000" });
  const shared = await context.give("travel", "Rome");
  await context.blocks.attach(other, shared);
  await context.give("trips", "theirs", {}, other);
  const rename = { command: "rename", old_path: "travel", new_path: "trips" };
  expect(await memory.call(rename, context)).toMatchObject({ ok: false, message: expect.stringContaining("shares") });
  expect(await context.values()).toEqual({ travel: "Rome" });
});

test("memory delete detaches the block and keeps it for others", async () => {
  const context = testContext();
  const block = await context.give("travel", "Rome");
  expect(await memory.call({ command: "delete", path: "/memories/travel" }, context)).toEqual({
    ok: true,
    message: "Deleted memory block `travel`",
    promptChanged: true,
  });
  expect(await context.values()).toEqual({});
  expect(await context.blocks.find(block.id)).toBeDefined();
  expect((await memory.call({ command: "delete", path: "/memories/travel" }, context)).ok).toBe(false);
});

test("memory reads slashes in a path as they are, or as underscores", async () => {
  const context = testContext();
  await context.give("work/plan", "a");
  await context.give("home_plan", "b");
  const insert = (path: string) =>
    memory.call({ command: "insert", path, insert_text: "x" }, context).then(({ message }) => message);
  expect(await insert("/memories/work/plan")).toBe("a\nx");
  expect(await insert("/memories/home/plan")).toBe("b\nx");
  expect(await insert("/memories/no/plan")).toContain("No memory block is labelled `no/plan`");
});

test("memory refuses every change of a read-only block", async () => {
  const context = testContext();
  await context.give("policy", "p", { readOnly: true });
  const path = "/memories/policy";
  for (const args of [
    { command: "str_replace", path, old_string: "p", new_string: "q" },
    { command: "insert", path, insert_text: "q" },
    { command: "delete", path },
    { command: "rename", old_path: path, new_path: "/memories/other" },
    { command: "rename", path, description: "d" },
  ])
    expect((await memory.call(args, context)).message).toBe("Error This block is read-only and cannot be edited.");
});

test("memory answers an unknown command", async () => {
  expect(await memory.call({ command: "view" }, testContext())).toMatchObject({
    ok: false,
    message: expect.stringContaining("Invalid arguments for memory: command:"),
  });
});

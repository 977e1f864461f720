import { describe, expect, test } from "bun:test";
import { countingRandom } from "../_test-world.ts";
import { createToolCallIds, sanitizeToolCallId, TOOL_CALL_ID_CHARS_MAX } from "./tool-call-id.ts";

describe("sanitizeToolCallId()", () => {
  test("leaves plain ids as they are", () => {
    for (const id of ["call_3944da149884ce8da67bde21", "toolu_01A", "a", "A-b_9"])
      expect(sanitizeToolCallId(id)).toBe(id);
  });

  test("makes others plain and short, the same way each time, and keeps them apart", () => {
    const odd = ["call.1", "call:1", "functions.roll:0", "ü", "x".repeat(300), `${"x".repeat(300)}y`, " "];
    const ids = odd.map(sanitizeToolCallId);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(TOOL_CALL_ID_CHARS_MAX);
    expect(new Set(ids).size).toBe(odd.length);
    expect(odd.map(sanitizeToolCallId)).toEqual(ids);
    expect(ids.map(sanitizeToolCallId)).toEqual(ids);
  });
});

test("claim() gives a new id for one that is missing, taken or used before", () => {
  const ids = createToolCallIds(new Set(["call_old"]), countingRandom());
  const claimed = ["call_a", "call_a", "", "call_old", "call_b"].map((id) => ids.claim(id));
  expect(claimed[0]).toBe("call_a");
  expect(claimed[4]).toBe("call_b");
  expect(new Set([...claimed, "call_old"]).size).toBe(6);
});

test("claim() does not keep what only counts where it has to be written anew, so that two replies stay apart", () => {
  const ids = ["first reply", "second reply"].map(() => createToolCallIds(new Set(), countingRandom()));
  for (const one of ids) expect(one.claim("functions.archival_memory_insert:0")).toMatch(/^call_[0-9a-f]{24}$/);
  expect(ids[0]?.claim("functions.roll")).toBe(sanitizeToolCallId("functions.roll"));
});

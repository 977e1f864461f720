import { describe, expect, test } from "bun:test";
import { type Instant, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import {
  createWorkingMemory,
  WORKING_BYTES_MAX,
  WORKING_ENTRIES_MAX,
  WORKING_KEY_BYTES_MAX,
  WORKING_TTL_MS_DEFAULT,
  WORKING_TTL_MS_MAX,
  WORKING_VALUE_BYTES_MAX,
} from "./working-memory.ts";

function setUp(start = 1_000) {
  let now = instantOf(start);
  const memory = createWorkingMemory({ clock: { now: (): Instant => now } });
  return {
    memory,
    pass: (ms: number) => {
      now = instantOf(now + ms);
    },
  };
}

function kindOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.kind;
    throw error;
  }
  return "none";
}

describe("WorkingMemory", () => {
  test("keeps a text until its end, and not at its end", () => {
    const { memory, pass } = setUp();
    memory.set("a", "x", { ttlMs: 100 });
    pass(99);
    expect(memory.get("a")).toBe("x");
    pass(1);
    expect([memory.get("a"), memory.has("a"), memory.remove("a"), memory.keys()]).toEqual([
      undefined,
      false,
      false,
      [],
    ]);
  });

  test("lives an hour when nobody says, and seven days at most", () => {
    const { memory, pass } = setUp();
    memory.set("a", "x");
    pass(WORKING_TTL_MS_DEFAULT - 1);
    expect(memory.has("a")).toBe(true);
    pass(1);
    expect(memory.has("a")).toBe(false);
    for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, WORKING_TTL_MS_MAX + 1])
      expect(kindOf(() => memory.set("a", "x", { ttlMs }))).toBe("invalid");
    expect(kindOf(() => memory.set("a", "x", { ttlMs: WORKING_TTL_MS_MAX }))).toBe("none");
  });

  test("never counts what has ended", () => {
    const { memory, pass } = setUp();
    const value = "v".repeat(WORKING_VALUE_BYTES_MAX);
    const count = WORKING_BYTES_MAX / WORKING_VALUE_BYTES_MAX - 1;
    for (let i = 0; i < count; i++) memory.set(`k${i}`, value, { ttlMs: 10 });
    expect(kindOf(() => memory.set("more", value))).toBe("full");
    pass(10);
    expect(memory.size()).toEqual({ entries: 0, bytes: 0 });
    for (let i = 0; i < count; i++) memory.set(`n${i}`, value);
    expect(memory.size().bytes).toBeLessThanOrEqual(WORKING_BYTES_MAX);
  });

  test("holds so many entries and no more", () => {
    const { memory, pass } = setUp();
    for (let i = 0; i < WORKING_ENTRIES_MAX; i++) memory.set(`${i}`, "", { ttlMs: 5 });
    expect(kindOf(() => memory.set("more", ""))).toBe("full");
    expect(kindOf(() => memory.set("0", "again"))).toBe("none");
    pass(5);
    expect(kindOf(() => memory.set("more", ""))).toBe("none");
  });

  test("refuses long keys and values, counted in bytes, and changes nothing then", () => {
    const { memory } = setUp();
    memory.set("a", "old");
    expect(kindOf(() => memory.set("", "x"))).toBe("invalid");
    expect(kindOf(() => memory.set("é".repeat(WORKING_KEY_BYTES_MAX / 2 + 1), "x"))).toBe("invalid");
    expect(kindOf(() => memory.set("a", "😀".repeat(WORKING_VALUE_BYTES_MAX / 4 + 1)))).toBe("too_large");
    expect(kindOf(() => memory.append("a", "x".repeat(WORKING_VALUE_BYTES_MAX)))).toBe("too_large");
    expect([memory.get("a"), memory.size()]).toEqual(["old", { entries: 1, bytes: 4 }]);
  });

  test("counts and appends without moving the end", () => {
    const { memory, pass } = setUp();
    memory.set("n", "5", { ttlMs: 100 });
    pass(60);
    expect([memory.add("n", -7), memory.append("t", "a"), memory.append("t", "b")]).toEqual([-2, "a", "ab"]);
    pass(40);
    expect([memory.has("n"), memory.get("t")]).toEqual([false, "ab"]);
    expect(memory.add("n", 1)).toBe(1);
    expect(kindOf(() => memory.add("t", 1))).toBe("conflict");
    expect(kindOf(() => memory.add("n", Number.MAX_SAFE_INTEGER))).toBe("invalid");
    expect(kindOf(() => memory.add("n", 0.5))).toBe("invalid");
    expect(memory.get("n")).toBe("1");
  });

  test("gives a live entry another end", () => {
    const { memory, pass } = setUp();
    memory.set("a", "x", { ttlMs: 10 });
    pass(9);
    memory.touch("a", { ttlMs: 50 });
    pass(49);
    expect(memory.get("a")).toBe("x");
    pass(1);
    expect(kindOf(() => memory.touch("a"))).toBe("not_found");
  });

  test("works in the years 0 and 9999, and with any text", () => {
    for (const start of [-62_167_219_200_000, 253_402_214_400_000]) {
      const { memory, pass } = setUp(start);
      for (const text of ["\ud800", "😀", "שלום", "</memory>", " "]) {
        memory.set(text, text, { ttlMs: 1_000 });
        expect(memory.get(text)).toBe(text);
      }
      pass(1_000);
      expect(memory.size()).toEqual({ entries: 0, bytes: 0 });
    }
  });

  test("counts its bytes right after any changes", () => {
    const { memory } = setUp();
    memory.set("a", "12345");
    memory.set("a", "1");
    memory.set("b", "é");
    expect(memory.size()).toEqual({ entries: 2, bytes: 5 });
    memory.remove("a");
    expect(memory.size()).toEqual({ entries: 1, bytes: 3 });
    memory.clear();
    expect(memory.size()).toEqual({ entries: 0, bytes: 0 });
  });
});

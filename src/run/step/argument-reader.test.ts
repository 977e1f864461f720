import { expect, test } from "bun:test";
import fc from "fast-check";
import { createArgumentReader } from "./argument-reader.ts";

/** What the reader passes on of these pieces, joined by key. */
function read(pieces: readonly string[]): ReadonlyMap<string, string> {
  const passed = new Map<string, string>();
  const reader = createArgumentReader((key, text) => {
    expect(text).not.toBe("");
    expect(text.isWellFormed()).toBe(true);
    passed.set(key, (passed.get(key) ?? "") + text);
  });
  for (const piece of pieces) reader.feed(piece);
  return passed;
}

/** A text cut at these places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

test("createArgumentReader() passes on every top-level string, wherever the JSON is cut", () => {
  const value = fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue());
  const key = fc.string({ minLength: 1, unit: "binary" }).filter((name) => name !== "__proto__");
  const spaces = fc.constantFrom(undefined, 1, "\t");
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.array(fc.nat()), spaces, (args, places, space) => {
      const strings = Object.entries(args).filter(([, held]) => typeof held === "string" && held !== "");
      expect(read(cut(JSON.stringify(args, null, space), places))).toEqual(new Map(strings as [string, string][]));
    }),
  );
});

test("createArgumentReader() reads escapes, and passes on a character only when it is whole", () => {
  expect(read(['{"a": "x\\', "u00e", '9\\n\\"', "\\ud83d", '\\ude00"}'])).toEqual(new Map([["a", 'xé\n"😀']]));
});

test("createArgumentReader() takes anything", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('"', "{", "}", "[", "]", ":", ",", "\\", "u", "1", "a")), (pieces) => {
      createArgumentReader(() => {}).feed(pieces.join(""));
    }),
  );
});

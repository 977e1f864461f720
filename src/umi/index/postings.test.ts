import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../../core/clock.ts";
import { createColumns, decodeRows, encodeRows, ROW_BYTES, rowOf } from "./columns.ts";
import { countTerms, decodePostings, encodePostings } from "./postings.ts";

test("decodePostings() reads what encodePostings() wrote, whatever the gaps, also when appended to", () => {
  const gaps = fc.array(
    fc.tuple(fc.oneof(fc.nat(3), fc.nat(300), fc.nat(1_000_000)), fc.integer({ min: 1, max: 255 })),
  );
  fc.assert(
    fc.property(gaps, fc.nat(1000), fc.nat(10), (steps, first, split) => {
      let number = first;
      const postings = steps.map(([gap, count], i) => {
        number += i === 0 ? gap : gap + 1;
        return { number, count };
      });
      const head = postings.slice(0, split);
      const bytes = [
        ...encodePostings(head, first),
        ...encodePostings(postings.slice(split), head.at(-1)?.number ?? first),
      ];
      const into = { numbers: new Uint32Array(postings.length + 1), counts: new Uint8Array(postings.length + 1) };
      expect(decodePostings({ first, data: Uint8Array.from(bytes) }, into, 1)).toBe(postings.length + 1);
      expect([...into.numbers.subarray(1)]).toEqual(postings.map((each) => each.number));
      expect([...into.counts.subarray(1)]).toEqual(postings.map((each) => each.count));
    }),
  );
});

test("countTerms() counts up to what a byte holds", () => {
  expect([...countTerms(["b", "a", "b"])]).toEqual([["b", 2], ["a", 1]]); // biome-ignore format: pairs
  expect(countTerms(new Array(1000).fill("a")).get("a")).toBe(255);
});

test("decodeRows() reads what encodeRows() wrote, and columns hold it", () => {
  const entry = {
    id: "x",
    session: "s",
    speaker: "Ada Lovelace",
    role: "user" as const,
    tags: [],
    at: instantOf(-5.25),
  };
  const rows = ["When was it?", "It was yesterday", ""].map((text, i) => rowOf({ ...entry, text }, i, 70_000 * i));
  const bytes = encodeRows(rows);
  expect(bytes.length).toBe(3 * ROW_BYTES);
  expect(decodeRows(bytes, 0)).toEqual(rows);
  const columns = createColumns();
  for (const row of [...rows, ...rows]) columns.push(row);
  expect(columns.size).toBe(3);
  expect(columns.totals).toMatchObject({ count: 3, asks: 1, namesTime: 1, terms: 131_070, userCount: 3 });
  expect(columns.times[1]).toBe(-5.25);
});

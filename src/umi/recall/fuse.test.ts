import { expect, test } from "bun:test";
import fc from "fast-check";
import { TopNumbers } from "../top-numbers.ts";
import { fuseRanks } from "./fuse.ts";

test("fuseRanks() counts each list's ranks from 1, and breaks ties by id", () => {
  expect(fuseRanks([["b", "a"], ["a", "b"]]).map(({ id }) => id)).toEqual(["a", "b"]); // biome-ignore format: lists
  expect(fuseRanks([["x"], ["x"]])).toEqual([{ id: "x", score: 1 }]);
  const [, , last] = fuseRanks([["a", "b"], ["c"]]);
  expect(last?.id).toBe("b");
  expect(last?.score).toBeCloseTo(61 / 62 / 2, 12); // biome-ignore format: lists
  expect(fuseRanks([])).toEqual([]);
});

test("TopNumbers keeps what sorting all of it would give", () => {
  const offers = fc.uniqueArray(fc.tuple(fc.nat(10_000), fc.integer({ min: -3, max: 3 })), {
    selector: ([n]) => n,
    maxLength: 300,
  });
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 20 }), (all, limit) => {
      const top = new TopNumbers(limit);
      for (const [number, score] of all) if (top.wants(score)) top.offer(number, score);
      const sorted = [...all].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
      expect(top.best()).toEqual(sorted.map(([number, score]) => ({ number, score })));
    }),
  );
});

import { expect, test } from "bun:test";
import { wholeNumber, within } from "./arguments.ts";

test("wholeNumber takes numbers, and numbers written as text", () => {
  expect(["7", " -1 ", 3].map((value) => wholeNumber.parse(value))).toEqual([7, -1, 3]);
  for (const value of ["", "1.5", 1.5, "x", null, true]) expect(wholeNumber.safeParse(value).success).toBe(false);
});

test("within() keeps a number in bounds and fills in a missing one", () => {
  expect([
    within(null, { lowest: 1, highest: 9, fallback: 5 }),
    within(undefined, { lowest: 1, highest: 9, fallback: 5 }),
    within(0, { lowest: 1, highest: 9, fallback: 5 }),
    within(99, { lowest: 1, highest: 9, fallback: 5 }),
  ]).toEqual([5, 5, 1, 9]);
});

import { expect, test } from "bun:test";
import { once } from "./once.ts";

test("once() makes a value when it is asked for, and never again, undefined included", () => {
  let made = 0;
  const value = once(() => {
    made++;
    return undefined;
  });
  expect(made).toBe(0);
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(made).toBe(1);
});

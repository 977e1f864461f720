import { expect, test } from "bun:test";
import { createRequestRates } from "./request-rate.ts";

test("take() lets as many through at once as a window has, and gives them back evenly", () => {
  let nowMs = 0;
  const rates = createRequestRates({ elapsedMs: () => nowMs });
  const take = () => rates.take("ada", 2, 1_000);
  expect([take().isOver, take().isOver, take().isOver]).toEqual([false, false, true]);
  expect(take().nextMs).toBeCloseTo(500, 6);
  nowMs = 499;
  expect(take().isOver).toBe(true);
  nowMs = 500;
  expect(take()).toMatchObject({ isOver: false, remaining: 0 });
  nowMs = 60_000;
  expect(take()).toMatchObject({ isOver: false, remaining: 1, limit: 2 });
  expect(rates.take("bob", 2, 1_000).remaining).toBe(1);
});

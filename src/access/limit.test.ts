import { expect, test } from "bun:test";
import { instantOf } from "../core/clock.ts";
import { type Limit, type LimitWindow, type Spend, standingOf, WINDOWS_KEPT, windowAt } from "./limit.ts";

const at = (iso: string) => instantOf(Date.parse(iso));
const limit = (window: LimitWindow) => ({ window }) as Limit;
const spent = (windowStart: number, settled = 5): Spend => ({
  windowStart: instantOf(windowStart),
  settled,
  reserved: 0,
});

test("windowAt() counts seconds from the epoch, and days and months by the calendar", () => {
  const window = (name: LimitWindow, iso: string) => {
    const { start, end } = windowAt(name, at(iso));
    return [new Date(start).toISOString(), new Date(end).toISOString()];
  };
  expect(window("3600s", "2026-11-30T10:59:59.999Z")).toEqual(["2026-11-30T10:00:00.000Z", "2026-11-30T11:00:00.000Z"]);
  expect(window("day", "2026-11-30T23:59:59Z")).toEqual(["2026-11-30T00:00:00.000Z", "2026-12-01T00:00:00.000Z"]);
  expect(window("month", "2024-02-29T12:00:00Z")).toEqual(["2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z"]);
  expect(window("month", "2026-12-31T23:59:59Z")).toEqual(["2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"]);
});

test("standingOf() finds a window again that a clock has left and comes back to", () => {
  const known = [spent(0, 3), spent(10_000, 4)];
  expect(standingOf(limit("10s"), known, instantOf(10_500)).settled).toBe(4);
  expect(standingOf(limit("10s"), known, instantOf(9_999)).settled).toBe(3);
  // A year ahead and back.
  const ahead = [...known, spent(31_536_000_000, 1)];
  expect(standingOf(limit("10s"), ahead, instantOf(10_500)).settled).toBe(4);
  expect(standingOf(limit("10s"), ahead, instantOf(20_000))).toMatchObject({ windowStart: 20_000, settled: 0 });
});

test("standingOf() gives nothing out twice where a clock is set back past all that is remembered", () => {
  const known = Array.from({ length: WINDOWS_KEPT }, (_, i) => spent(100_000 + i * 10_000, i));
  expect(standingOf(limit("10s"), known, instantOf(50_000))).toMatchObject({ windowStart: 100_000, settled: 0 });
  expect(standingOf(limit("10s"), known.slice(1), instantOf(50_000))).toMatchObject({
    windowStart: 50_000,
    settled: 0,
  });
});

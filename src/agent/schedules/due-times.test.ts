import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Instant, instantOf } from "../../core/clock.ts";
import { createTimeFormat } from "../../core/time-format.ts";
import { readCron } from "./cron.ts";
import { dueSince, nextDue } from "./due-times.ts";

const times = createTimeFormat();

function at(text: string): Instant {
  return instantOf(Date.parse(text));
}

/** The due times after an instant, as the zone's clock shows them. */
function due(expression: string, zone: string, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let from = at(after);
  while (found.length < count) {
    const next = nextDue({ cron: readCron(expression), zone }, from, times);
    if (next === null) break;
    found.push(times.isoInZone(next, zone));
    from = next;
  }
  return found;
}

test("nextDue() has what is due in the hour that is skipped due once, when the clock is set forward", () => {
  const berlin = (expression: string, count: number) =>
    due(expression, "Europe/Berlin", "2026-03-29T00:50:00Z", count).map((text) => text.slice(8, 22));
  expect(berlin("30 2 * * *", 2)).toEqual(["29T03:00:00+02", "30T02:30:00+02"]);
  expect(berlin("*/15 2 * * *", 2)).toEqual(["29T03:00:00+02", "30T02:00:00+02"]);
  expect(berlin("30 2,3 * * *", 3)).toEqual(["29T03:00:00+02", "29T03:30:00+02", "30T02:30:00+02"]);
  expect(berlin("0 * * * *", 2)).toEqual(["29T03:00:00+02", "29T04:00:00+02"]);
  expect(berlin("*/15 * * * *", 3)).toEqual(["29T03:00:00+02", "29T03:15:00+02", "29T03:30:00+02"]);
  expect(berlin("30 3 * * *", 1)).toEqual(["29T03:30:00+02"]);
});

test("nextDue() has named hours due once in an hour that comes twice, and every hour both times", () => {
  const newYork = (expression: string, count: number, after = "2026-11-01T04:50:00Z") =>
    due(expression, "America/New_York", after, count).map((text) => text.slice(8, 22));
  expect(newYork("30 1 * * *", 2)).toEqual(["01T01:30:00-04", "02T01:30:00-05"]);
  expect(newYork("*/30 1 * * *", 3)).toEqual(["01T01:00:00-04", "01T01:30:00-04", "02T01:00:00-05"]);
  expect(newYork("0 1,2 * * *", 3)).toEqual(["01T01:00:00-04", "01T02:00:00-05", "02T01:00:00-05"]);
  expect(newYork("0 * * * *", 4)).toEqual(["01T01:00:00-04", "01T01:00:00-05", "01T02:00:00-05", "01T03:00:00-05"]);
  expect(newYork("30 0-23 * * *", 3)).toEqual(["01T01:30:00-04", "01T01:30:00-05", "01T02:30:00-05"]);
  // Asked in the hour's second time, what it names has been due.
  expect(newYork("30 1 * * *", 1, "2026-11-01T06:10:00Z")).toEqual(["02T01:30:00-05"]);
  expect(newYork("30 1,2 * * *", 1, "2026-11-01T06:10:00Z")).toEqual(["01T02:30:00-05"]);
  expect(newYork("*/30 * * * *", 1, "2026-11-01T06:10:00Z")).toEqual(["01T01:30:00-05"]);
});

test("nextDue() keeps this where clocks change by half an hour, in the other half of the year, and over a whole day", () => {
  // Forward from 02:00 to 02:30 on 4 October, back from 02:00 to 01:30 on 5 April.
  const lordHowe = (expression: string, after: string) => due(expression, "Australia/Lord_Howe", after, 3);
  expect(lordHowe("15 2 * * *", "2026-10-03T12:00:00Z")).toEqual([
    "2026-10-04T02:30:00+11:00",
    "2026-10-05T02:15:00+11:00",
    "2026-10-06T02:15:00+11:00",
  ]);
  expect(lordHowe("45 1 * * *", "2026-04-04T12:00:00Z").slice(0, 2)).toEqual([
    "2026-04-05T01:45:00+11:00",
    "2026-04-06T01:45:00+10:30",
  ]);
  expect(lordHowe("45 * * * *", "2026-04-04T14:00:00Z").slice(0, 3)).toEqual([
    "2026-04-05T01:45:00+11:00",
    "2026-04-05T01:45:00+10:30",
    "2026-04-05T02:45:00+10:30",
  ]);
  // There was no 30 December 2011 in Samoa.
  expect(due("0 9 * * *", "Pacific/Apia", "2011-12-30T00:00:00Z", 3)).toEqual([
    "2011-12-31T00:00:00+14:00",
    "2011-12-31T09:00:00+14:00",
    "2012-01-01T09:00:00+14:00",
  ]);
  expect(due("30 2 * * *", "Asia/Kolkata", "2026-03-29T00:00:00Z", 1)).toEqual(["2026-03-30T02:30:00+05:30"]);
  expect(due("0 9 * * 1-5", "UTC", "2026-11-27T10:00:00Z", 2)).toEqual([
    "2026-11-30T09:00:00+00:00",
    "2026-12-01T09:00:00+00:00",
  ]);
});

test("nextDue() finds what is due rarely, and says when nothing ever is", () => {
  expect(due("0 0 29 2 *", "Europe/London", "2026-01-01T00:00:00Z", 2)).toEqual([
    "2028-02-29T00:00:00+00:00",
    "2032-02-29T00:00:00+00:00",
  ]);
  expect(due("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 1)).toEqual([]);
  expect(due("0 9 15 * MON", "UTC", "2026-11-10T00:00:00Z", 2)).toEqual([
    "2026-11-15T09:00:00+00:00",
    "2026-11-16T09:00:00+00:00",
  ]);
  expect(due("@daily", "UTC", "2026-11-10T00:00:00Z", 1)).toEqual(["2026-11-11T00:00:00+00:00"]);
});

test("nextDue() is later each time, and on a minute that the expression names unless a clock was set forward over it", () => {
  const zones = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Santiago",
    "UTC",
  ];
  const expressions = ["17 * * * *", "30 2 * * *", "*/20 1-3 * * *", "0 0 * * *", "45 0,23 * * 0"];
  const from = at("2025-06-01T00:00:00Z");
  const days = fc.integer({ min: 0, max: 800 * 24 * 60 });
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...expressions), days, (zone, expression, minutes) => {
      const after = instantOf(from + minutes * 60_000);
      const cron = readCron(expression);
      const next = nextDue({ cron, zone }, after, times) ?? instantOf(0);
      expect(next).toBeGreaterThan(after);
      const clock = next / 1000 + times.offsetSeconds(next, zone);
      const wasSetForward = times.offsetSeconds(next, zone) > times.offsetSeconds(instantOf(next - 1000), zone);
      if (!wasSetForward) expect(cron.next(clock - 1)).toBe(clock);
      // From any moment before it the same one is found.
      const between = instantOf(after + Math.floor((next - after) / 2));
      expect(nextDue({ cron, zone }, between, times)).toBe(next);
    }),
    { numRuns: 500 },
  );
});

test("dueSince() counts what was missed, and goes on after now", () => {
  const zoned = { cron: readCron("*/10 * * * *"), zone: "UTC" };
  const first = at("2026-11-30T10:00:00Z");
  const since = (now: string) => dueSince(zoned, { first, now: at(now) }, times);
  expect(since("2026-11-30T10:00:01Z")).toEqual({ at: first, earlier: 0, next: at("2026-11-30T10:10:00Z") });
  expect(since("2026-11-30T10:35:00Z")).toEqual({
    at: at("2026-11-30T10:30:00Z"),
    earlier: 3,
    next: at("2026-11-30T10:40:00Z"),
  });
  expect(since("2027-11-30T10:35:00Z").next).toBe(at("2027-11-30T10:40:00Z"));
});

test("readCron() says what is wrong with what it cannot read", () => {
  for (const [expression, why] of [
    ["* * * * * *", "Once a minute is the most"],
    ["61 * * * *", "Invalid value for minute"],
    ["every day", "five fields"],
    ["@reboot", "five fields"],
    ["2026-05-05T10:00:00", "five fields"],
    ["", "five fields"],
  ] as const)
    expect(() => readCron(expression)).toThrow(why);
  expect(() => readCron(`0 ${"0,".repeat(200)}0 * * *`)).toThrow("more than 200 characters");
});

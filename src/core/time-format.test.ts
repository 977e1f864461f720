import { expect, test } from "bun:test";
import fc from "fast-check";
import { secondsOf } from "./civil.ts";
import { instantOf } from "./clock.ts";
import { createTimeFormat, isTimeZone, timeAgo } from "./time-format.ts";

const at = (iso: string, micros = 0) => instantOf(Date.parse(iso) + micros / 1000);
const evening = at("2026-11-22T20:06:54.982Z", 845);

test("localTime() shows a zone's clock, abbreviation and offset", () => {
  const format = createTimeFormat();
  expect(format.localTime(evening, "Europe/London")).toBe("2026-11-22 08:06:54 PM GMT+0000");
  expect(format.localTime(evening, "UTC")).toBe("2026-11-22 08:06:54 PM UTC+0000");
  expect(format.localTime(evening, "America/New_York")).toBe("2026-11-22 03:06:54 PM EST-0500");
  expect(format.localTime(evening, "Asia/Kathmandu")).toBe("2026-11-23 01:51:54 AM +0545+0545");
  expect(format.localTime(at("2026-07-01T11:30:00Z"), "Europe/London")).toBe("2026-07-01 12:30:00 PM BST+0100");
  expect(format.localTime(at("2026-01-01T00:00:00Z"), "UTC")).toBe("2026-01-01 12:00:00 AM UTC+0000");
});

test("isoInZone() writes microseconds, and none when there are none", () => {
  const format = createTimeFormat();
  expect(format.isoInZone(evening, "Europe/London")).toBe("2026-11-22T20:06:54.982845+00:00");
  expect(format.isoInZone(evening, "Asia/Kolkata")).toBe("2026-11-23T01:36:54.982845+05:30");
  expect(format.isoInZone(at("2024-01-02T03:04:05Z"), "UTC")).toBe("2024-01-02T03:04:05+00:00");
  expect(format.isoInZone(at("2024-01-02T03:04:05Z", 7), "UTC")).toBe("2024-01-02T03:04:05.000007+00:00");
  expect(format.isoInZone(instantOf(999.9999), "UTC")).toBe("1970-01-01T00:00:01+00:00");
  expect(format.isoInZone(instantOf(-0.001), "UTC")).toBe("1969-12-31T23:59:59.999999+00:00");
  expect(format.isoInZone(at("9999-12-31T23:59:59Z"), "UTC")).toBe("9999-12-31T23:59:59+00:00");
});

test("isoInZone() names the same instant in every zone", () => {
  const format = createTimeFormat();
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham");
  // From 1980 on: earlier offsets may change within a quarter of an hour.
  const instants = fc.integer({ min: Date.parse("1980-01-01"), max: Date.parse("2100-01-01") });
  fc.assert(
    fc.property(instants, zones, (ms, zone) => {
      expect(Date.parse(format.isoInZone(instantOf(ms), zone))).toBe(ms);
    }),
  );
});

test("isoInZone() follows a clock change to the second", () => {
  const format = createTimeFormat();
  expect(format.isoInZone(at("2026-03-29T00:59:59Z"), "Europe/Berlin")).toBe("2026-03-29T01:59:59+01:00");
  expect(format.isoInZone(at("2026-03-29T01:00:00Z"), "Europe/Berlin")).toBe("2026-03-29T03:00:00+02:00");
  expect(format.isoInZone(at("2026-03-29T00:59:59Z"), "Europe/Berlin")).toBe("2026-03-29T01:59:59+01:00");
});

test("createTimeFormat() takes an unknown zone for UTC, and any number of zones", () => {
  const format = createTimeFormat();
  for (let i = 0; i < 200; i++) expect(format.isoInZone(evening, `Nowhere/${i}`)).toEndWith("+00:00");
  expect(format.localTime(evening, "")).toBe("2026-11-22 08:06:54 PM UTC+0000");
  expect(isTimeZone("Europe/Berlin")).toBe(true);
  expect(isTimeZone("Mars/Olympus")).toBe(false);
});

test("instantOfClock() finds the instant at which a clock shows a time", () => {
  const format = createTimeFormat();
  const noon = { year: 2026, month: 7, day: 1, hour: 12, minute: 0, second: 0 };
  expect(format.instantOfClock(secondsOf(noon), "America/New_York")).toBe(at("2026-07-01T16:00:00Z"));
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe");
  const instants = fc.integer({ min: Date.parse("1980-01-01") / 1000, max: Date.parse("2100-01-01") / 1000 });
  fc.assert(
    fc.property(instants, zones, (seconds, zone) => {
      const shown = seconds + format.offsetSeconds(instantOf(seconds * 1000), zone);
      const found = format.instantOfClock(shown, zone);
      // An hour that a clock shows twice may be read as either.
      expect(found / 1000 + format.offsetSeconds(found, zone)).toBe(shown);
    }),
  );
});

test("localTime() takes microseconds, not milliseconds, once it knows the zone", () => {
  const format = createTimeFormat();
  format.localTime(evening, "Europe/Berlin");
  const start = performance.now();
  for (let i = 0; i < 20_000; i++) format.localTime(instantOf(evening + i), "Europe/Berlin");
  expect((performance.now() - start) / 20_000).toBeLessThan(0.05);
});

test("timeAgo() gives the largest whole unit", () => {
  const ago = (seconds: number) => timeAgo(instantOf(evening - seconds * 1000), evening);
  expect([ago(-5), ago(0), ago(13.9), ago(60), ago(3599), ago(7200), ago(40 * 86_400)]).toEqual([
    "0s ago",
    "0s ago",
    "13s ago",
    "1m ago",
    "59m ago",
    "2h ago",
    "40d ago",
  ]);
});

import { expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import { isoTime, parseTime, toWireSeconds } from "./time.ts";

test("isoTime() writes microseconds, and no fraction when there is none", () => {
  expect(isoTime(instantOf(Date.UTC(2026, 10, 22, 20, 6, 42, 500) + 0.729))).toBe("2026-11-22T20:06:42.500729Z");
  expect(isoTime(instantOf(Date.UTC(2026, 10, 22, 20, 6, 42) + 0.001))).toBe("2026-11-22T20:06:42.000001Z");
  expect(isoTime(instantOf(Date.UTC(2024, 0, 2, 3, 4, 5)))).toBe("2024-01-02T03:04:05Z");
  expect(isoTime(instantOf(999.9999))).toBe("1970-01-01T00:00:01Z");
});

test("isoTime() and parseTime() are each other's reverse", () => {
  for (const text of ["2026-11-22T20:06:42.500729Z", "1969-12-31T23:59:59.000001Z", "9999-12-31T23:59:59Z"]) {
    const at = parseTime(text);
    expect(at === undefined ? undefined : isoTime(at)).toBe(text);
  }
});

test("parseTime() takes dates, times without offset as UTC, and offsets", () => {
  const noon = instantOf(Date.UTC(2024, 1, 29, 12));
  for (const text of [
    "2024-02-29T12:00:00",
    "2024-02-29 12:00",
    "2024-02-29T14:00:00+02:00",
    "2024-02-29T06:30:00-0530",
    "2024-02-29T13:00+01",
  ])
    expect(parseTime(text)).toBe(noon);
  expect(parseTime("2024-02-29")).toBe(instantOf(Date.UTC(2024, 1, 29)));
});

test("parseTime() refuses what is no time", () => {
  for (const text of ["", "soon", "2023-02-29", "2024-13-01", "2024-01-01T25:00:00", "2024-01-01T10:00:00+1"])
    expect(parseTime(text)).toBeUndefined();
});

test("toWireSeconds() cuts to the second, before the epoch too", () => {
  expect(toWireSeconds(instantOf(Date.UTC(2026, 10, 22, 20, 6, 42, 999)))).toBe("2026-11-22T20:06:42+00:00");
  expect(toWireSeconds(instantOf(-1))).toBe("1969-12-31T23:59:59+00:00");
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { createTimeFormat } from "../../core/time-format.ts";
import { dateBound } from "./date-bound.ts";

const format = createTimeFormat();
const start = (text: string, zone = "UTC") => dateBound(text, { edge: "start", zone, format });
const end = (text: string, zone = "UTC") => dateBound(text, { edge: "end", zone, format });
const at = (iso: string) => instantOf(Date.parse(iso));

test("dateBound() takes a bare date for its whole day in the agent's zone", () => {
  expect(start("2024-01-15")).toBe(at("2024-01-15T00:00:00Z"));
  expect(end("2024-01-15")).toBe(instantOf(at("2024-01-16T00:00:00Z") - 0.001));
  expect(start("2024-01-15", "America/New_York")).toBe(at("2024-01-15T05:00:00Z"));
  // The day on which clocks go forward has 23 hours.
  expect(end("2026-03-29", "Europe/Berlin") - start("2026-03-29", "Europe/Berlin")).toBeCloseTo(
    23 * 3_600_000 - 0.001,
    4,
  );
});

test("dateBound() takes a time as it is, at either end", () => {
  for (const read of [start, end]) {
    expect(read("2024-01-15T14:30")).toBe(at("2024-01-15T14:30:00Z"));
    expect(read(" 2024-07-15 14:30:15.5 ", "Europe/Berlin")).toBe(at("2024-07-15T12:30:15.500Z"));
    expect(read("2024-01-15T14:30:00Z", "Europe/Berlin")).toBe(at("2024-01-15T14:30:00Z"));
    expect(read("2024-01-15T14:30+05:30", "Europe/Berlin")).toBe(at("2024-01-15T09:00:00Z"));
    expect(read("2024-01-15T14:30-0500")).toBe(at("2024-01-15T19:30:00Z"));
  }
});

test("dateBound() refuses what is no date and says what is", () => {
  for (const text of [
    "",
    "yesterday",
    "2024-02-30",
    "2024-13-01",
    "2024-01-01T25:00",
    "15.1.2024",
    "2024-01-15T",
    "\0",
  ])
    expect(() => start(text)).toThrow(/is not a date; write it like 2024-01-15/);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(() => start(text)).toThrow(Failure);
    }),
  );
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { civilOf, isCivil, secondsOf } from "./civil.ts";

test("civilOf() agrees with the runtime's calendar", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date("-002000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
      (date) => {
        const seconds = Math.floor(date.getTime() / 1000);
        expect(civilOf(seconds)).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        });
      },
    ),
  );
});

test("secondsOf() undoes civilOf()", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (seconds) => expect(secondsOf(civilOf(seconds))).toBe(seconds)),
  );
});

test("isCivil() knows which days there are", () => {
  const at = { hour: 0, minute: 0, second: 0 };
  expect(isCivil({ year: 2024, month: 2, day: 29, ...at })).toBe(true);
  expect(isCivil({ year: 2023, month: 2, day: 29, ...at })).toBe(false);
  expect(isCivil({ year: 1900, month: 2, day: 29, ...at })).toBe(false);
  expect(isCivil({ year: 2024, month: 13, day: 1, ...at })).toBe(false);
  expect(isCivil({ year: 2024, month: 1, day: 0, ...at })).toBe(false);
  expect(isCivil({ year: 2024, month: 1, day: 1, ...at, hour: 24 })).toBe(false);
});

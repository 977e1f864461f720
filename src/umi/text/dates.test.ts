import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../../core/clock.ts";
import { ALL_TIME } from "./date-range.ts";
import { datesIn } from "./dates.ts";

/** A Wednesday. */
const NOW = instantOf(Date.UTC(2023, 6, 12, 15, 30));

function shown(text: string, now = NOW): readonly string[] {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return datesIn(text, now).map(({ start, end }) => {
    const from = start === ALL_TIME.start ? "" : day(start);
    const to = end === ALL_TIME.end ? "" : day(end - 1);
    return from === to ? from : `${from}..${to}`;
  });
}

test.each([
  ["What happened on 2023-05-07?", "2023-05-07"],
  ["at 2023-05-07T10:00:00Z", "2023-05-07"],
  ["in 2023-05", "2023-05-01..2023-05-31"],
  ["When was 7 May 2023?", "2023-05-07"],
  ["the 7th of May, 2022", "2022-05-07"],
  ["May 7, 2023", "2023-05-07"],
  ["on Dec 3rd", "2022-12-03"],
  ["on 12 July", "2023-07-12"],
  ["in May 2023", "2023-05-01..2023-05-31"],
  ["in May", "2023-05-01..2023-05-31"],
  ["last October", "2022-10-01..2022-10-31"],
  ["in early August", "2022-08-01..2022-08-31"],
  ["the summer of 2022", "2022-06-01..2022-08-31"],
  ["last winter", "2022-12-01..2023-02-28"],
  ["yesterday", "2023-07-11"],
  ["the day before yesterday", "2023-07-10"],
  ["today", "2023-07-12"],
  ["tomorrow", "2023-07-13"],
  ["3 days ago", "2023-07-09"],
  ["a week ago", "2023-07-02..2023-07-08"],
  ["two months ago", "2023-05-01..2023-05-31"],
  ["five years ago", "2018-01-01..2018-12-31"],
  ["in the last 10 days", "2023-07-02..2023-07-12"],
  ["last week", "2023-07-03..2023-07-09"],
  ["this weekend", "2023-07-15..2023-07-16"],
  ["last month", "2023-06-01..2023-06-30"],
  ["last year", "2022-01-01..2022-12-31"],
  ["last Friday", "2023-07-07"],
  ["on Wednesday", "2023-07-12"],
  ["last Wednesday", "2023-07-05"],
  ["next Monday", "2023-07-17"],
  ["in 2022", "2022-01-01..2022-12-31"],
  ["since May", "2023-05-01.."],
  ["after 3 June 2023", "2023-06-04.."],
  ["before 2020", "..2019-12-31"],
  ["31 April 2023", "2023-04-01..2023-04-30"],
])("datesIn() reads %p as %p", (text, expected) => {
  expect(shown(text)).toEqual([expected]);
});

test.each(["It may rain", "I march on", "version 2023", "2023-13", "she ran 2,022 miles", "12 mayors", ""])(
  "datesIn() finds no date in %p",
  (text) => {
    expect(shown(text)).toEqual([]);
  },
);

test("datesIn() finds several, and no more than a few", () => {
  expect(shown("between 3 May 2023 and June 2023")).toEqual(["2023-05-03", "2023-06-01..2023-06-30"]);
  expect(datesIn("yesterday ".repeat(100), NOW)).toHaveLength(4);
});

test("datesIn() stays within the years 0 and 9999 from any instant, whatever it reads", () => {
  expect(datesIn("9999-12-31 and 0000-01-01", NOW)).toEqual([
    { start: instantOf(ALL_TIME.end - 86_400_000), end: ALL_TIME.end },
    { start: ALL_TIME.start, end: instantOf(ALL_TIME.start + 86_400_000) },
  ]);
  const part = fc.constantFrom(
    "last", "since", "3", "999", "few", "years ago", "week", "in", "may", "12 december", "9999", "0000-01", "next year",
    "tomorrow", "last winter", "\ud800", "on monday",
  ); // biome-ignore format: a list
  const now = fc.double({ min: ALL_TIME.start, max: ALL_TIME.end, noNaN: true });
  let found = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), now, (parts, at) => {
      for (const { start, end } of datesIn(parts.join(" "), instantOf(at))) {
        found++;
        expect(start).toBeGreaterThanOrEqual(ALL_TIME.start);
        expect(end).toBeLessThanOrEqual(ALL_TIME.end);
        expect(start).toBeLessThanOrEqual(end);
      }
    }),
    { numRuns: 500 },
  );
  expect(found).toBeGreaterThan(100);
});

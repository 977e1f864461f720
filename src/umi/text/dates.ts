import { type Civil, civilOf } from "../../core/civil.ts";
import type { Instant } from "../../core/clock.ts";
import { ALL_TIME, type DateRange, dayRange, monthRange, within } from "./date-range.ts";
import {
  COUNT_PATTERN,
  countOf,
  MONTH_PATTERN,
  monthOf,
  SEASON_PATTERN,
  seasonStart,
  WEEKDAY_PATTERN,
  weekdayOf,
} from "./date-words.ts";
import { fold } from "./fold.ts";

/** Characters of a text that are looked through, and ranges that are taken from it. */
const TEXT_CHARS_MAX = 2000;
const RANGES_MAX = 4;

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

/** What a rule knows: the parts of the text it matched, and the day from which "yesterday" is counted. */
interface Found {
  readonly parts: readonly (string | undefined)[];
  readonly today: Civil;
  readonly now: number;
}

interface Rule {
  readonly pattern: RegExp;
  readonly range: (found: Found) => DateRange | undefined;
}

const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
const YEAR = "(\\d{4})";

/** Longer expressions first: text that one rule took is not looked at by the next. */
const RULES: readonly Rule[] = [
  rule(`${YEAR}[-/](\\d{1,2})[-/](\\d{1,2})(?:t[\\d:.]+z?)?`, ({ parts: [year, month, day] }) =>
    dayRange(Number(year), Number(month), Number(day)),
  ),
  rule(`${YEAR}-(\\d{2})`, ({ parts: [year, month] }) =>
    Number(month) >= 1 && Number(month) <= 12 ? monthRange(Number(year), Number(month)) : undefined,
  ),
  rule(`${DAY}(?: of)? (${MONTH_PATTERN})\\.?(?:,? ${YEAR})?`, ({ parts: [day, month = "", year], today }) =>
    dayOfMonth(today, monthOf(month), Number(day), year),
  ),
  rule(`(${MONTH_PATTERN})\\.? ${DAY}(?!\\d)(?:,? ${YEAR})?`, ({ parts: [month = "", day, year], today }) =>
    dayOfMonth(today, monthOf(month), Number(day), year),
  ),
  rule(`(${MONTH_PATTERN})\\.?(?: of)?,? ${YEAR}`, ({ parts: [month = "", year] }) =>
    monthRange(Number(year), monthOf(month)),
  ),
  rule(
    `(?:in|during|since|until|before|after|of|by|last|this|next|early|late|mid) (?:early |late |mid |the month of )?(${MONTH_PATTERN})`,
    ({ parts: [month = ""], today }) => monthRange(yearOfMonth(today, monthOf(month)), monthOf(month)),
  ),
  rule(`(?:the )?(${SEASON_PATTERN})(?: of)? ${YEAR}`, ({ parts: [season = "", year] }) =>
    monthRange(Number(year), seasonStart(season), 3),
  ),
  rule(`(?:last|this|in|during)(?: the)? (${SEASON_PATTERN})`, ({ parts: [season = ""], today }) =>
    monthRange(yearOfMonth(today, seasonStart(season)), seasonStart(season), 3),
  ),
  rule("(?:the )?day before yesterday", ({ now }) => days(now, -2, 1)),
  rule("yesterday|last night", ({ now }) => days(now, -1, 1)),
  rule("today|tonight|this (?:morning|afternoon|evening)", ({ now }) => days(now, 0, 1)),
  rule("(?:the )?day after tomorrow", ({ now }) => days(now, 2, 1)),
  rule("tomorrow", ({ now }) => days(now, 1, 1)),
  rule(`(${COUNT_PATTERN}) (day|week|month|year)s? ago`, ago),
  rule(`(?:the )?(?:last|past|previous) (${COUNT_PATTERN}) (day|week|month|year)s?`, recent),
  rule("(last|past|this|next) (week|weekend|month|year)", calendarPeriod),
  rule(`(?:(last|this|next|on) )(${WEEKDAY_PATTERN})`, nearWeekday),
  rule(
    "(?:in|during|since|until|before|after|of|by|from|year|for|and|to|or),? ((?:1[89]|20)\\d{2})(?![\\d,.]\\d)",
    ({ parts: [year] }) => monthRange(Number(year), 1, 12),
  ),
];

/**
 * The spans of time that a text names in English or as ISO dates, in the order of the rules that know them, days
 * counted in UTC from `now`. A day or month without a year is the latest that has begun. What stands after "since"
 * or "after" has no end, what stands after "before" or "until" no beginning.
 */
export function datesIn(text: string, now: Instant): readonly DateRange[] {
  let rest = fold(text.slice(0, TEXT_CHARS_MAX));
  const today = civilOf(Math.floor(now / 1000));
  const ranges: DateRange[] = [];
  for (const { pattern, range } of RULES) {
    for (const match of rest.matchAll(pattern)) {
      const found = range({ parts: match.slice(1), today, now });
      if (found === undefined || ranges.length >= RANGES_MAX) continue;
      ranges.push(opened(rest.slice(0, match.index), match[0], found));
      rest = rest.slice(0, match.index) + "#".repeat(match[0].length) + rest.slice(match.index + match[0].length);
    }
  }
  return ranges;
}

function rule(source: string, range: Rule["range"]): Rule {
  return { pattern: new RegExp(`(?<![\\w-])(?:${source})(?![\\w-])`, "g"), range };
}

function opened(before: string, matched: string, range: DateRange): DateRange {
  const [word] = /\b(?:since|after|until|before|till)\b(?=[^.?!]{0,5}$)/.exec(before) ??
    /^(?:since|after|until|before|till)\b/.exec(matched) ?? [""];
  if (word === "since") return { start: range.start, end: ALL_TIME.end };
  if (word === "after") return { start: range.end, end: ALL_TIME.end };
  return word === "" ? range : { start: ALL_TIME.start, end: word === "before" ? range.start : range.end };
}

function dayOfMonth(today: Civil, month: number, day: number, year: string | undefined): DateRange | undefined {
  if (year !== undefined) return dayRange(Number(year), month, day);
  const isAhead = month > today.month || (month === today.month && day > today.day);
  return dayRange(today.year - (isAhead ? 1 : 0), month, day);
}

function yearOfMonth(today: Civil, month: number): number {
  return month > today.month ? today.year - 1 : today.year;
}

/** `count` days, the first of them `offset` days from today. */
function days(now: number, offset: number, count: number): DateRange {
  const start = (Math.floor(now / DAY_MS) + offset) * DAY_MS;
  return within(start, start + count * DAY_MS);
}

/** "Two weeks ago" is rarely meant to the day: the span is as wide as the unit's own vagueness. */
function ago({ parts: [amount = "", unit], now, today }: Found): DateRange {
  const { count, isRough } = countOf(amount);
  const spread = isRough ? 2 : 0;
  if (unit === "day") return days(now, -count - spread, 1 + 2 * spread);
  if (unit === "week") return days(now, -WEEK_DAYS * (count + spread) - 3, WEEK_DAYS * (1 + 2 * spread));
  if (unit === "month") return monthRange(today.year, today.month - count - spread, 1 + 2 * spread);
  return monthRange(today.year - count - spread, 1, 12 * (1 + 2 * spread));
}

function recent({ parts: [amount = "", unit], now, today }: Found): DateRange {
  const { count } = countOf(amount);
  if (unit === "day") return days(now, -count, count + 1);
  if (unit === "week") return days(now, -WEEK_DAYS * count, WEEK_DAYS * count + 1);
  return monthRange(
    today.year,
    today.month - count * (unit === "year" ? 12 : 1),
    count * (unit === "year" ? 12 : 1) + 1,
  );
}

function calendarPeriod({ parts: [which = "", unit], now, today }: Found): DateRange {
  const step = which === "this" ? 0 : which === "next" ? 1 : -1;
  if (unit === "month") return monthRange(today.year, today.month + step);
  if (unit === "year") return monthRange(today.year + step, 1, 12);
  const monday = step * WEEK_DAYS - weekday(now);
  return unit === "week" ? days(now, monday, WEEK_DAYS) : days(now, monday + 5, 2);
}

function nearWeekday({ parts: [which, name = ""], now }: Found): DateRange {
  const ahead = (weekdayOf(name) - weekday(now) + WEEK_DAYS) % WEEK_DAYS;
  if (which === "next") return days(now, ahead === 0 ? WEEK_DAYS : ahead, 1);
  if (which === "this") return days(now, weekdayOf(name) - weekday(now), 1);
  const isToday = ahead === 0 && which === "on";
  return days(now, isToday ? 0 : ahead - WEEK_DAYS, 1);
}

/** 0 for Monday: the epoch was a Thursday. */
function weekday(now: number): number {
  return (((Math.floor(now / DAY_MS) + 3) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS;
}

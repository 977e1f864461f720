import { isCivil, secondsOf } from "../../core/civil.ts";
import { type Instant, instantOf } from "../../core/clock.ts";

/** A span of time, `start` within it, `end` just beyond it. */
export interface DateRange {
  readonly start: Instant;
  readonly end: Instant;
}

/** Years that a text can name. What lies beyond is cut off, so that no range leaves what a calendar can show. */
const YEAR_MIN = 0;
const YEAR_MAX = 9999;
const MONTHS_PER_YEAR = 12;

/** Where ranges without a beginning or an end begin and end: the years 0 to 9999, whole. */
export const ALL_TIME: DateRange = { start: dayStart(YEAR_MIN, 1, 1), end: dayStart(YEAR_MAX + 1, 1, 1) };

/** One day; undefined when the calendar has no such day. */
export function dayRange(year: number, month: number, day: number): DateRange | undefined {
  if (!isCivil({ year, month, day, hour: 0, minute: 0, second: 0 })) return undefined;
  return within(dayStart(year, month, day), dayStart(year, month, day + 1));
}

/** `count` months (12 for a year) from a month on; `month` may lie outside 1 to 12. */
export function monthRange(year: number, month: number, count = 1): DateRange {
  return within(monthStart(year, month), monthStart(year, month + count));
}

/** The range from an instant to another, kept inside {@link ALL_TIME}. */
export function within(start: number, end: number): DateRange {
  const clamp = (at: number) => instantOf(Math.min(Math.max(at, ALL_TIME.start), ALL_TIME.end));
  return { start: clamp(start), end: clamp(end) };
}

function monthStart(year: number, month: number): number {
  const zeroBased = year * MONTHS_PER_YEAR + month - 1;
  const whole = Math.floor(zeroBased / MONTHS_PER_YEAR);
  return dayStart(whole, zeroBased - whole * MONTHS_PER_YEAR + 1, 1);
}

function dayStart(year: number, month: number, day: number): Instant {
  return instantOf(secondsOf({ year, month, day, hour: 0, minute: 0, second: 0 }) * 1000);
}

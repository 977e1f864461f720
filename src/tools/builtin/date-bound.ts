import { type Civil, isCivil, secondsOf } from "../../core/civil.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import type { TimeFormat } from "../../core/time-format.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/iu;
const SECONDS_PER_DAY = 86_400;
/** The smallest step of an instant. */
const MICROSECOND = 0.001;
const SHOWN_CHARS_MAX = 60;

/** Which end of a range a date stands for: a bare date begins its range at midnight, or ends it with the day. */
export type Edge = "start" | "end";

/** Where and how {@link dateBound} reads a date that names no zone. */
export interface DateReading {
  readonly edge: Edge;
  readonly zone: string;
  readonly format: TimeFormat;
}

/** Reads an ISO 8601 date, with or without a time and an offset. Throws a Failure that shows the forms it takes. */
export function dateBound(text: string, { edge, zone, format }: DateReading): Instant {
  const match = DATE.exec(text.trim()) ?? [];
  const [whole, year, month, day, hour, minute, second, fraction, offset] = match;
  const civil = civilFrom([year, month, day, hour, minute, second]);
  if (whole === undefined || !isCivil(civil))
    throw new Failure(
      "invalid",
      `"${cut(text, SHOWN_CHARS_MAX)}" is not a date; write it like 2024-01-15 or 2024-01-15T14:30`,
    );
  const seconds = secondsOf(civil);
  if (hour === undefined)
    return edge === "start"
      ? format.instantOfClock(seconds, zone)
      : instantOf(format.instantOfClock(seconds + SECONDS_PER_DAY, zone) - MICROSECOND);
  const instant =
    offset === undefined ? format.instantOfClock(seconds, zone) : instantOf((seconds - offsetOf(offset)) * 1000);
  return instantOf(instant + Number(`0.${fraction ?? 0}`) * 1000);
}

function civilFrom(parts: readonly (string | undefined)[]): Civil {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  return { year, month, day, hour, minute, second };
}

function offsetOf(text: string): number {
  if (text.toUpperCase() === "Z") return 0;
  const seconds = Number(text.slice(1, 3)) * 3600 + Number(text.slice(-2)) * 60;
  return text.startsWith("-") ? -seconds : seconds;
}

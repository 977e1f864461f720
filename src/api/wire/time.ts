import { z } from "zod";
import { type Civil, isCivil, secondsOf } from "../../core/civil.ts";
import { type Instant, instantOf } from "../../core/clock.ts";

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:\s*([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/;

/** Such as `2026-11-22T20:06:42.500729Z`; the fraction is left out when it is zero. */
export function isoTime(at: Instant): string {
  const micros = Math.round((at - Math.floor(at)) * 1000);
  const whole = Math.floor(at) + (micros === 1000 ? 1 : 0);
  const text = new Date(whole).toISOString();
  const fraction = text.slice(-4, -1) + String(micros % 1000).padStart(3, "0");
  return `${text.slice(0, -5)}${fraction === "000000" ? "" : `.${fraction}`}Z`;
}

/** {@link isoTime}, or null for null. */
export function isoTimeOrNull(at: Instant | null): string | null {
  return at === null ? null : isoTime(at);
}

/** Whole seconds in UTC, as messages carry them: `2026-11-22T20:06:42+00:00`. */
export function toWireSeconds(at: Instant): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, -5)}+00:00`;
}

/** Reads an ISO 8601 date or time; one without an offset is in UTC. Undefined when it is none. */
export function parseTime(text: string): Instant | undefined {
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const civil = civilOfMatch(match);
  if (!isCivil(civil)) return undefined;
  const fractionMs = Number(`0.${match[7] ?? "0"}`) * 1000;
  return instantOf((secondsOf(civil) - offsetSeconds(match[8] ?? "Z")) * 1000 + fractionMs);
}

/** A time in a request. */
export function timeField() {
  return z.string().transform((text, context) => {
    const at = parseTime(text);
    if (at !== undefined) return at;
    context.addIssue({ code: "custom", message: "should be an ISO 8601 date or time" });
    return z.NEVER;
  });
}

function civilOfMatch(match: RegExpExecArray): Civil {
  const [, year, month, day, hour = "0", minute = "0", second = "0"] = match;
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
}

function offsetSeconds(offset: string): number {
  if (offset === "Z" || offset === "z") return 0;
  const digits = offset.slice(1).replace(":", "");
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || "0") * 60;
  return offset.startsWith("-") ? -seconds : seconds;
}

import { civilOf } from "./civil.ts";
import { type Instant, instantOf } from "./clock.ts";

/** Time zones whose rules one {@link TimeFormat} keeps ready; one more and it starts afresh. */
const ZONES_MAX = 64;
/** Offsets change on quarter hours only (since zones stopped following the sun), so one answer serves a whole one. */
const WINDOW_MS = 15 * 60_000;
/** Languages asked for a zone's abbreviation, in order: each knows only those of its own region. */
const LOCALES = ["en-US", "en-GB", "en-AU", "en-IN", "en-ZA", "ja"];
const NUMERIC_NAME = /^(?:GMT|UTC)[+-]/;

/** Shows instants on the clocks of IANA time zones. A zone that nobody knows counts as UTC. */
export interface TimeFormat {
  /** Such as `2026-11-22 08:06:54 PM GMT+0000`: what a model is told. */
  localTime(at: Instant, zone: string): string;
  /** Such as `2026-11-22T20:06:54.982845+00:00`; the fraction is left out when it is zero. */
  isoInZone(at: Instant, zone: string): string;
  /** How far the zone's clock is ahead of UTC at that instant. */
  offsetSeconds(at: Instant, zone: string): number;
  /** The instant at which the zone's clock shows `seconds` after 1970-01-01T00:00:00 (see `secondsOf`). */
  instantOfClock(seconds: number, zone: string): Instant;
}

/** What is kept of one zone: its rules, and the last answer with the window in which it holds. */
interface Zone {
  readonly name: string;
  readonly offsets: Intl.DateTimeFormat;
  /** By language, made when one is asked: most zones have a name in the first. */
  readonly names: Map<string, Intl.DateTimeFormat | undefined>;
  window: number;
  offset: number;
  abbreviation: string | undefined;
}

/** Makes a {@link TimeFormat}. Reading a zone's rules costs some 30 us, a call after that one or less: keep it. */
export function createTimeFormat(): TimeFormat {
  const zones = new Map<string, Zone>();

  function zoneAt(at: Instant, name: string): Zone {
    let zone = zones.get(name);
    if (zone === undefined) {
      if (zones.size >= ZONES_MAX) zones.clear();
      zone = openZone(name);
      zones.set(name, zone);
    }
    const window = Math.floor(at / WINDOW_MS);
    if (window !== zone.window) {
      zone.window = window;
      zone.offset = readOffset(zone.offsets, at);
      zone.abbreviation = undefined;
    }
    return zone;
  }

  const offsetSeconds = (at: Instant, zone: string) => zoneAt(at, zone).offset;
  return {
    offsetSeconds,
    localTime(at, zone) {
      const rules = zoneAt(at, zone);
      rules.abbreviation ??= readAbbreviation(rules, at);
      const { date, hour, minute, second } = clockFace(at, rules.offset);
      const time = `${pad(((hour + 11) % 12) + 1)}:${pad(minute)}:${pad(second)} ${hour < 12 ? "AM" : "PM"}`;
      return `${date} ${time} ${rules.abbreviation}${offsetText(rules.offset, "")}`;
    },
    isoInZone(at, zone) {
      const { offset } = zoneAt(at, zone);
      const { date, hour, minute, second, microsecond } = clockFace(at, offset);
      const fraction = microsecond === 0 ? "" : `.${String(microsecond).padStart(6, "0")}`;
      return `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}${fraction}${offsetText(offset, ":")}`;
    },
    instantOfClock(seconds, zone) {
      const guess = instantOf(seconds * 1000 - offsetSeconds(instantOf(seconds * 1000), zone) * 1000);
      return instantOf((seconds - offsetSeconds(guess, zone)) * 1000);
    },
  };
}

/** How long ago that was, in its largest whole unit: `13s ago`, `5m ago`, `2h ago`, `40d ago`. */
export function timeAgo(from: Instant, now: Instant): string {
  const seconds = Math.max(0, Math.floor((now - from) / 1000));
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)}d ago`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ago`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)}m ago`;
  return `${seconds}s ago`;
}

/** Whether this is a time zone that the runtime knows. */
export function isTimeZone(name: string): boolean {
  return formatter("en-US", name, "longOffset") !== undefined;
}

function openZone(name: string): Zone {
  const offsets = formatter("en-US", name, "longOffset");
  if (offsets === undefined) return openZone("UTC");
  return { name, offsets, names: new Map(), window: Number.NaN, offset: 0, abbreviation: undefined };
}

function formatter(locale: string, timeZone: string, timeZoneName: "short" | "longOffset") {
  try {
    return new Intl.DateTimeFormat(locale, { timeZone, timeZoneName });
  } catch {
    return undefined;
  }
}

/** Reads the offset off a text that ends in `GMT`, `GMT+05:30` or, before zones were rounded, `GMT+00:53:28`. */
function readOffset(offsets: Intl.DateTimeFormat, at: Instant): number {
  const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(offsets.format(at));
  if (match === null) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === "-" ? -seconds : seconds;
}

/** The zone's abbreviation, or its offset in digits where it has none, as the tz database does. */
function readAbbreviation(zone: Zone, at: Instant): string {
  for (const locale of LOCALES) {
    const name = zone.names.get(locale) ?? formatter(locale, zone.name, "short");
    zone.names.set(locale, name);
    const part = name?.formatToParts(at).find(({ type }) => type === "timeZoneName");
    if (part !== undefined && !NUMERIC_NAME.test(part.value)) return part.value;
  }
  const digits = offsetText(zone.offset, "");
  return digits.endsWith("00") ? digits.slice(0, 3) : digits;
}

function clockFace(at: Instant, offset: number) {
  const epochMs = Math.floor(at);
  const epochMicros = Math.round((at - epochMs) * 1000);
  const whole = epochMicros === 1000 ? epochMs + 1 : epochMs;
  const seconds = Math.floor(whole / 1000);
  const { year, month, day, hour, minute, second } = civilOf(seconds + offset);
  const microsecond = (whole - seconds * 1000) * 1000 + (epochMicros % 1000);
  const date = `${String(year).padStart(4, "0")}-${pad(month)}-${pad(day)}`;
  return { date, hour, minute, second, microsecond };
}

function offsetText(offset: number, separator: string): string {
  const size = Math.abs(offset);
  const minutes = `${pad(Math.floor(size / 3600))}${separator}${pad(Math.floor(size / 60) % 60)}`;
  return `${offset < 0 ? "-" : "+"}${minutes}${size % 60 === 0 ? "" : `${separator}${pad(size % 60)}`}`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

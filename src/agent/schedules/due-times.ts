import { type Instant, instantOf } from "../../core/clock.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { Cron } from "./cron.ts";

const DAY_SECONDS = 86_400;
/** Changes of a zone's clock that are passed on the way to one due time; zones have had up to four in a year. */
const CHANGES_MAX = 100;
/** The latest due time that is looked for: beyond that nobody knows what clocks will show. */
const YEARS_MAX_SECONDS = 50 * 366 * DAY_SECONDS;

/** A cron expression on the clock of a zone. */
export interface ZonedCron {
  readonly cron: Cron;
  readonly zone: string;
}

/**
 * The first due time after an instant; null where there is none. What is promised where the zone's clock is changed:
 *
 * - Set forward, it skips some times. Whatever is due in them is due once, at the moment that the clock is changed.
 * - Set back, it shows some times twice. What names its hours is due the first time only, and what goes on in every hour is
 *   due both times, so that it keeps its pace.
 *
 * Of one such time nothing is due twice otherwise, and nothing that is due in them is left out.
 */
export function nextDue(
  { cron, zone }: ZonedCron,
  after: Instant,
  times: Pick<TimeFormat, "offsetSeconds">,
): Instant | null {
  const offsetAt = (seconds: number) => times.offsetSeconds(instantOf(seconds * 1000), zone);
  const start = Math.floor(after / 1000);
  let at = start;
  let offset = offsetAt(at);
  let clock = Math.max(at + offset, cron.isEveryHour ? Number.NEGATIVE_INFINITY : endOfSecondTime(start, offsetAt));
  for (let changes = 0; changes <= CHANGES_MAX; changes++) {
    const next = cron.next(clock);
    if (next === null || next - offset > start + YEARS_MAX_SECONDS) return null;
    const changed = firstChange(at, next - offset, offsetAt);
    if (changed === undefined) return instantOf((next - offset) * 1000);
    const before = offset;
    offset = offsetAt(changed);
    // The clock would have shown it, and was set forward over it.
    if (next < changed + offset) return instantOf(changed * 1000);
    at = changed;
    const isAgain = offset < before && !cron.isEveryHour;
    clock = changed + (isAgain ? before : offset) - 1;
  }
  return null;
}

/** What the clock shows last that it showed before, less a second; nothing where it was not set back in the last day. */
function endOfSecondTime(at: number, offsetAt: (seconds: number) => number): number {
  const changed = firstChange(at - DAY_SECONDS, at, offsetAt);
  return changed === undefined ? Number.NEGATIVE_INFINITY : changed + offsetAt(changed - 1) - 1;
}

/** The first second after `from`, up to `to`, at which the zone's clock is another one. */
function firstChange(from: number, to: number, offsetAt: (seconds: number) => number): number | undefined {
  const offset = offsetAt(from);
  for (let early = from; early < to; early += DAY_SECONDS) {
    let late = Math.min(early + DAY_SECONDS, to);
    if (offsetAt(late) === offset) continue;
    let same = early;
    while (late - same > 1) {
      const middle = Math.floor((same + late) / 2);
      if (offsetAt(middle) === offset) same = middle;
      else late = middle;
    }
    return late;
  }
  return undefined;
}

/** What of a schedule has become due. */
export interface Due {
  /** The last due time that has come. */
  readonly at: Instant;
  /** Due times before that which nothing was done for; as far as they are counted. */
  readonly earlier: number;
  /** The due time after `now`. */
  readonly next: Instant | null;
}

/** Due times that have passed which are counted; more are passed over at once. */
const COUNTED_MAX = 200;

/** What has become due since `first`, which is due itself, until `now`. */
export function dueSince(
  zoned: ZonedCron,
  { first, now }: { readonly first: Instant; readonly now: Instant },
  times: Pick<TimeFormat, "offsetSeconds">,
): Due {
  let at = first;
  for (let earlier = 0; earlier < COUNTED_MAX; earlier++) {
    const next = nextDue(zoned, at, times);
    if (next === null || next > now) return { at, earlier, next };
    at = next;
  }
  return { at, earlier: COUNTED_MAX, next: nextDue(zoned, now, times) };
}

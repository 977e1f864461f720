import type { Faults } from "./faults.ts";
import type { Hazards } from "./hazards.ts";
import type { SeededRandom } from "./random.ts";

/** Moments at which a crash tells most, each by the events after which it is. */
const POINTS = {
  "between request and reply": ["model thinks"],
  "within a reply": ["model piece"],
  "within a stream": ["piece arrives"],
  "within a tool": ["to the tool", "tool works"],
  "within a callback": ["callback arrives", "callback is answered"],
  "between flush and answer": ["disk flushed"],
  "between start and first request": ["database begin immediate", "request arrives"],
  "after a timer": ["timer"],
} as const;

/** One of these moments. */
export type CrashPoint = keyof typeof POINTS;

/** All of them. */
export const CRASH_POINTS = Object.keys(POINTS) as readonly CrashPoint[];

/** Events of its kind before which an aimed crash comes; where there are few of them, it must not wait for many. */
const EVENTS_MAX = 24;
const RARE_EVENTS_MAX = 3;
const RARE: readonly (CrashPoint | undefined)[] = ["within a tool", "within a callback"];

/** Crashes that are aimed: one process ends after the third piece of an answer, another after its first flush. */
export interface Aim {
  /** A process starts: perhaps one is meant for it. */
  take(): void;
  /** The moment that is hit by the event with this label, if one is. */
  hit(label: string): CrashPoint | undefined;
}

/** What an aim is drawn with. */
export interface AimOptions {
  readonly hazards: Hazards;
  readonly random: SeededRandom;
  readonly faults: Faults;
}

/** The one {@link Aim}. */
export function createAim({ hazards, random: given, faults }: AimOptions): Aim {
  const random = given.fork("aim");
  let point: CrashPoint | undefined;
  let eventsLeft = 0;
  return {
    take() {
      point = faults.chance(random, hazards.aimRate) ? random.pick(CRASH_POINTS as [CrashPoint]) : undefined;
      eventsLeft = Math.floor((RARE.includes(point) ? RARE_EVENTS_MAX : EVENTS_MAX) ** random.fraction());
    },
    hit(label) {
      if (point === undefined || !faults.areOn) return undefined;
      if (!(POINTS[point] as readonly string[]).includes(label) || --eventsLeft > 0) return undefined;
      const hit = point;
      point = undefined;
      return hit;
    },
  };
}

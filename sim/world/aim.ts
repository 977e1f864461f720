import type { Faults } from "./faults.ts";
import type { Hazards } from "./hazards.ts";
import type { SeededRandom } from "./random.ts";

/** Moments at which a crash tells most, each by the events after which it is. */
const POINTS = {
  "between request and reply": ["model thinks"],
  "within a reply": ["model piece"],
  "within a stream": ["piece arrives"],
  "within a tool": ["to the tool", "tool works", "document is read"],
  "within a callback": ["callback arrives", "callback is answered"],
  "between flush and answer": ["disk flushed"],
  "between start and first request": ["database begin immediate", "request arrives"],
  "after a timer": ["timer"],
} as const;

/** One of these moments. */
export type CrashPoint = keyof typeof POINTS;

/** All of them. */
export const CRASH_POINTS = Object.keys(POINTS) as readonly CrashPoint[];

/** Events of its kind before which an aimed crash comes. */
const EVENTS_MAX = 24;
/** Moments that most processes never see: an aim at one of them outlasts the process, and must not wait for many. */
const RARE = ["within a tool", "within a callback"] as const satisfies readonly CrashPoint[];
const RARE_EVENTS_MAX = 3;

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
  const rarely = random.fork("rare");
  let next: Aimed | undefined;
  let rare = draw(rarely, RARE, RARE_EVENTS_MAX);

  function draw(
    from: SeededRandom,
    points: readonly [CrashPoint, ...CrashPoint[]],
    eventsMax: number,
  ): Aimed | undefined {
    const point = faults.chance(from, hazards.aimRate) ? from.pick(points) : undefined;
    const eventsLeft = Math.floor(eventsMax ** from.fraction());
    return point && { point, eventsLeft };
  }

  return {
    take() {
      next = draw(random, CRASH_POINTS as [CrashPoint], EVENTS_MAX);
    },
    hit(label) {
      if (!faults.areOn) return undefined;
      if (isHit(rare, label)) {
        const hit = rare?.point;
        rare = draw(rarely, RARE, RARE_EVENTS_MAX);
        return hit;
      }
      if (!isHit(next, label)) return undefined;
      const hit = next?.point;
      next = undefined;
      return hit;
    },
  };
}

/** A moment that is aimed at, and how many events of its kind it is away. */
interface Aimed {
  readonly point: CrashPoint;
  eventsLeft: number;
}

function isHit(aimed: Aimed | undefined, label: string): boolean {
  if (aimed === undefined || !(POINTS[aimed.point] as readonly string[]).includes(label)) return false;
  aimed.eventsLeft--;
  return aimed.eventsLeft <= 0;
}

import { type Clock, instantOf } from "../../src/core/clock.ts";
import type { Fetch, World } from "../../src/core/world.ts";
import type { SeededRandom } from "./random.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** When virtual time begins, on the wall clock: 2026-03-01T00:00:00Z. */
const EPOCH_MS = 1_772_323_200_000;

/** What a clock shows that is right. */
export function wallMs(scheduler: Pick<Scheduler, "nowMs">): number {
  return EPOCH_MS + scheduler.nowMs();
}

/** How much later than asked a timer may ring. */
const LATE_MS_MAX = 3;

/** One life of the server's process: from a start to a crash or a stop. */
export interface Incarnation extends Owner {
  readonly number: number;
  /** What it is about: until `work` no client reaches it. */
  phase: "start" | "recovery" | "work";
  /** Whether another process has taken its place while it was paused: nothing that it says may be believed. */
  isReplaced: boolean;
  isPaused: boolean;
  /** Resolves when it ends, however it ends. */
  readonly died: Promise<void>;
  /** Ends it: none of its events will happen, so nothing that waits in it goes on. */
  end(): void;
  /** Asked by all that is outside of it, before it does anything there: false when it is dead, and does nothing. */
  mayAct(what: string): boolean;
}

/** What watches over an {@link Incarnation}. */
export interface Watch {
  /** Counts the events so far: what was under way in the event of its end still is. */
  readonly events: () => number;
  /** Told when something of a dead process acts all the same. */
  readonly ghost: (what: string) => void;
}

/** The answer that the dead get: a promise of its own each time, as one for all would keep whatever waits for it. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** A new {@link Incarnation}. */
export function createIncarnation(number: number, { events, ghost }: Watch): Incarnation {
  const { promise: died, resolve } = Promise.withResolvers<void>();
  let endedAt: number | undefined;
  return {
    name: `#${number}`,
    number,
    died,
    phase: "start",
    isReplaced: false,
    isPaused: false,
    get isAlive() {
      return endedAt === undefined;
    },
    end() {
      endedAt ??= events();
      resolve();
    },
    mayAct(what) {
      if (endedAt !== undefined && events() > endedAt) ghost(`#${number} is dead and asks for ${what}`);
      return endedAt === undefined;
    },
  };
}

/** What a world is made of. */
export interface SimWorldOptions {
  readonly scheduler: Scheduler;
  readonly incarnation: Incarnation;
  readonly random: SeededRandom;
  /** How far this process's wall clock is from the true one. */
  readonly skewMs: () => number;
  readonly fetch: Fetch;
}

/** The {@link World} of one incarnation: virtual time, ids from the seed, a network that ends at the simulated servers. */
export function createSimWorld({ scheduler, incarnation, random, skewMs, fetch }: SimWorldOptions): World {
  const timers = random.fork("timers");
  const startMs = scheduler.nowMs();
  let lastMicroseconds = 0;
  const clock: Clock = {
    now() {
      const microseconds = (EPOCH_MS + scheduler.nowMs() + Math.round(skewMs())) * 1000;
      lastMicroseconds = Math.max(lastMicroseconds + 1, microseconds);
      return instantOf(lastMicroseconds / 1000);
    },
    elapsedMs: () => scheduler.nowMs() - startMs,
    sleep(durationMs, signal) {
      if (!incarnation.mayAct("a timer")) return never();
      const lateMs = timers.int(LATE_MS_MAX + 1);
      return scheduler.wait("timer", Math.ceil(durationMs) + lateMs, incarnation, signal);
    },
  };
  return {
    clock,
    random: random.fork("ids"),
    fetch: (input, init) => (incarnation.mayAct("the network") ? fetch(input, init) : never()),
  };
}

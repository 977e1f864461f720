import { type Clock, instantOf } from "../src/core/clock.ts";
import type { Fetch, World } from "../src/core/world.ts";
import type { SeededRandom } from "./random.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** When virtual time begins, on the wall clock: 2026-03-01T00:00:00Z. */
const EPOCH_MS = 1_772_323_200_000;
/** How much later than asked a timer may ring. */
const LATE_MS_MAX = 3;

/** One life of the server's process: from a start to a crash or a stop. */
export interface Incarnation extends Owner {
  readonly number: number;
  /** Resolves when it ends, however it ends. */
  readonly died: Promise<void>;
  /** Ends it: none of its events will happen, so nothing that waits in it goes on. */
  end(): void;
}

/** A new {@link Incarnation}. */
export function createIncarnation(number: number): Incarnation {
  let isAlive = true;
  let resolve = () => {};
  const died = new Promise<void>((done) => {
    resolve = done;
  });
  return {
    name: `#${number}`,
    number,
    died,
    get isAlive() {
      return isAlive;
    },
    end() {
      isAlive = false;
      resolve();
    },
  };
}

/** What a world is made of. */
export interface SimWorldOptions {
  readonly scheduler: Scheduler;
  readonly incarnation: Incarnation;
  readonly random: SeededRandom;
  /** How far this process's wall clock is from the true one. */
  readonly skewMs: number;
  readonly fetch: Fetch;
}

/** The {@link World} of one incarnation: virtual time, ids from the seed, a network that ends at the simulated servers. */
export function createSimWorld({ scheduler, incarnation, random, skewMs, fetch }: SimWorldOptions): World {
  const timers = random.fork("timers");
  const startMs = scheduler.nowMs();
  let lastMicroseconds = 0;
  const clock: Clock = {
    now() {
      const microseconds = (EPOCH_MS + scheduler.nowMs() + Math.round(skewMs)) * 1000;
      lastMicroseconds = Math.max(lastMicroseconds + 1, microseconds);
      return instantOf(lastMicroseconds / 1000);
    },
    elapsedMs: () => scheduler.nowMs() - startMs,
    sleep: (durationMs, signal) =>
      scheduler.wait("timer", Math.ceil(durationMs) + timers.int(LATE_MS_MAX + 1), incarnation, signal),
  };
  return { clock, random: random.fork("ids"), fetch };
}

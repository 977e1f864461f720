import { type Clock, instantOf } from "../core/clock.ts";
import type { World } from "../core/world.ts";

/** The real clock, randomness and network. */
export function realWorld(): World {
  return {
    clock: realClock(),
    random: { uuid: timelyUuids(), fraction: () => Math.random() },
    fetch: (input, init) => fetch(input, init),
  };
}

/** Hexadecimal digits of the milliseconds that a UUID begins with. */
const TIME_DIGITS = 12;

/**
 * Makes UUIDs that begin with the time, as those of version 7 do, with the digits that mark version 4, which Letta's ids
 * are. Rows that are made together then stand together in every index of ids, instead of a page for each.
 */
function timelyUuids(): () => string {
  let madeAtMs = -1;
  let start = "";
  return () => {
    const nowMs = Date.now();
    if (nowMs !== madeAtMs) {
      const time = nowMs.toString(16).padStart(TIME_DIGITS, "0");
      start = `${time.slice(0, 8)}-${time.slice(8)}`;
      madeAtMs = nowMs;
    }
    return start + crypto.randomUUID().slice(13);
  };
}

/** How far the fine clock may stray from the wall clock before it is set again. */
const DRIFT_MS_MAX = 5;

function realClock(): Clock {
  let last = 0;
  let offsetMs = Date.now() - performance.now();
  return {
    now() {
      const wallMs = Date.now();
      if (Math.abs(wallMs - offsetMs - performance.now()) > DRIFT_MS_MAX) offsetMs = wallMs - performance.now();
      // Whole microseconds, so that a stored instant reads back as the same number.
      const microseconds = Math.round((offsetMs + performance.now()) * 1000);
      last = Math.max(last + 1, microseconds);
      return instantOf(last / 1000);
    },
    elapsedMs: () => performance.now(),
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const timer = setTimeout(finish, durationMs);
        function finish() {
          clearTimeout(timer);
          signal?.removeEventListener("abort", finish);
          resolve();
        }
        signal?.addEventListener("abort", finish, { once: true });
      }),
  };
}

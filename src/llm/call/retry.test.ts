import { describe, expect, test } from "bun:test";
import { countingRandom, type ManualClock, manualClock } from "../_test-world.ts";
import { createDeadline, timeoutText } from "./deadline.ts";
import { RETRY_AFTER_MS_MAX, RETRY_DELAY_MS_MAX, type Retry, withRetries } from "./retry.ts";

const never = new AbortController().signal;

interface Given {
  readonly clock: ManualClock;
  readonly failures: number;
  readonly retriesMax?: number;
  readonly retry?: Retry;
  readonly signal?: AbortSignal;
}

async function tried({ clock, failures, retriesMax = 3, retry = { again: true, afterMs: 0 }, signal = never }: Given) {
  let attempts = 0;
  const attempt = async () => {
    attempts++;
    if (attempts <= failures) throw new Error(`failure ${attempts}`);
    return "done";
  };
  const policy = { retriesMax, clock, random: countingRandom(0.5), signal, judge: () => retry };
  const outcome = await withRetries(attempt, policy).catch((error: Error) => error.message);
  return { outcome, attempts };
}

describe("withRetries()", () => {
  test("waits longer each time, up to a limit, half the window when the dice say half", async () => {
    const clock = manualClock({ jumps: true });
    expect(await tried({ clock, failures: 7, retriesMax: 7 })).toEqual({ outcome: "done", attempts: 8 });
    expect(clock.sleeps).toEqual([100, 200, 400, 800, 1600, RETRY_DELAY_MS_MAX / 2, RETRY_DELAY_MS_MAX / 2]);
  });

  test("throws the last failure when the retries are used up", async () => {
    expect(await tried({ clock: manualClock({ jumps: true }), failures: 9, retriesMax: 2 })).toEqual({
      outcome: "failure 3",
      attempts: 3,
    });
  });

  test("does not try again what is final", async () => {
    expect(await tried({ clock: manualClock(), failures: 9, retry: { again: false } })).toEqual({
      outcome: "failure 1",
      attempts: 1,
    });
  });

  test("waits as long as asked, and not at all when asked for too long", async () => {
    const clock = manualClock({ jumps: true });
    await tried({ clock, failures: 1, retry: { again: true, afterMs: 2_000 } });
    expect(clock.sleeps).toEqual([2_100]);
    const patient = await tried({ clock, failures: 1, retry: { again: true, afterMs: RETRY_AFTER_MS_MAX + 1 } });
    expect(patient).toEqual({ outcome: "failure 1", attempts: 1 });
  });

  test("stops waiting when the signal aborts", async () => {
    const controller = new AbortController();
    const clock = manualClock();
    const trying = tried({ clock, failures: 9, signal: controller.signal });
    await clock.advance(0);
    controller.abort();
    expect(await trying).toEqual({ outcome: "failure 1", attempts: 1 });
  });
});

describe("createDeadline()", () => {
  test("aborts when a wait is too long, and only then", async () => {
    const clock = manualClock();
    const deadline = createDeadline(clock, never, 1_000_000);
    deadline.arm("first", 100);
    await clock.advance(90);
    deadline.disarm();
    await clock.advance(5_000);
    expect(deadline.signal.aborted).toBe(false);
    deadline.arm("idle", 100);
    await clock.advance(60_000);
    expect(deadline.signal.aborted).toBe(true);
    expect(deadline.timedOut()).toBe("idle");
    await expect(deadline.race(new Promise(() => undefined))).rejects.toThrow("Timed out: idle");
  });

  test("ends the whole call, also while nothing is awaited", async () => {
    const clock = manualClock();
    const deadline = createDeadline(clock, never, 1_000);
    deadline.arm("first", 100);
    deadline.disarm();
    await clock.advance(100);
    await clock.advance(1_000);
    expect(deadline.timedOut()).toBe("total");
  });

  test("follows the caller's signal, also one that has aborted already", async () => {
    const controller = new AbortController();
    const deadline = createDeadline(manualClock(), controller.signal, 1_000);
    const reason = new Error("cancelled");
    controller.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(deadline.timedOut()).toBeUndefined();
    expect(createDeadline(manualClock(), controller.signal, 1_000).signal.aborted).toBe(true);
  });

  test("lets its watch go when it ends", async () => {
    const clock = manualClock();
    const deadline = createDeadline(clock, never, 1_000);
    deadline.arm("first", 100);
    deadline.end();
    await clock.advance(5_000);
    expect(deadline.timedOut()).toBeUndefined();
    expect(clock.sleeps.length).toBe(1);
  });

  test("is explained in words", () => {
    expect(new Set((["first", "idle", "total"] as const).map(timeoutText)).size).toBe(3);
  });
});

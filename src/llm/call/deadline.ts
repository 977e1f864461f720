import { unreachable } from "../../core/assert.ts";
import type { Clock } from "../../core/clock.ts";

/** What ran out of time: the first word, the next piece, or the whole call. */
export type TimedOut = "first" | "idle" | "total";

/** Ends a call that takes too long. Waiting is counted; what the caller does between two waits is not. */
export interface Deadline {
  /** Aborts when time is up or the caller's own signal aborts. */
  readonly signal: AbortSignal;
  /** Which limit was reached, if one was. */
  timedOut(): TimedOut | undefined;
  /** Starts one wait of at most `durationMs`. */
  arm(kind: "first" | "idle", durationMs: number): void;
  /** Something came that is not what is awaited, but shows that it may come: the wait under way begins anew. */
  prolong(): void;
  /** The awaited thing came. */
  disarm(): void;
  /** Rejects with `reason` or the result of `promise`, whichever comes first. */
  race<T>(promise: PromiseLike<T>): Promise<T>;
  /** Stops the watch and whatever listens to the signal. */
  end(): void;
}

/** Made once: an error takes note of where it was made, which costs more than the rest of an end. */
const ENDED = new Error("The call has ended");
/** How long the watch sleeps while nothing is awaited. */
const PAUSE_MS = 60_000;

/** A deadline of `totalMs` from now that follows `parent`. */
export function createDeadline(clock: Clock, parent: AbortSignal, totalMs: number): Deadline {
  const controller = new AbortController();
  const ended = new AbortController();
  const totalAt = clock.elapsedMs() + totalMs;
  let armedAt = Number.POSITIVE_INFINITY;
  let armedMs = 0;
  let armedKind: "first" | "idle" = "first";
  let timedOut: TimedOut | undefined;
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });

  async function watch(): Promise<void> {
    while (!ended.signal.aborted) {
      const now = clock.elapsedMs();
      if (now >= Math.min(totalAt, armedAt)) {
        timedOut = now >= armedAt ? armedKind : "total";
        controller.abort(new Error(`Timed out: ${timedOut}`));
        return;
      }
      await clock.sleep(Math.min(totalAt, armedAt, now + PAUSE_MS) - now, ended.signal);
    }
  }

  const aborted = new Promise<never>((_, reject) => {
    const fail = (): void => reject(controller.signal.reason);
    if (controller.signal.aborted) fail();
    else controller.signal.addEventListener("abort", fail, { once: true });
  });
  // Nobody may be racing when it rejects.
  aborted.catch(() => undefined);
  let watching = false;

  return {
    signal: controller.signal,
    timedOut: () => timedOut,
    arm(kind, durationMs) {
      armedKind = kind;
      armedMs = durationMs;
      armedAt = clock.elapsedMs() + durationMs;
      if (watching) return;
      watching = true;
      void watch();
    },
    prolong() {
      if (armedAt !== Number.POSITIVE_INFINITY) armedAt = clock.elapsedMs() + armedMs;
    },
    disarm() {
      armedAt = Number.POSITIVE_INFINITY;
    },
    race: (promise) => Promise.race([promise, aborted]),
    end() {
      parent.removeEventListener("abort", follow);
      ended.abort(ENDED);
      controller.abort(ENDED);
    },
  };
}

/** What a limit that was reached means, in a sentence. */
export function timeoutText(timedOut: TimedOut): string {
  switch (timedOut) {
    case "first":
      return "nothing came within the time allowed for a first answer";
    case "idle":
      return "the answer stopped coming";
    case "total":
      return "the answer took longer than a call may take";
    default:
      return unreachable(timedOut);
  }
}

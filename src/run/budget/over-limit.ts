import { type Limit, limitText, type Standing, secondsIn, shownAmount } from "../../access/limit.ts";
import type { Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";

/** How soon what others hold may be free again. */
const HELD_MS = 1_000;

/** Why something may not be taken of a limit now. */
export interface Excess {
  readonly limit: Limit;
  readonly standing: Standing;
  /** What can be taken of it at most. */
  readonly amount: number;
  /** What was to be taken. */
  readonly asked: number;
}

/** Whether only what others hold stands in the way, which most of them will not need. */
export function isPassing({ standing, amount, asked }: Excess): boolean {
  return standing.settled + asked <= amount;
}

/** A `too_many` Failure that names the limit, its window, what is left of it, and when there is more. */
export function overLimit(excess: Excess, now: Instant): Failure {
  const { limit, standing, amount, asked } = excess;
  const { id, name, kind, window } = limit;
  const left = Math.max(0, amount - standing.settled - standing.reserved);
  const retryAfterMs = isPassing(excess) ? HELD_MS : Math.max(1, standing.resetsAt - now);
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const [asks, has] = [shownAmount(kind, asked), shownAmount(kind, left)];
  return new Failure(
    "too_many",
    `The limit '${name}' (${limitText(limit)}) leaves ${has}, and this may take ${asks}; try again in ${seconds} s`,
    {
      retryAfterMs,
      info: { limit: name, limit_id: id, kind, window: secondsIn(window), left: has, retry_after: seconds },
    },
  );
}

/** A `too_many` Failure for a run that would be one too many at work; it may begin as soon as another ends. */
export function tooManyAtWork(limit: Limit): Failure {
  const { id, name, kind } = limit;
  return new Failure(
    "too_many",
    `The limit '${name}' (${limitText(limit)}) is reached; try again when a run has ended`,
    {
      retryAfterMs: HELD_MS,
      info: { limit: name, limit_id: id, kind, window: 0, left: 0, retry_after: HELD_MS / 1_000 },
    },
  );
}

/** The limit of runs at work that a failure is about; undefined where it is about something else. */
export function limitAtWork(error: unknown): string | undefined {
  const info = error instanceof Failure && error.kind === "too_many" ? error.info : undefined;
  return info?.["kind"] === "active_runs" ? String(info["limit_id"]) : undefined;
}

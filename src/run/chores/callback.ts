import type { Store } from "../../agent/ports/ports.ts";
import type { CallbackOutcome, WaitingCallback } from "../../agent/run.ts";
import type { Clock } from "../../core/clock.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, RunId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { createDueWork, type DueWork } from "./due-work.ts";

/** How long to wait after each failed try; when the list is at its end, no further one is made. */
const RETRY_AFTER_MS: readonly number[] = [5_000, 60_000, 600_000];
/** The longest account of a failure that is kept. */
const ERROR_CHARS_MAX = 500;

/** What the sender of callbacks is made of. */
export interface CallbackOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Sends JSON to an address that a client named and returns the answer's status; throws a Failure when there is none. */
  readonly post: (url: string, body: JsonObject) => Promise<number>;
  /** What a run's callback tells, all of it on disk; undefined when the run is gone. */
  readonly bodyOf: (actor: Actor, runId: RunId) => Promise<JsonObject | undefined>;
  readonly log: (message: string, error: unknown) => void;
}

/**
 * Tells the addresses that runs name how the runs ended. What is to be sent is in the store, so a restart loses none.
 */
export function createCallbackSender(options: CallbackOptions): DueWork {
  const { store, clock, log } = options;
  return createDueWork<WaitingCallback>({
    clock,
    waiting: (limit) => store.waitingCallbacks(limit),
    work: (callback) => send(options, callback),
    onError: (error) => log("Callbacks could not be sent", error),
  });
}

async function send({ store, clock, post, bodyOf }: CallbackOptions, callback: WaitingCallback): Promise<void> {
  const body = await bodyOf(callback.actor, callback.runId);
  if (body === undefined) return;
  const outcome = await callBack({ clock, post }, callback, body);
  await store.write(callback.actor, ({ runs }) => runs.noteCallback(callback.runId, outcome));
}

/** Tells an address, and gives what came of it and whether it is to be told again. */
export async function callBack(
  { clock, post }: Pick<CallbackOptions, "clock" | "post">,
  { url, attempts }: Pick<WaitingCallback, "url" | "attempts">,
  body: JsonObject,
): Promise<CallbackOutcome> {
  const told = await tell(post, url, body);
  const sentAt = clock.now();
  const waitMs = told.isFinal ? undefined : RETRY_AFTER_MS[attempts];
  return {
    sentAt,
    statusCode: told.statusCode,
    error: told.error,
    retryAt: waitMs === undefined ? null : instantOf(sentAt + waitMs),
  };
}

interface Told {
  readonly statusCode: number | null;
  readonly error: string | null;
  /** Trying again would change nothing. */
  readonly isFinal: boolean;
}

async function tell(post: CallbackOptions["post"], url: string, body: JsonObject): Promise<Told> {
  try {
    const statusCode = await post(url, body);
    const isPassing = statusCode >= 500 || statusCode === 408 || statusCode === 429;
    const error = statusCode >= 200 && statusCode < 300 ? null : `The answer had status ${statusCode}`;
    return { statusCode, error, isFinal: !isPassing };
  } catch (error) {
    // Whatever stopped this callback must not stop the others; the run tells of it.
    const message = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof Failure && error.kind === "refused";
    return { statusCode: null, error: message.slice(0, ERROR_CHARS_MAX).toWellFormed(), isFinal: isRefused };
  }
}

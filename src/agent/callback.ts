import type { Clock } from "../core/clock.ts";
import { instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, RunId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Store } from "./ports.ts";
import type { CallbackOutcome, WaitingCallback } from "./run.ts";

/** How long to wait after each failed try; when the list is at its end, no further one is made. */
const RETRY_AFTER_MS: readonly number[] = [5_000, 60_000, 600_000];
/** Callbacks that are sent at the same time. */
const AT_ONCE_MAX = 16;
/** How long the sender sleeps at most; what is due then is read again. */
const SLEEP_MS_MAX = 600_000;
/** The longest account of a failure that is kept. */
const ERROR_CHARS_MAX = 500;

/** What a {@link CallbackSender} is made of. */
export interface CallbackOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Sends JSON to an address that a client named and returns the answer's status; throws a Failure when there is none. */
  readonly post: (url: string, body: JsonObject) => Promise<number>;
  /** What a run's callback tells; undefined when the run is gone. */
  readonly bodyOf: (actor: Actor, runId: RunId) => Promise<JsonObject | undefined>;
  readonly log: (message: string, error: unknown) => void;
}

/** Tells the addresses that runs name how the runs ended. What is to be sent is in the store, so a restart loses none. */
export interface CallbackSender {
  /** Looks whether something is to be sent. Never waits. */
  wake(): void;
  /** Waits for what is being sent; what is due later stays in the store until the next wake. */
  settle(): Promise<void>;
}

/** The one {@link CallbackSender}. */
export function createCallbackSender(options: CallbackOptions): CallbackSender {
  const { store, clock } = options;
  let working: Promise<void> | undefined;
  let isStopping = false;
  let hasNews = false;
  let sleeping = new AbortController();

  async function work(): Promise<void> {
    while (!isStopping) {
      hasNews = false;
      const waiting = await store.waitingCallbacks(AT_ONCE_MAX);
      const now = clock.now();
      const due = waiting.filter((callback) => callback.dueAt <= now);
      if (due.length > 0) {
        await store.durable();
        await Promise.all(due.map((callback) => send(options, callback)));
        continue;
      }
      const [next] = waiting;
      if (hasNews) continue;
      if (next === undefined) return;
      sleeping = new AbortController();
      await clock.sleep(Math.min(next.dueAt - now, SLEEP_MS_MAX), sleeping.signal);
    }
  }

  function wake(): void {
    hasNews = true;
    sleeping.abort();
    working ??= work()
      .catch((error: unknown) => options.log("Callbacks could not be sent", error))
      .finally(() => {
        working = undefined;
        // Somebody woke it while it was on its way out.
        if (hasNews && !isStopping) wake();
      });
  }

  return {
    wake,
    async settle() {
      isStopping = true;
      sleeping.abort();
      await working;
      isStopping = false;
    },
  };
}

async function send({ store, clock, post, bodyOf }: CallbackOptions, callback: WaitingCallback): Promise<void> {
  const body = await bodyOf(callback.actor, callback.runId);
  if (body === undefined) return;
  const told = await tell(post, callback.url, body);
  const sentAt = clock.now();
  const waitMs = told.isFinal ? undefined : RETRY_AFTER_MS[callback.attempts];
  const outcome: CallbackOutcome = {
    sentAt,
    statusCode: told.statusCode,
    error: told.error,
    retryAt: waitMs === undefined ? null : instantOf(sentAt + waitMs),
  };
  await store.write(callback.actor, ({ runs }) => runs.noteCallback(callback.runId, outcome));
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

import { limitText, secondsIn } from "../../access/limit.ts";
import { type Caller, keyOf } from "../../access/may.ts";
import type { RequestRate, RequestRates } from "../../access/request-rate.ts";
import { Failure } from "../../core/failure.ts";
import { actorOf } from "../../core/id.ts";
import type { Store } from "../ports/ports.ts";

const MINUTE_MS = 60_000;

/** What requests are counted with. */
export interface RequestCounter {
  readonly store: Store;
  readonly rates: RequestRates;
  /** How many requests a minute a key may make, or an address that shows none; null is any number. */
  readonly requestsPerMinute: number | null;
}

/** One count, and by whose word it is made. */
interface Counted extends RequestRate {
  readonly name: string;
  readonly id: string | null;
  readonly text: string;
  readonly seconds: number;
}

/**
 * Counts a request before anything of its body is read, and gives the tightest count; undefined where nobody counts.
 * Throws a `too_many` Failure with that count where there were too many. Nothing is asked of the database for it but what
 * limits there are, which is at hand.
 */
export async function countRequest(
  { store, rates, requestsPerMinute }: RequestCounter,
  caller: Caller,
  address: string | null,
): Promise<{ readonly rate: RequestRate; readonly failure: Failure | null } | undefined> {
  const { organizationId, userId } = caller;
  // What everybody may ask for: monitors do, without end.
  if (caller.scopes.size === 0) return undefined;
  const keyId = keyOf(caller);
  const counts: Counted[] = [];
  if (requestsPerMinute !== null) {
    const rate = rates.take(`* ${keyId ?? address ?? ""}`, requestsPerMinute, MINUTE_MS);
    counts.push({
      ...rate,
      name: "SELKIE_REQUESTS_PER_MINUTE",
      id: null,
      text: `${requestsPerMinute} requests a minute`,
      seconds: 60,
    });
  }
  const reader = store.reader(actorOf(organizationId, userId, keyId));
  for (const limit of await reader.limits.onWay({ organizationId, userId, keyId, agentId: null })) {
    const { kind, id, name, amount, window } = limit;
    if (kind !== "requests") continue;
    const rate = rates.take(id, amount, secondsIn(window) * 1_000);
    counts.push({ ...rate, name, id, text: limitText(limit), seconds: secondsIn(window) });
  }
  const rate = counts.find(({ isOver }) => isOver) ?? counts.toSorted((a, b) => a.remaining - b.remaining)[0];
  if (rate === undefined) return undefined;
  return { rate, failure: rate.isOver ? overRate(rate) : null };
}

function overRate({ name, id, text, seconds, nextMs }: Counted): Failure {
  const retryAfter = Math.max(1, Math.ceil(nextMs / 1_000));
  const info = { limit: name, limit_id: id, kind: "requests", window: seconds, left: 0, retry_after: retryAfter };
  return new Failure("too_many", `The limit '${name}' (${text}) is used up; try again in ${retryAfter} s`, {
    retryAfterMs: nextMs,
    info,
  });
}

import type { Clock } from "../../core/clock.ts";
import type { Actor } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Store } from "../ports/ports.ts";

/** Refusals of one actor that are written down in a minute: who tries without end must not fill the log. */
const PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;
/** Actors whose refusals are counted. */
const ACTORS_MAX = 10_000;

/** What refusals are written down with. */
export interface RefusalsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (message: string, error: unknown) => void;
}

/** Who was refused, however narrowed: the log of actions is their organisation's. */
export type Refused = Omit<Actor, "agentIds">;

/** Writes down who was refused what. */
export interface Refusals {
  /** Notes a refusal; never throws. `what` says it without content: a route, a scope. */
  note(who: Refused, what: JsonObject): Promise<void>;
}

/** {@link Refusals} in the log of actions. */
export function createRefusals({ store, clock, log }: RefusalsOptions): Refusals {
  let sinceMs = clock.elapsedMs();
  const counts = new Map<string, number>();

  function isTooMany({ organizationId, userId, keyId }: Refused): boolean {
    const nowMs = clock.elapsedMs();
    if (nowMs - sinceMs >= MINUTE_MS || counts.size >= ACTORS_MAX) {
      sinceMs = nowMs;
      counts.clear();
    }
    const who = `${organizationId} ${keyId ?? userId}`;
    const count = (counts.get(who) ?? 0) + 1;
    counts.set(who, count);
    return count > PER_MINUTE_MAX;
  }

  return {
    async note(who, what) {
      if (isTooMany(who)) return;
      const { organizationId, userId, keyId, origin } = who;
      const actor = { organizationId, userId, keyId, origin, agentIds: null };
      const note = { action: "request.refused", resourceKind: "route", resourceId: null, outcome: "refused" } as const;
      try {
        await store.write(actor, async ({ audit }) => audit.note({ ...note, change: what }));
      } catch (error) {
        log("A refusal could not be written down", error);
      }
    },
  };
}

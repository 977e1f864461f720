import type { Clock, Instant } from "../../core/clock.ts";
import type { KeyId, SessionId } from "../../core/id.ts";
import type { Use } from "../ports/access.ts";
import type { Store } from "../ports/ports.ts";

/** How often it is written down when keys and sessions were used last. */
const NOTED_MS = 60_000;
/** Keys and sessions of which that is written down in one go; of more it is not. */
const NOTED_MAX = 10_000;

/** Collects when keys and sessions were used last, so that no request writes. */
export interface Uses {
  /** `ip` is asked at most once a minute. */
  note(id: KeyId | SessionId, at: Instant, ip: () => string | null): void;
  /** Writes down what is collected. Never rejects. */
  settle(): Promise<void>;
  /** The same for the last time: what comes later is not written down. */
  close(): Promise<void>;
}

/** Nothing was used yet. What is collected is written down within a minute, all in one transaction. */
export function createUses({
  store,
  clock,
  log,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
}): Uses {
  const waiting = new Map<KeyId | SessionId, Use & { at: Instant }>();
  const closing = new AbortController();
  let isDue = false;

  async function settle(): Promise<void> {
    const uses = [...waiting.values()];
    waiting.clear();
    if (uses.length === 0) return;
    try {
      await store.noteUses(uses);
    } catch (error) {
      log("When keys were used last could not be written down", error);
    }
  }

  return {
    note(id, at, ip) {
      const known = waiting.get(id);
      if (known !== undefined) known.at = at;
      else if (waiting.size < NOTED_MAX) waiting.set(id, { id, at, ip: ip() });
      if (isDue) return;
      isDue = true;
      void clock.sleep(NOTED_MS, closing.signal).then(() => {
        if (closing.signal.aborted) return;
        isDue = false;
        return settle();
      });
    },
    settle,
    close() {
      closing.abort();
      isDue = true;
      return settle();
    },
  };
}

import type { Clock } from "../../core/clock.ts";
import type { OrganizationId } from "../../core/id.ts";

/** How long somebody who asked for a page counts as listening: they may ask for the next one. */
const ASKED_LATELY_MS = 60_000;
/** Organisations of which it is remembered that somebody asked. */
const ASKED_MAX = 10_000;

/** Who listens to which organisation, in this process. */
export interface ChangeHub {
  /** Whether somebody listens now, or did a moment ago. */
  isHeard(organizationId: string): boolean;
  /** Notes that somebody listens for a moment; gives whether somebody did before. */
  hear(organizationId: OrganizationId): boolean;
  /** Wakes whoever waits for changes of the organisation: call after the commit. */
  changed(organizationId: OrganizationId): void;
  /** How often anything has changed; see {@link ChangeHub.wait}. */
  count(): number;
  /** Resolves at the first change of the organisation, at once where anything has changed since `count`, after this time, or when the signal aborts. */
  wait(organizationId: OrganizationId, count: number, until: WaitUntil): Promise<void>;
  /** Calls `listener` after every change of any organisation; it must not throw. */
  listen(listener: () => void): void;
}

/** How long to wait at most. */
export interface WaitUntil {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** A hub that nobody listens to yet. */
export function createChangeHub(clock: Clock): ChangeHub {
  const askedAt = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  const listeners: (() => void)[] = [];
  let count = 0;

  const isHeard = (organizationId: string) => {
    const at = askedAt.get(organizationId);
    return at !== undefined && clock.elapsedMs() - at < ASKED_LATELY_MS;
  };
  return {
    isHeard,
    hear(organizationId) {
      const was = isHeard(organizationId);
      if (askedAt.size >= ASKED_MAX && !askedAt.has(organizationId)) askedAt.clear();
      askedAt.set(organizationId, clock.elapsedMs());
      return was;
    },
    changed(organizationId) {
      count++;
      for (const wake of waiting.get(organizationId) ?? []) wake();
      for (const listener of listeners) listener();
    },
    count: () => count,
    listen(listener) {
      listeners.push(listener);
    },
    async wait(organizationId, counted, { ms, signal }) {
      if (count !== counted) return;
      const woken = new AbortController();
      const wake = () => woken.abort();
      const here = waiting.get(organizationId) ?? new Set();
      waiting.set(organizationId, here.add(wake));
      signal.addEventListener("abort", wake, { once: true });
      try {
        if (!signal.aborted) await clock.sleep(ms, woken.signal);
      } finally {
        signal.removeEventListener("abort", wake);
        here.delete(wake);
        if (here.size === 0) waiting.delete(organizationId);
      }
    },
  };
}

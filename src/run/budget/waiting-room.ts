import type { Clock } from "../../core/clock.ts";

/** Requests that may wait for a run to end; more are refused. */
const WAITING_MAX = 2_000;
/** How long one waits before it looks by itself: a limit may have been raised, or a run have ended elsewhere. */
const LOOK_MS = 5_000;

/** Where requests wait whose client waits for the answer, until a run ends that a limit of runs at work counts. */
export interface WaitingRoom {
  /** Whether runs were stored to begin later, as too many were at work: then the queue looks whenever one ends. */
  hasQueued: boolean;
  /** Resolves when it is worth looking again; false when too many wait already. Who looked in vain goes to the front. */
  wait(limitId: string, hasWaited: boolean): Promise<boolean>;
  /** Call when a run has ended, or one that waited has begun. One of each limit looks again. */
  look(): void;
  /** Whether a run has ended since this was asked last, while others are stored to begin later. */
  takeFreed(): boolean;
}

/** An empty {@link WaitingRoom}. */
export function createWaitingRoom({ sleep }: Pick<Clock, "sleep">): WaitingRoom {
  const queues = new Map<string, AbortController[]>();
  let waiting = 0;
  let hasFreed = false;
  return {
    hasQueued: false,
    async wait(limitId, hasWaited) {
      if (waiting >= WAITING_MAX) return false;
      const called = new AbortController();
      const queue = queues.get(limitId) ?? [];
      queues.set(limitId, queue);
      if (hasWaited) queue.unshift(called);
      else queue.push(called);
      waiting++;
      await sleep(LOOK_MS, called.signal);
      waiting--;
      const at = queue.indexOf(called);
      if (at >= 0) queue.splice(at, 1);
      if (queue.length === 0 && queues.get(limitId) === queue) queues.delete(limitId);
      return true;
    },
    takeFreed() {
      const wasFreed = hasFreed;
      hasFreed = false;
      return wasFreed && this.hasQueued;
    },
    look() {
      hasFreed = true;
      for (const queue of queues.values()) queue.shift()?.abort();
    },
  };
}

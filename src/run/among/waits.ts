import type { ThreadId } from "../../agent/ports/ports.ts";

/** Which conversations wait for which, in this process. */
export interface Waits {
  /**
   * Notes that a run in one conversation waits for the end of one in another; gives what to call when it does no more.
   * Undefined where that one waits for this already, by whatever way: then none of them would ever end.
   */
  begin(from: ThreadId, to: ThreadId): (() => void) | undefined;
}

/**
 * The one {@link Waits}. Every run that waits is at work in this process, as one process alone writes; after a restart
 * those that go on note it again.
 */
export function createWaits(): Waits {
  const waits = new Map<ThreadId, ThreadId[]>();

  /** Whether `from` waits for `to`, or is it. No further than there are conversations that wait. */
  function reaches(from: ThreadId, to: ThreadId): boolean {
    const seen = new Set([from]);
    for (const thread of seen) {
      if (thread === to) return true;
      for (const next of waits.get(thread) ?? []) seen.add(next);
    }
    return false;
  }

  return {
    begin(from, to) {
      if (reaches(to, from)) return undefined;
      const own = waits.get(from) ?? [];
      waits.set(from, own);
      own.push(to);
      return () => {
        own.splice(own.indexOf(to), 1);
        if (own.length === 0) waits.delete(from);
      };
    },
  };
}

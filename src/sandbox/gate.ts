/** Calls of code that wait for a process; the next ones are refused. */
export const WAITING_MAX = 1_000;

/** Lets so many in at once; the others wait in line. */
export interface Gate {
  isIdle(): boolean;
  /** Gives what to call when done; undefined where too many wait, and null where nobody waits for it any more. */
  enter(signal: AbortSignal): Promise<(() => void) | undefined | null>;
}

/** How many a gate lets in at once, and how many may wait; the next ones are refused. */
export interface GateLimits {
  readonly most: number;
  readonly waitingMax: number;
}

/** Waits in line until somebody calls what is put into `waiting`, or nobody waits for that any more. */
export function turnIn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      waiting.delete(go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    waiting.add(go);
    signal.addEventListener("abort", go, { once: true });
  });
}

/** A gate that nobody is behind. */
export function createGate({ most, waitingMax }: GateLimits): Gate {
  const waiting = new Set<() => void>();
  let inside = 0;
  const leave = () => {
    inside--;
    const [next] = waiting;
    next?.();
  };
  return {
    isIdle: () => inside === 0,
    async enter(signal) {
      if (inside >= most) {
        if (waiting.size >= waitingMax) return undefined;
        await turnIn(waiting, signal);
      }
      if (signal.aborted) {
        // Whoever was to come in instead may.
        if (inside < most) [...waiting][0]?.();
        return null;
      }
      inside++;
      return leave;
    },
  };
}

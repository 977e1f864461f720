/** How long work may hold the thread before others get a turn. */
const HELD_MS_MAX = 20;

/** Gives other work a turn between the steps of a long one. */
export interface Turns {
  /** Call before a step. */
  begin(): void;
  /** Resolves once others had their turn; undefined where the thread was not held for long. */
  ifDue(): Promise<void> | undefined;
}

/** {@link Turns} of this thread's event loop. */
export function createTurns(): Turns {
  let heldSinceMs: number | undefined;
  const release = () => {
    heldSinceMs = undefined;
  };
  return {
    begin() {
      if (heldSinceMs !== undefined) return;
      heldSinceMs = performance.now();
      setImmediate(release);
    },
    ifDue() {
      if (heldSinceMs === undefined || performance.now() - heldSinceMs <= HELD_MS_MAX) return undefined;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** How long work may hold the thread before others get a turn. */
const HELD_MS_MAX = 20;

/** Gives other work a turn between the steps of a long one. */
export interface Turns {
  /** Call before a step. */
  begin(): void;
  /** Whether the thread was held for long. */
  areDue(): boolean;
  /** Resolves once others had their turn. */
  next(): Promise<void>;
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
    areDue: () => heldSinceMs !== undefined && performance.now() - heldSinceMs > HELD_MS_MAX,
    next: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

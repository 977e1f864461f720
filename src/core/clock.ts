declare const instant: unique symbol;

/**
 * Milliseconds since the Unix epoch, with microseconds as the fraction. Exact in a double until the year 4800;
 * later instants (people do store the year 9999) keep about a millisecond.
 */
export type Instant = number & { readonly [instant]: true };

/** Where time comes from. The simulator supplies one that only moves when told. */
export interface Clock {
  /** The wall clock. Within one process every call is later than the one before, by a microsecond at least. */
  now(): Instant;
  /** Milliseconds from an arbitrary start; never goes back. For measuring, not for storing. */
  elapsedMs(): number;
  /** Resolves after `durationMs`, or at once when `signal` aborts. Never rejects. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Takes a number that is known to be epoch milliseconds. */
export function instantOf(epochMs: number): Instant {
  return epochMs as Instant;
}

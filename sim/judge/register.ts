/** One operation on a register, with when it began and ended by any clock that only goes forward. */
export interface RegisterOperation {
  readonly kind: "read" | "write";
  /** What was written, or found. */
  readonly value: string;
  readonly start: number;
  /** Infinite where no answer came: then it may have happened at any time since, or never. */
  readonly end: number;
}

/** Operations that one history may have, so that looking for an order stays cheap. */
export const HISTORY_MAX = 30;

/**
 * Whether the operations could have happened one after the other, each at some moment between its start and its end,
 * with every read finding what was written last. The search of Wing and Gong, with Lowe's memory of places where it was
 * before. A history has at most {@link HISTORY_MAX} operations.
 */
export function isLinearizable(history: readonly RegisterOperation[], initial: string): boolean {
  const seen = new Set<string>();
  const values = [initial, ...history.map(({ value }) => value)];
  const all = history.reduce(
    (bits, { end }, index) => (end === Number.POSITIVE_INFINITY ? bits : bits | (1 << index)),
    0,
  );

  function canGoOn(done: number, value: string): boolean {
    if ((done & all) === all) return true;
    const place = `${done} ${values.indexOf(value)}`;
    if (seen.has(place)) return false;
    seen.add(place);
    const left = history.filter((_, index) => (done & (1 << index)) === 0);
    const firstEnd = Math.min(...left.map(({ end }) => end));
    return history.some((operation, index) => {
      // What began after something else had ended cannot come before it.
      if ((done & (1 << index)) !== 0 || operation.start > firstEnd) return false;
      if (operation.kind === "read" && operation.value !== value) return false;
      return canGoOn(done | (1 << index), operation.kind === "write" ? operation.value : value);
    });
  }

  return canGoOn(0, initial);
}

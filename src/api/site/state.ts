import type { Store } from "../../agent/ports/ports.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How the server is, in words for everybody: what is wrong in detail is for its log. */
export interface ServerState {
  readonly isWell: boolean;
  readonly words: string;
}

/** Where to look, and whom to tell. */
export interface StateOptions {
  readonly store: Store;
  readonly log: (message: string, error?: unknown) => void;
}

/** Finds out how the server is by reading its data; why they cannot be read is told to the log alone. */
export async function stateOf({ store, log }: StateOptions): Promise<ServerState> {
  try {
    // Nothing of anybody: how the server is differs by nobody who asks.
    await store.queuedRuns(1);
    return { isWell: true, words: "All is well" };
  } catch (error) {
    log("The data cannot be read", error);
    return { isWell: false, words: "Its data cannot be read" };
  }
}

/** A time span as people say it, in its largest unit. */
export function spanWords(durationMs: number): string {
  if (durationMs < MINUTE_MS) return "less than a minute";
  if (durationMs < HOUR_MS) return counted(durationMs / MINUTE_MS, "minute");
  if (durationMs < DAY_MS) return counted(durationMs / HOUR_MS, "hour");
  return counted(durationMs / DAY_MS, "day");
}

function counted(amount: number, unit: string): string {
  const whole = Math.floor(amount);
  return `${whole} ${unit}${whole === 1 ? "" : "s"}`;
}

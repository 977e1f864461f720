/** The bounds of one model call. */
export interface CallLimits {
  /** The longest wait for the first word, and for an answer that is not streamed unless its model thinks first. */
  readonly requestTimeoutMs: number;
  /** The longest a call may take in all, retries included. */
  readonly streamTimeoutMs: number;
  /** The longest silence between two pieces of a stream. */
  readonly idleTimeoutMs: number;
  /** The longest silence of a model that thinks before and between its words. */
  readonly thinkingTimeoutMs: number;
  /** How often a call that failed before its first word is tried again. */
  readonly retriesMax: number;
  /** The longest answer, reasoning and arguments included. A longer one fails. */
  readonly outputCharsMax: number;
}

/** The bounds used where the operator sets none. */
export const CALL_LIMITS: CallLimits = {
  requestTimeoutMs: 60_000,
  streamTimeoutMs: 600_000,
  idleTimeoutMs: 60_000,
  thinkingTimeoutMs: 300_000,
  retriesMax: 2,
  outputCharsMax: 4_000_000,
};

/** The most tool calls one reply may hold. */
export const TOOL_CALLS_MAX = 128;

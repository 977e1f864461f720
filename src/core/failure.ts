/**
 * Every kind of failure a caller can cause or must handle. The API maps each kind to one HTTP status:
 * `invalid` is a body or query of the wrong shape, `refused` a well-formed request that makes no sense here, `unreadable`
 * something stored that the disk did not give back: whatever needed it was undone. `damaged` is something stored that
 * makes no sense any more: trying again does not help. `too_many` is what may be asked again later; it says when.
 * `unsupported` is a file of a type that cannot be read. `gone` is what was there once and is not kept.
 */
export type FailureKind =
  | "invalid"
  | "refused"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "gone"
  | "not_allowed"
  | "conflict"
  | "too_large"
  | "too_many"
  | "unsupported"
  | "unavailable"
  | "timeout"
  | "full"
  | "unreadable"
  | "damaged";

/** What a failure may say beyond its message, for programs: shown as it is. */
export interface FailureOptions extends ErrorOptions {
  readonly info?: Readonly<Record<string, unknown>>;
  /** After how many milliseconds the same may succeed. */
  readonly retryAfterMs?: number;
}

/** An expected failure. Anything else thrown is a bug and becomes a 500. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly kind: FailureKind;
  readonly info: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, options?: FailureOptions) {
    super(message, options);
    this.kind = kind;
    this.info = options?.info;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

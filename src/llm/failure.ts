import { Failure, type FailureKind } from "../core/failure.ts";

/** What a provider did wrong, in the words that Letta's clients switch on (`error.type` on the wire). */
export type ModelFailureType =
  | "llm_rate_limit"
  | "llm_authentication"
  | "llm_permission_denied"
  | "llm_insufficient_credits"
  | "llm_bad_request"
  | "llm_not_found"
  | "llm_unprocessable_entity"
  | "llm_refusal"
  | "llm_context_window_exceeded"
  | "llm_timeout"
  | "llm_empty_response"
  | "llm_error";

const KIND: Readonly<Record<ModelFailureType, FailureKind>> = {
  llm_rate_limit: "unavailable",
  llm_authentication: "unauthorized",
  llm_permission_denied: "forbidden",
  llm_insufficient_credits: "forbidden",
  llm_bad_request: "refused",
  llm_not_found: "not_found",
  llm_unprocessable_entity: "invalid",
  llm_refusal: "refused",
  llm_context_window_exceeded: "too_large",
  llm_timeout: "timeout",
  llm_empty_response: "unavailable",
  llm_error: "unavailable",
};

/** Whether `text` is one of the types. */
export function isModelFailureType(text: string): text is ModelFailureType {
  return Object.hasOwn(KIND, text);
}

const REFUSALS: readonly ModelFailureType[] = [
  "llm_bad_request",
  "llm_unprocessable_entity",
  "llm_refusal",
  "llm_context_window_exceeded",
];

/**
 * Whether the provider refused what it was asked to read: the same would be refused again, and something else may not be.
 */
export function refusesInput({ type }: ModelFailure): boolean {
  return REFUSALS.includes(type);
}

/** A failed model call. `detail` is the provider's own account of it, without keys, cut to a bounded length. */
export class ModelFailure extends Failure {
  override readonly name = "ModelFailure";
  readonly type: ModelFailureType;
  readonly detail: string;
  /** The provider's HTTP status, or undefined when no answer came. */
  readonly status: number | undefined;

  constructor(
    type: ModelFailureType,
    message: string,
    detail: string,
    options?: ErrorOptions & { readonly status?: number },
  ) {
    super(KIND[type], message, options);
    this.type = type;
    this.detail = detail;
    this.status = options?.status;
  }
}

/** What providers say of requests before they work on them, and the packages before they send them. */
const UNWORKED: readonly ModelFailureType[] = ["llm_bad_request", "llm_not_found", "llm_authentication"];
/** Causes that are looked at behind a failure. */
const CAUSES_MAX = 8;
/** How runtimes say that there was nobody to connect to. */
const UNCONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * Whether a provider may charge a call that failed like this. Not where it answered that it would not or could not do
 * it, nor where nobody was there. But where no whole answer came, or the call was broken off: it may have done the work.
 */
export function mayBeCharged(failure: unknown): boolean {
  if (!(failure instanceof ModelFailure)) return true;
  const { status, type } = failure;
  if (status === undefined) return !UNWORKED.includes(type) && !neverConnected(failure);
  return status < 400 || type === "llm_timeout";
}

const LOST_TRIES = new WeakMap<object, number>();

/** Notes how many tries there were, before the one that failed with this, which the provider may charge. */
export function noteLostTries(failure: unknown, tries: number): void {
  if (typeof failure === "object" && failure !== null) LOST_TRIES.set(failure, tries);
}

/** What {@link noteLostTries} noted last; a call that was broken off fails with what broke it off, and has it too. */
export function lostTriesOf(failure: unknown): number {
  return typeof failure === "object" && failure !== null ? (LOST_TRIES.get(failure) ?? 0) : 0;
}

function neverConnected(failure: unknown): boolean {
  let error: unknown = failure;
  for (let depth = 0; depth < CAUSES_MAX && error instanceof Error; depth++) {
    const code: unknown = Reflect.get(error, "code");
    if (typeof code === "string" && UNCONNECTED.test(code)) return true;
    error = error.cause;
  }
  return false;
}

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

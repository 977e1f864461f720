import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Failure, type FailureKind } from "../../core/failure.ts";
import { ModelFailure, type ModelFailureType } from "../../llm/failure.ts";

/** Which status each kind of failure becomes. */
const STATUS: Readonly<Record<FailureKind, ContentfulStatusCode>> = {
  invalid: 422,
  refused: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  gone: 410,
  not_allowed: 405,
  conflict: 409,
  too_large: 413,
  too_many: 429,
  unsupported: 415,
  unavailable: 503,
  timeout: 504,
  full: 507,
  unreadable: 503,
  damaged: 500,
};

/** What clients are told when a model fails: Letta's status and sentence. */
interface ModelAnswer {
  readonly status: ContentfulStatusCode;
  readonly message: string;
}

const MODEL: Readonly<Record<ModelFailureType, ModelAnswer>> = {
  llm_rate_limit: {
    status: 429,
    message: "Rate limit exceeded for LLM model provider. Please wait before making another request.",
  },
  llm_authentication: { status: 401, message: "Authentication failed with the LLM model provider." },
  llm_permission_denied: { status: 403, message: "The LLM model provider refused access to this model." },
  llm_insufficient_credits: { status: 402, message: "The account at the LLM model provider has no credit left." },
  llm_bad_request: { status: 400, message: "The request to the LLM model provider was invalid." },
  llm_not_found: { status: 500, message: "An error occurred with the LLM request." },
  llm_unprocessable_entity: { status: 500, message: "An error occurred with the LLM request." },
  llm_refusal: { status: 400, message: "The LLM model provider declined to answer." },
  llm_context_window_exceeded: { status: 400, message: "The messages do not fit into the model's context window." },
  llm_timeout: { status: 504, message: "The LLM request timed out." },
  llm_empty_response: { status: 500, message: "The LLM model provider sent an empty answer." },
  llm_error: { status: 500, message: "An error occurred with the LLM request." },
};

/** Where trying again does not help, and Letta's clients would, twice and by themselves, unless told not to. */
const NO_RETRY = { "x-should-retry": "false" };
const BAD_ID = /String should match pattern '([a-z_]+)-\{uuid4\}'/;
const EXAMPLE_UUID = "123e4567-e89b-42d3-8456-426614174000";

/** Turns whatever a route threw into the answer that Letta's clients expect. Only here does a failure get a status. */
export function answerFailure(error: unknown, c: Context, log: (message: string, error?: unknown) => void): Response {
  if (error instanceof ModelFailure) return modelAnswer(error, c);
  // Whoever runs the server must know of a disk that fails and of damage; of everything else its clients alone.
  const isOfDisk = error instanceof Failure && (error.kind === "unreadable" || error.kind === "damaged");
  if (isOfDisk) log(`${c.req.method} ${c.req.path} failed`, error);
  if (error instanceof Failure) return failureAnswer(error, c);
  if (error instanceof HTTPException) return c.json({ detail: error.message || "Bad Request" }, error.status);
  if (isGone(error, c)) return c.json({ detail: "The client closed the connection" }, 400);
  log(`${c.req.method} ${c.req.path} failed`, error);
  return c.json({ detail: "An unknown error occurred" }, 500);
}

/** Whether the client left while its request was read or worked on: nobody will see the answer. */
function isGone(error: unknown, c: Context): boolean {
  return error instanceof Error && error.name === "AbortError" && c.req.raw.signal.aborted;
}

/** The answer to what a client may ask but this server cannot do yet. */
export function notImplemented(c: Context, detail: string): Response {
  return c.json({ detail }, 501, NO_RETRY);
}

function failureAnswer(failure: Failure, c: Context): Response {
  const { kind } = failure;
  // A quoted text may have been cut in the middle of a character.
  const message = failure.message.toWellFormed();
  if (kind === "unauthorized") return c.json({ detail: "Unauthorized" }, 401);
  if (kind === "conflict") return conflictAnswer(failure, c);
  if (kind === "gone") return c.json({ detail: message, ...failure.info }, 410, NO_RETRY);
  if (kind !== "invalid") return c.json(detailOf(failure, message), STATUS[kind], retryHeaders(failure));
  const badId = BAD_ID.exec(message);
  const examples = badId === null ? {} : { examples: [`${badId[1]}-${EXAMPLE_UUID}`] };
  return c.json({ trace_id: "", detail: message, ...examples }, 422);
}

/** What a program needs to know of a limit stands beside the words. */
function detailOf({ kind, info }: Failure, detail: string): Record<string, unknown> {
  return kind === "too_many" ? { detail, ...info } : { detail };
}

/** When to ask again, in whole seconds: never sooner than the failure says. */
function retryHeaders({ retryAfterMs }: Failure): Record<string, string> {
  return retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) };
}

/**
 * What stands in the way, as Letta words it: a run that is at work is named beside the text, a pending approval takes
 * its place.
 */
function conflictAnswer({ message, info }: Failure, c: Context): Response {
  const body = info === undefined || "run_id" in info ? { detail: message, ...info } : { detail: info };
  return c.json(body, STATUS.conflict, NO_RETRY);
}

function modelAnswer(failure: ModelFailure, c: Context): Response {
  const { status, message } = MODEL[failure.type];
  if (failure.type === "llm_context_window_exceeded") return c.json({ detail: `${message} ${failure.detail}` }, status);
  const isKnown = !["llm_not_found", "llm_unprocessable_entity", "llm_empty_response"].includes(failure.type);
  const type = isKnown ? failure.type : "llm_error";
  return c.json({ error: { type, message, detail: failure.detail } }, status);
}

import { isRecord, parseJson } from "../../core/json.ts";
import { pythonRepr } from "../../core/python-repr.ts";
import { Declined } from "../answer-error.ts";
import { ModelFailure, type ModelFailureType } from "../failure.ts";

/** The longest account of a failure that is passed on. */
export const DETAIL_CHARS_MAX = 1_000;

/** Whose failure it is. */
export interface FailedProvider {
  readonly title: string;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
}

/** What clients are told, by type of failure. The first four are what Letta's clients have always received. */
const MESSAGES: Readonly<Record<ModelFailureType, string>> = {
  llm_error: "An error occurred with the LLM request.",
  llm_rate_limit: "Rate limit exceeded for LLM model provider. Please wait before making another request.",
  llm_bad_request: "The request to the LLM model provider was invalid.",
  llm_authentication: "Authentication failed with the LLM model provider.",
  llm_permission_denied: "The LLM model provider does not allow this request.",
  llm_insufficient_credits: "The account at the LLM model provider has no credit left.",
  llm_not_found: "The LLM model provider does not know this model.",
  llm_unprocessable_entity: "The LLM model provider could not process the request.",
  llm_refusal: "The LLM model provider declined to answer.",
  llm_context_window_exceeded: "The request is longer than the model's context window.",
  llm_timeout: "The LLM request timed out.",
  llm_empty_response: "The LLM model provider returned an empty response.",
};

/** How the detail begins: a code that clients switch on, then what happened to whom. */
const LEADS: Readonly<Record<ModelFailureType, (title: string) => string>> = {
  llm_error: (title) => `INTERNAL_SERVER_ERROR: ${title} API error`,
  llm_rate_limit: (title) => `RATE_LIMIT_EXCEEDED: Rate limited by ${title}`,
  llm_bad_request: (title) => `INVALID_ARGUMENT: Bad request to ${title}`,
  llm_authentication: (title) => `UNAUTHENTICATED: Authentication failed with ${title}`,
  llm_permission_denied: (title) => `PERMISSION_DENIED: Permission denied by ${title}`,
  llm_insufficient_credits: (title) => `PAYMENT_REQUIRED: Insufficient credit at ${title}`,
  llm_not_found: (title) => `NOT_FOUND: Not found at ${title}`,
  llm_unprocessable_entity: (title) => `INVALID_ARGUMENT: Unprocessable request to ${title}`,
  llm_refusal: (title) => `FAILED_PRECONDITION: Refused by ${title}`,
  llm_context_window_exceeded: (title) => `CONTEXT_WINDOW_EXCEEDED: Context window exceeded at ${title}`,
  llm_timeout: (title) => `TIMEOUT: No timely answer from ${title}`,
  llm_empty_response: (title) => `INTERNAL_SERVER_ERROR: Empty answer from ${title}`,
};

const BY_STATUS: Readonly<Record<number, ModelFailureType>> = {
  400: "llm_bad_request",
  401: "llm_authentication",
  402: "llm_insufficient_credits",
  403: "llm_permission_denied",
  404: "llm_not_found",
  405: "llm_not_found",
  408: "llm_timeout",
  413: "llm_context_window_exceeded",
  415: "llm_bad_request",
  422: "llm_unprocessable_entity",
  429: "llm_rate_limit",
  451: "llm_bad_request",
  504: "llm_timeout",
  524: "llm_timeout",
};

/** What the packages refuse on their own, before anything is sent. */
const BY_NAME: Readonly<Record<string, ModelFailureType>> = {
  AI_InvalidPromptError: "llm_bad_request",
  AI_InvalidArgumentError: "llm_bad_request",
  AI_UnsupportedFunctionalityError: "llm_bad_request",
  AI_NoSuchModelError: "llm_not_found",
  AI_LoadAPIKeyError: "llm_authentication",
  AI_LoadSettingError: "llm_authentication",
};

/** How providers say that a request is too long for the model. */
const TOO_LONG =
  /context_length_exceeded|context.{0,10}(?:length|window|size).{0,40}(?:exceed|too long|limit|full)|(?:exceed|larger|longer|beyond).{0,60}context (?:length|window|size|limit)|maximum context length|prompt is too long|prompt contains \d+ tokens.{0,40}too large|input is too long|input token count.{0,40}exceeds|too large for model with \d+ maximum context|reduce the length of the (?:messages|prompt|input)|string_above_max_length|exceeds? the available context|tokens? in (?:the )?request.{0,20}(?:more than|exceed)|request_too_large/i;

/** How providers say that an account is empty. */
const NO_CREDIT =
  /insufficient_quota|insufficient (?:balance|credit|fund)|credit balance is too low|billing_hard_limit|exceeded your current quota|requires more credits|out of credits/i;

/** How servers say that they do not read what a message holds, under statuses that mean something else. */
const UNREAD =
  /supports? image input|image input is not supported|unsupported content part type|flagged_input|input was flagged|requires moderation/i;

/** What a bad request means by its words, where it is not the text's fault. */
const BY_WORDS: readonly (readonly [RegExp, ModelFailureType])[] = [
  // A refused key.
  [/api[ _]?key[ _](?:not[ _](?:valid|found)|invalid|expired)|invalid[ _]api[ _]?key/i, "llm_authentication"],
  [
    /invalid[ _]model\b|model_not_found|model_decommissioned|model `?[^`"]{1,200}`? (?:does not exist|not found)/i,
    "llm_not_found",
  ],
  // The provider's own model wrote a call that it cannot read.
  [/tool_use_failed|failed_generation/i, "llm_error"],
];

/** A failure made by us rather than read from an answer. `what` goes into the detail. */
export function failureOf(
  { type, what }: { readonly type: ModelFailureType; readonly what: string },
  provider: FailedProvider,
  options?: ErrorOptions & { readonly status?: number },
): ModelFailure {
  const detail = cut(hide(`${LEADS[type](provider.title)}: ${what}`, provider.secrets));
  return new ModelFailure(type, MESSAGES[type], detail, options);
}

/** Whatever a provider package threw, as a failure that can be shown. */
export function modelFailureOf(error: unknown, provider: FailedProvider): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const told = underSuccess(error);
  if (told instanceof Declined)
    return failureOf({ type: "llm_refusal", what: told.message }, provider, { cause: error });
  const { status, body, message, name } = readError(told);
  const type = BY_NAME[name] ?? typeOf(status, `${message} ${body}`);
  const shown = body === "" ? message : pythonShown(body);
  const what = status === undefined ? shown : `Error code: ${status} - ${shown}`;
  return failureOf({ type, what }, provider, { cause: error, ...(status !== undefined && { status }) });
}

/** The packages wrap what is thrown while they read a success. */
function underSuccess(error: unknown): unknown {
  const isWrapped = isRecord(error) && error["statusCode"] === 200 && isRecord(error["cause"]);
  return isWrapped ? error["cause"] : error;
}

/** A JSON body as Letta, whose clients read these texts, wrote it; any other text as it is. */
function pythonShown(body: string): string {
  const parsed = parseJson(body);
  return isRecord(parsed) ? pythonRepr(parsed) : body;
}

function typeOf(status: number | undefined, account: string): ModelFailureType {
  const refused = status === undefined || status >= 400;
  const mayBeLong = refused && status !== 401 && status !== 403 && status !== 429;
  if (mayBeLong && TOO_LONG.test(account)) return "llm_context_window_exceeded";
  if (refused && status !== 401 && NO_CREDIT.test(account)) return "llm_insufficient_credits";
  if (refused && status !== 401 && status !== 429 && UNREAD.test(account)) return "llm_bad_request";
  const meant = status === 400 ? BY_WORDS.find(([words]) => words.test(account))?.[1] : undefined;
  return meant ?? (status === undefined ? undefined : BY_STATUS[status]) ?? "llm_error";
}

/** How long the provider asked to wait, in milliseconds; 0 when it did not say. Dates are not understood. */
export function retryAfterMs(error: unknown): number {
  const headers = isRecord(error) ? error["responseHeaders"] : undefined;
  if (!isRecord(headers)) return 0;
  const milliseconds = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  return seconds >= 0 ? seconds * 1000 : 0;
}

/** Whether the same request may succeed when sent again. Our own timeouts are final: they have no status. */
export function isPassing(failure: ModelFailure): boolean {
  const { type, status } = failure;
  if (type === "llm_rate_limit" || type === "llm_empty_response") return true;
  if (type === "llm_timeout") return status !== undefined;
  // With 400 it is what the provider's own model wrote; 424 is Bedrock's for a model that failed.
  return type === "llm_error" && (status === undefined || status >= 500 || [200, 400, 424].includes(status));
}

interface ReadError {
  readonly status: number | undefined;
  readonly body: string;
  readonly message: string;
  readonly name: string;
}

/** The packages' errors are told by their shape: loading their classes only to compare would load the packages. */
function readError(error: unknown): ReadError {
  if (!isRecord(error)) return { status: undefined, body: "", message: oneLine(String(error)), name: "" };
  const status = error["statusCode"];
  const body = error["responseBody"];
  const message = error["message"];
  const name = error["name"];
  return {
    name: typeof name === "string" ? name : "",
    status: typeof status === "number" ? status : statusOf(error),
    body: typeof body === "string" ? readable(body) : "",
    message: typeof message === "string" ? withCause(oneLine(message), error["cause"]) : oneLine(write(error)),
  };
}

/** Errors inside a stream, or in an answer of status 200, have no status of their own, but their fields mean one. */
function statusOf(error: Record<string, unknown>): number | undefined {
  const inner = isRecord(error["error"]) ? error["error"] : error;
  for (const key of ["status_code", "statusCode", "http_status", "status", "code"]) {
    const number = Number(inner[key] ?? error[key] ?? Number.NaN);
    if (Number.isInteger(number) && number >= 400 && number <= 599) return number;
  }
  const words = [inner["type"], inner["code"], inner["status"]].filter((word) => typeof word === "string").join(" ");
  return STATUS_WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

/** What providers call their statuses, in OpenAI's, Anthropic's, Google's and vLLM's words. */
const STATUS_WORDS: readonly (readonly [RegExp, number])[] = [
  [/overloaded|\bUNAVAILABLE\b|service_?unavailable/i, 529],
  [/insufficient_?quota|billing|payment/i, 402],
  [/rate_?limit|too_?many_?requests|resource_exhausted/i, 429],
  [/authentication|unauthenticated|unauthorized|invalid_api_key/i, 401],
  [/permission|forbidden/i, 403],
  [/not_?found/i, 404],
  [/invalid_?request|bad_?request|invalid_?argument|invalid_?prompt|content_?filter|content_?policy/i, 400],
];

function withCause(message: string, cause: unknown): string {
  const inner = isRecord(cause) ? cause["message"] : undefined;
  if (typeof inner !== "string" || message.includes(inner)) return message;
  return `${message} (${oneLine(inner)})`;
}

/** An error body in one short line: HTML is reduced to its title. */
function readable(body: string): string {
  const text = body.trimStart().slice(0, HEAD_CHARS);
  if (!text.startsWith("<")) return oneLine(text);
  const title = /<title>([^<]{0,200})<\/title>/i.exec(text)?.[1];
  return title === undefined ? "an HTML page" : `an HTML page titled "${oneLine(title)}"`;
}

/** How much of a text is looked at: more than is kept, for what is hidden or joined in between. */
const HEAD_CHARS = 16_384;

function oneLine(text: string): string {
  return text.slice(0, HEAD_CHARS).replace(/\s+/g, " ").trim();
}

function write(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "an unreadable error";
  } catch {
    return "an unreadable error";
  }
}

/** Texts that look like keys, whoever's they are. */
const KEY_LIKE = /\b(?:sk|pk|gsk|xai|key|AIza|AKIA|ASIA)[-_]?[A-Za-z0-9_-]{12,}|\bBearer\s+[^\s"',}]+/g;

function hide(text: string, secrets: readonly string[]): string {
  const hidden = secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  return hidden.replace(KEY_LIKE, "***");
}

function cut(text: string): string {
  // Half of a surrogate pair at the cut would not survive being written as UTF-8.
  return text.length <= DETAIL_CHARS_MAX ? text : `${text.slice(0, DETAIL_CHARS_MAX).toWellFormed()}...`;
}

/** The provider's own words in an error body, for a short message; undefined when it has none. */
export function providerMessage(body: string): string | undefined {
  const value = parseJson(body);
  const error = isRecord(value) ? (value["error"] ?? value) : undefined;
  const message = isRecord(error) ? error["message"] : error;
  return typeof message === "string" ? oneLine(message).slice(0, DETAIL_CHARS_MAX) : undefined;
}

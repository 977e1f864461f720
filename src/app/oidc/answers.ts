import * as oauth from "oauth4webapi";
import { Failure } from "../../core/failure.ts";
import type { FetchOutside } from "../../core/outside.ts";

/** How long the provider may take for each of its answers. */
const ANSWER_MS = 10_000;
/** The longest answer that is read: descriptions and key sets are a few KB, tokens with many groups some tens. */
const ANSWER_BYTES_MAX = 256 * 1024;
/** Statuses of answers that have no body. */
const EMPTY = new Set([204, 205, 304]);
/** The errors that OAuth 2.0 has names for; a text that is none of this form is not repeated. */
const ERROR_NAME = /^[a-z][a-z_]{2,39}$/;

/** A request of the package. */
interface Asked {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** The package's requests, through what checks every address. Redirects are not followed: what is asked holds secrets. */
export function fetchFor(fetchOutside: FetchOutside) {
  return async (url: string, { method, headers, body }: Asked): Promise<Response> => {
    const answer = await fetchOutside(url, {
      method: method === "POST" ? "POST" : "GET",
      headers,
      ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      timeoutMs: ANSWER_MS,
      bytesMax: ANSWER_BYTES_MAX,
      redirectsMax: 0,
    });
    const { status } = answer;
    return new Response(EMPTY.has(status) ? null : answer.body, {
      status,
      headers: { "content-type": answer.mediaType },
    });
  };
}

/** What `work` finds, or a Failure for whoever signs in. It holds names and reasons, and nothing that was sent. */
export async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureFor(error);
  }
}

function failureFor(error: unknown): Failure {
  if (error instanceof Failure) return unasked(error);
  if (error instanceof oauth.AuthorizationResponseError)
    return new Failure("refused", `The identity provider did not let you in${named(error.error)}`);
  if (error instanceof oauth.ResponseBodyError) return refusedBy(error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === oauth.KEY_SELECTION)
    return wrong("it is signed with a key that the provider does not publish. If its keys are new, try in a minute");
  if (code === oauth.JWT_TIMESTAMP_CHECK)
    return wrong("it is not valid now. If that happens again, compare the clocks of both servers");
  const isKnown = error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError;
  // Their sentences name what is wrong; what was sent stands beside them, and must not get anywhere from there.
  return wrong(isKnown ? error.message.replaceAll('"response"', "the answer") : "it makes no sense");
}

function wrong(reason: string): Failure {
  return new Failure("unavailable", `The identity provider's answer cannot be believed: ${reason}`);
}

/** It was not asked, or did not answer. */
function unasked({ kind, message }: Failure): Failure {
  if (kind === "unauthorized" || kind === "too_many") return new Failure(kind, message);
  const reason = message.replace("SELKIE_ALLOW_PRIVATE_URLS", "SELKIE_OIDC_ALLOW_PRIVATE_URLS");
  const then = kind === "timeout" ? kind : "unavailable";
  return new Failure(then, `The identity provider cannot be asked: ${reason}`);
}

function refusedBy({ error }: oauth.ResponseBodyError): Failure {
  if (error === "invalid_grant")
    return new Failure("refused", "The identity provider no longer takes what it sent you with; sign in again");
  const hint =
    error === "invalid_client" ? "; SELKIE_OIDC_CLIENT_ID or SELKIE_OIDC_CLIENT_SECRET is not what it has" : "";
  return new Failure("unavailable", `The identity provider refused what this server asked${named(error)}${hint}`);
}

function named(error: string): string {
  return ERROR_NAME.test(error) ? ` (${error})` : "";
}

import {
  InsufficientScopeError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { type McpChallenge, McpUnauthorized } from "../../agent/mcp/mcp-failure.ts";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import { cut } from "../../core/text.ts";

/** Characters of what a server says of its own failure that are passed on. */
const REASON_CHARS_MAX = 500;
/** Causes of causes that are looked at. */
const CAUSES_MAX = 5;

/** What went wrong at a server, as a Failure that names it. */
export function failureOf(error: unknown, serverName: string): Failure {
  const server = `The MCP server '${serverName}'`;
  const challenge = challengeIn(error);
  if (challenge !== undefined) return new McpUnauthorized(serverName, challenge, { cause: error });
  const own = ownFailureIn(error);
  if (own !== undefined) return new Failure(own.kind, `${server}: ${own.message}`, { cause: error });
  if (isTimeout(error)) return new Failure("timeout", `${server} did not answer in time`, { cause: error });
  if (error instanceof ProtocolError)
    return new Failure("refused", `${server} refused: ${reasonOf(error)}`, { cause: error });
  return new Failure("unavailable", `${server} cannot be reached: ${reasonOf(error)}`, { cause: rootOf(error) });
}

/** A server's answer that it wants to know who asks, on its way through the SDK. */
export class Challenged extends Failure {
  readonly challenge: McpChallenge;

  constructor(challenge: McpChallenge) {
    super("refused", "Somebody has to sign in");
    this.challenge = challenge;
  }
}

/** What a server said of how to sign in; undefined where it did not ask for that. */
function challengeIn(error: unknown): McpChallenge | undefined {
  if (error instanceof InsufficientScopeError) {
    const { requiredScope: scope, resourceMetadataUrl: at } = error;
    return { ...(scope === undefined ? {} : { scope }), ...(at === undefined ? {} : { metadataUrl: at.href }) };
  }
  const own = ownFailureIn(error);
  if (own instanceof Challenged) return own.challenge;
  return isUnauthorized(error) ? {} : undefined;
}

/** Whether a server wants to know who asks. */
export function isUnauthorized(error: unknown): boolean {
  if (error instanceof UnauthorizedError || error instanceof InsufficientScopeError) return true;
  if (ownFailureIn(error) instanceof Challenged) return true;
  if (error instanceof SdkHttpError) return error.status === 401;
  return error instanceof Error && "code" in error && error.code === 401;
}

/** Whether nobody answered in the time that there was. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof Failure) return error.kind === "timeout";
  return error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;
}

/** What was never given to a server, as nobody was there to take it. */
export class NotSent extends Failure {}

/** How runtimes call it when nobody listens at an address. */
const REFUSED: ReadonlySet<unknown> = new Set(["ConnectionRefused", "ECONNREFUSED", "FailedToOpenSocket", "ENOTFOUND"]);

/**
 * Whether the server has certainly not made a call that failed so: nobody was there to take it. The same call may then be
 * made over a new connection.
 */
export function isUndelivered(error: unknown): boolean {
  if (error instanceof NotSent) return true;
  if (error instanceof SdkError) return error.code === SdkErrorCode.NotConnected;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && REFUSED.has(cause.code);
}

/** The status of what was refused over HTTP; undefined of everything else. */
export function refusedStatus(error: unknown): number | undefined {
  return error instanceof SdkHttpError ? error.status : undefined;
}

/** What one of ours said, however often it was wrapped on its way here. */
function ownFailureIn(error: unknown, depth = 0): Failure | undefined {
  if (error instanceof Failure) return error;
  const inner =
    error instanceof SdkError ? (error.cause ?? causeIn(error.data)) : error instanceof Error ? error.cause : undefined;
  return inner === undefined || depth === CAUSES_MAX ? undefined : ownFailureIn(inner, depth + 1);
}

function causeIn(data: unknown): unknown {
  return isRecord(data) ? data["cause"] : undefined;
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return cut(message.toWellFormed(), REASON_CHARS_MAX);
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } from "@modelcontextprotocol/client";
import { McpUnauthorized } from "../../agent/mcp/mcp-failure.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";

/** Characters of what a server says of its own failure that are passed on. */
const REASON_CHARS_MAX = 500;

/** What went wrong at a server, as a Failure that names it. */
export function failureOf(error: unknown, serverName: string): Failure {
  const server = `The MCP server '${serverName}'`;
  if (isUnauthorized(error)) return new McpUnauthorized(serverName, { cause: error });
  if (error instanceof Failure) return new Failure(error.kind, `${server}: ${error.message}`, { cause: error });
  if (isTimeout(error)) return new Failure("timeout", `${server} did not answer in time`, { cause: error });
  if (error instanceof ProtocolError)
    return new Failure("refused", `${server} refused: ${reasonOf(error)}`, { cause: error });
  return new Failure("unavailable", `${server} cannot be reached: ${reasonOf(error)}`, { cause: rootOf(error) });
}

/** Whether a server wants to know who asks. */
export function isUnauthorized(error: unknown): boolean {
  if (error instanceof UnauthorizedError) return true;
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
 * Whether the server has certainly not made a call that failed so: nobody was there, or it says that it knows no such
 * session. The same call may then be made over a new connection.
 */
export function isUndelivered(error: unknown): boolean {
  if (error instanceof NotSent) return true;
  if (error instanceof SdkHttpError)
    return error.status === 404 || (error.status === 400 && /session/i.test(error.message));
  if (error instanceof SdkError) return error.code === SdkErrorCode.NotConnected;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && REFUSED.has(cause.code);
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return cut(message.toWellFormed(), REASON_CHARS_MAX);
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

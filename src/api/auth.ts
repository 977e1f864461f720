import type { MiddlewareHandler } from "hono";
import { Failure } from "../core/failure.ts";
import { DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID, parseId } from "../core/id.ts";
import type { ApiEnv } from "./env.ts";

/** How the server decides whom to let in. */
export interface AuthOptions {
  /** What clients must send; without one, everybody who can reach the server may use it. */
  readonly apiKey: string | null;
  /** Whether requests must name this machine as their host: set when only it can reach the server. */
  readonly localOnly: boolean;
  /** Origins of web pages that may use the server, besides those on this machine. */
  readonly origins: readonly string[];
}

const OPEN_PATHS = /^\/(?:v1|latest)\/(?:health|ready)\/?$/;
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
const LOCAL_ORIGIN = /^https?:\/\/(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/** Whether a web page of this origin may use the server. */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  return LOCAL_ORIGIN.test(origin) || allowed.includes(origin);
}

/** Lets a request in, or answers before anything of its body is read. */
export function authenticate(options: AuthOptions): MiddlewareHandler<ApiEnv> {
  const isKey = options.apiKey === null ? undefined : keyCheck(options.apiKey);
  return async (c, next) => {
    if (!OPEN_PATHS.test(c.req.path)) {
      if (isKey === undefined)
        refuseStrangers(c.req.header("host") ?? new URL(c.req.url).host, c.req.header("origin"), options);
      else if (!isKey(c.req.header("authorization"), c.req.header("x-bare-password")))
        throw new Failure("unauthorized", "Unauthorized");
    }
    const userId = c.req.header("user_id");
    if (userId !== undefined && parseId("user", userId) === undefined)
      throw new Failure("refused", `The user_id header should look like user-<uuid4>, got '${userId.slice(0, 64)}'`);
    // There is one user; as in Letta, an unknown one acts as that one.
    c.set("actor", { organizationId: DEFAULT_ORGANIZATION_ID, userId: DEFAULT_USER_ID });
    await next();
  };
}

/**
 * Without a key, what protects the server is that only this machine reaches it. A web page anywhere could still make
 * a browser here send requests (by a name that resolves to 127.0.0.1, or a form); both are told by their headers.
 */
function refuseStrangers(host: string, origin: string | undefined, { localOnly, origins }: AuthOptions): void {
  if (localOnly && !LOCAL_HOST.test(host))
    throw new Failure(
      "forbidden",
      `The host '${host.slice(0, 100)}' is not this machine; use localhost, or set an API key`,
    );
  if (origin !== undefined && !isAllowedOrigin(origin, origins))
    throw new Failure("forbidden", `Web pages of '${origin.slice(0, 100)}' may not use this server without an API key`);
}

function keyCheck(apiKey: string): (authorization: string | undefined, barePassword: string | undefined) => boolean {
  const expected = new TextEncoder().encode(apiKey);
  return (authorization, barePassword) => {
    const bearer = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
    const bare = /^password +(.+)$/.exec(barePassword ?? "")?.[1];
    return (bearer !== undefined && isSame(bearer, expected)) || (bare !== undefined && isSame(bare, expected));
  };
}

/** Compares every byte, so that the time it takes does not tell how far a guess was right. */
function isSame(text: string, expected: Uint8Array): boolean {
  const given = new TextEncoder().encode(text);
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= (given[i] ?? 0) ^ (expected[i] ?? 0);
  return difference === 0;
}

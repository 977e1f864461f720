import type { HonoRequest, MiddlewareHandler } from "hono";
import { callerOf } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { DEFAULT_ACTOR, parseId } from "../../core/id.ts";
import type { ApiEnv } from "./env.ts";

/** How the server decides whom to let in. */
export interface AuthOptions {
  /** What clients must send; without one, everybody who can reach the server may use it. */
  readonly apiKey: string | null;
  /** Whether requests must name this machine as their host: set when only it can reach the server. */
  readonly localOnly: boolean;
  /** Origins of web pages of others that may use the server, in small letters; {@link LOCAL_PAGES} is all of this machine. */
  readonly origins: readonly string[];
}

/** What monitors and load balancers ask, which have no key. */
const OPEN_PATHS = /^\/(?:v1|latest)\/(?:health|ready)\/?$/;
/** What tells of the server what everybody may know, and the same to all. */
const SITE_PATHS = /^\/(?:docs|openapi\.json|favicon\.(?:ico|svg))?$/;
/** Names under which a program of this machine reaches it. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
/** Hosts that no foreign name server can make mean this machine. */
const FIXED_HOST = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d+)?$/i;
/** Web pages that come from this machine, whichever program serves them. */
const LOCAL_ORIGIN = /^https?:\/\/(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
/** Stands among origins for every page of this machine, whichever program serves it. */
export const LOCAL_PAGES = "local";

/** Whether a web page of this origin may read what the server answers; with a key, those of this machine may, too. */
export function isAllowedOrigin(origin: string, { apiKey, origins }: AuthOptions): boolean {
  const takesLocal = apiKey !== null || origins.includes(LOCAL_PAGES);
  const isListed = origin !== LOCAL_PAGES && origins.includes(origin.toLowerCase());
  return isListed || (takesLocal && LOCAL_ORIGIN.test(origin));
}

/** Lets a request in, or answers before anything of its body is read. */
export function authenticate(options: AuthOptions): MiddlewareHandler<ApiEnv> {
  const isKey = options.apiKey === null ? undefined : keyCheck(options.apiKey);
  return async (c, next) => {
    if (!OPEN_PATHS.test(c.req.path)) {
      if (isKey === undefined) refuseStrangers(c.req, options);
      else if (!isSite(c.req) && !isKey(c.req.header("authorization"), c.req.header("x-bare-password")))
        throw new Failure("unauthorized", "Unauthorized");
    }
    const userId = c.req.header("user_id");
    if (userId !== undefined && parseId("user", userId) === undefined)
      throw new Failure("refused", `The user_id header should look like user-<uuid4>, got '${userId.slice(0, 64)}'`);
    // There is one user; as in Letta, an unknown one acts as that one.
    c.set("caller", callerOf(DEFAULT_ACTOR, "owner", { proof: { kind: isKey === undefined ? "open" : "root" } }));
    await next();
  };
}

/** The name and port by which a client says that it reached this server. */
export function hostOf(request: HonoRequest): string {
  return request.header("host") ?? new URL(request.url).host;
}

function isSite({ method, path }: HonoRequest): boolean {
  return (method === "GET" || method === "HEAD") && SITE_PATHS.test(path);
}

/**
 * Without a key, what protects the server is that only this machine reaches it. A browser here reaches it on behalf of
 * any web page, by a name that resolves to 127.0.0.1, a form, or an image. So other names are refused, and requests of
 * pages that neither came from this server nor are listed, those that other programs of this machine serve included.
 */
function refuseStrangers(request: HonoRequest, options: AuthOptions): void {
  const host = hostOf(request);
  if (options.localOnly && !LOCAL_HOST.test(host))
    throw new Failure(
      "forbidden",
      `The host '${host.slice(0, 100)}' is not this machine; use localhost, or set an API key`,
    );
  const page = strangeOrigin(request, host, options);
  if (page !== undefined)
    throw new Failure(
      "forbidden",
      `Web pages of ${page} may not use this server without an API key; name their origin in SELKIE_ORIGINS, or set SELKIE_API_KEY`,
    );
}

/** Which web page makes its browser ask, where it may not; programs other than browsers say nothing of pages. */
function strangeOrigin(request: HonoRequest, host: string, options: AuthOptions): string | undefined {
  const origin = request.header("origin");
  if (origin !== undefined) {
    const isKnown = isAllowedOrigin(origin, options) || isOwnOrigin(origin.toLowerCase(), host.toLowerCase());
    return isKnown ? undefined : `'${origin.slice(0, 100)}'`;
  }
  // What needs no permission to be sent (an image, a script) comes without an origin.
  const site = request.header("sec-fetch-site");
  if (site === undefined || site === "same-origin" || site === "none") return undefined;
  const isFollowedLink = request.method === "GET" && request.header("sec-fetch-dest") === "document";
  return isFollowedLink ? undefined : "another origin";
}

/** Whether the page came from this server. */
function isOwnOrigin(origin: string, host: string): boolean {
  return FIXED_HOST.test(host) && (origin === `http://${host}` || origin === `https://${host}`);
}

/** A check of both headers in which Letta's clients send their key. */
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

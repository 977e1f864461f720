import type { Context, HonoRequest, MiddlewareHandler } from "hono";
import { type Caller, callerOf } from "../../access/may.ts";
import type { Door } from "../../agent/people/door.ts";
import type { LentKeys } from "../../agent/people/lent-keys.ts";
import { Failure } from "../../core/failure.ts";
import { DEFAULT_ACTOR, type Origin, parseId } from "../../core/id.ts";
import type { ApiEnv } from "./env.ts";

/** How the server decides whom to let in. */
export interface AuthOptions {
  readonly door: Door;
  readonly lentKeys: LentKeys;
  /** Whether requests must name this machine as their host while the door is open: set when only it can reach the server. */
  readonly localOnly: boolean;
  /** Origins of web pages of others that may use the server, in small letters; {@link LOCAL_PAGES} is all of this machine. */
  readonly origins: readonly string[];
}

/** What monitors and load balancers ask, which have no key. */
const OPEN_PATHS = /^\/(?:v1|latest)\/(?:health|ready)\/?$/;
/** What tells of the server what everybody may know, and the same to all. */
const SITE_PATHS = /^\/(?:docs|openapi\.json|favicon\.(?:ico|svg))?$/;
/** How the key of a tool begins. */
const LENT = /^Bearer +slt_/i;
/** Two headers of one name come as one. */
const TWICE = /, *Bearer /i;
/** Names under which a program of this machine reaches it. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
/** Hosts that no foreign name server can make mean this machine. */
const FIXED_HOST = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d+)?$/i;
/** Web pages that come from this machine, whichever program serves them. */
const LOCAL_ORIGIN = /^https?:\/\/(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
/** Stands among origins for every page of this machine, whichever program serves it. */
export const LOCAL_PAGES = "local";
/** Where a browser goes to sign in elsewhere, and where it comes back. */
const PROVIDER_PATHS = /^\/(?:v1|latest)\/(?:sessions\/oidc\/(?:start|callback)|tools\/mcp\/oauth\/callback)\/?$/;
/** Where a session begins: whoever comes has nothing to show yet. */
const SIGN_IN_PATH = /^\/(?:v1|latest)\/sessions\/?$/;
/** Whoever asks for what everybody may have. */
const ANYBODY = callerOf(DEFAULT_ACTOR, "viewer", { scopes: new Set(), proof: { kind: "open" } });
const OWNER = callerOf(DEFAULT_ACTOR, "owner", { proof: { kind: "open" } });
/** Characters of what a client calls its request that are kept. */
const REQUEST_ID_CHARS_MAX = 100;

/** Whether a web page of this origin may read what the server answers; once the door is closed, those of this machine may, too. */
export function isAllowedOrigin(origin: string, { door, origins }: AuthOptions): boolean {
  const takesLocal = !door.isOpen() || origins.includes(LOCAL_PAGES);
  const isListed = origin !== LOCAL_PAGES && origins.includes(origin.toLowerCase());
  return isListed || (takesLocal && LOCAL_ORIGIN.test(origin));
}

/** Lets a request in, or answers before anything of its body is read. */
export function authenticate(options: AuthOptions): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const caller = await callerFor(c, options);
    const userId = c.req.header("user_id");
    if (userId !== undefined && parseId("user", userId) === undefined)
      throw new Failure("refused", `The user_id header should look like user-<uuid4>, got '${userId.slice(0, 64)}'`);
    c.set("caller", { ...caller, origin: originOf(c, caller.proof.kind) });
    c.set("stillMay", () => stillMay(c, options, caller));
    await next();
  };
}

/** Whether who came may still what they were allowed then. */
async function stillMay(c: Context<ApiEnv>, { door, lentKeys }: AuthOptions, caller: Caller): Promise<boolean> {
  if (caller.proof.kind === "lent") return lentKeys.holderOf(credentialOf(c.req)) !== undefined;
  return door.stillAdmits(caller.proof.kind === "open" ? "" : credentialOf(c.req), caller);
}

/** Who asks. Throws an `unauthorized` Failure for who may not come in. */
function callerFor(c: Context<ApiEnv>, options: AuthOptions): Caller | Promise<Caller> {
  const { door, lentKeys } = options;
  if (OPEN_PATHS.test(c.req.path)) return ANYBODY;
  // Whoever shows a tool's key is that tool, where others need none too.
  const lent = LENT.test(c.req.header("authorization") ?? "") ? lentKeys.holderOf(credentialOf(c.req)) : undefined;
  if (door.isOpen()) {
    refuseStrangers(c.req, options);
    return lent ?? OWNER;
  }
  if (lent !== undefined) return lent;
  if (isSite(c.req) || (c.req.method === "GET" && PROVIDER_PATHS.test(c.req.path))) return ANYBODY;
  if (c.req.method === "POST" && SIGN_IN_PATH.test(c.req.path)) {
    // A page could use up the tries that everybody has.
    refusePages(c.req, options);
    return ANYBODY;
  }
  return door.admit(credentialOf(c.req), { address: () => addressOf(c), page: c.req.header("origin") });
}

/** The address that a request comes from; null where nobody listens. */
export function addressOf(c: Context<ApiEnv>): string | null {
  return c.env?.address?.() ?? null;
}

/** What is shown in the headers in which Letta's clients send their key; empty where there is nothing. */
function credentialOf(request: HonoRequest): string {
  const bearer = /^Bearer +(.+)$/i.exec(request.header("authorization") ?? "")?.[1];
  const bare = /^password +(.+)$/.exec(request.header("x-bare-password") ?? "")?.[1];
  if (bearer !== undefined && bare !== undefined && bearer !== bare)
    throw new Failure("refused", "Authorization and X-BARE-PASSWORD hold different keys; send one of them");
  if (bearer !== undefined && TWICE.test(bearer))
    throw new Failure("refused", "The request has two Authorization headers; send one of them");
  return bearer ?? bare ?? "";
}

/** How a request came, for the log of actions. It is kept as long as a run works, so it holds on to nothing else. */
export function originOf({ req, env }: Context<ApiEnv>, kind: string): Origin {
  const requestId = req.header("x-request-id")?.slice(0, REQUEST_ID_CHARS_MAX) ?? null;
  const address = env?.address;
  return { kind, requestId, address: () => address?.() ?? null };
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
  refusePages(request, options);
}

/** Refuses what a web page makes its browser ask that neither came from this server nor is listed. */
function refusePages(request: HonoRequest, options: AuthOptions): void {
  const page = strangeOrigin(request, hostOf(request), options);
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

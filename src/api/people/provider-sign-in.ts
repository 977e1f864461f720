import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { IdentityProvider } from "../../access/identity-provider.ts";
import type { RoleRule } from "../../access/role-map.ts";
import type { PeopleOptions } from "../../agent/people/people.ts";
import { signInFromProvider } from "../../agent/people/provider-sign-in.ts";
import { Failure } from "../../core/failure.ts";
import { originOf } from "../http/auth.ts";
import type { ApiEnv } from "../http/env.ts";
import { answerFailure } from "../http/errors.ts";
import { takes } from "../http/takes.ts";
import { preferredType } from "../site/accept.ts";
import { BROWSER_HEADERS } from "../site/layout.ts";
import { signInPage } from "../site/sign-in-page.ts";

/** How people sign in elsewhere. */
export interface SignInElsewhere {
  readonly provider: IdentityProvider;
  readonly rules: readonly RoleRule[];
  /** Where browsers reach this server, without a slash at its end. */
  readonly publicUrl: string;
}

/** What the routes are made of. */
export interface ProviderSignInOptions extends PeopleOptions {
  /** Null where everybody shows a key or a password. */
  readonly elsewhere: SignInElsewhere | null;
  readonly log: (message: string, error?: unknown) => void;
}

const PATH = "/v1/sessions/oidc";
/** How long a browser keeps what it must bring back. */
const COOKIE_SECONDS = 600;
/** What is told is for this browser, and now. */
const HEADERS = { ...BROWSER_HEADERS, "cache-control": "no-store" };

/**
 * Routes of `/sessions/oidc`, which a browser visits: to the provider, and back with a code for the page to begin a
 * session with. The cookie is no session. It binds what comes back to the browser that left, so that nobody can have
 * somebody else finish a sign-in, and is worth nothing without the code that the provider then sends to this server alone.
 */
export function providerSignInRoutes(options: ProviderSignInOptions): Hono<ApiEnv> {
  const { elsewhere, log } = options;
  const routes = new Hono<ApiEnv>();

  routes.use("/oidc/*", async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    await next();
  });

  routes.get(
    "/oidc/start",
    takes({ status: 302 }, (c) =>
      shown(c, options, async () => {
        const { provider, cookie } = required(elsewhere);
        const { url, secret } = await provider.leave();
        setCookie(c, cookie.name, secret, { ...cookie.attributes, maxAge: COOKIE_SECONDS });
        return c.redirect(url, 302);
      }),
    ),
  );

  routes.get(
    "/oidc/callback",
    takes({ status: 302 }, (c) =>
      shown(c, options, async () => {
        const { provider, cookie, rules, publicUrl } = required(elsewhere);
        const secret = getCookie(c, cookie.name);
        if (secret !== undefined) deleteCookie(c, cookie.name, cookie.attributes);
        const identified = await provider.arrive(secret, new URL(c.req.url).searchParams);
        const origin = originOf(c, "provider");
        const code = await signInFromProvider({ ...options, rules, log, origin }, identified);
        return c.redirect(`${publicUrl}/#sign-in=${code}`, 302);
      }),
    ),
  );

  return routes;
}

function required(elsewhere: SignInElsewhere | null) {
  if (elsewhere === null)
    throw new Failure("not_found", "This server has no identity provider to sign in by; SELKIE_OIDC_ISSUER names one");
  return { ...elsewhere, cookie: cookieFor(elsewhere.publicUrl) };
}

/** By https nobody else can set it, sites beside this one included; a name that says so goes to every path. */
function cookieFor(publicUrl: string) {
  const secure = publicUrl.startsWith("https:");
  const path = secure ? "/" : `${new URL(publicUrl).pathname.replace(/\/$/, "")}${PATH}`;
  const attributes = { path, secure, httpOnly: true, sameSite: "Lax" } as const;
  return { name: secure ? "__Host-selkie-sign-in" : "selkie-sign-in", attributes };
}

/** What `work` answers; what fails is a page for who asks for pages. */
async function shown(
  c: Context<ApiEnv>,
  { elsewhere, log }: ProviderSignInOptions,
  work: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.kind === "unavailable" || error.kind === "timeout") log(`Nobody could sign in: ${error.message}`);
    const answer = answerFailure(error, c, log);
    if (preferredType(c.req.header("accept")) !== "text/html") return answer;
    const again = elsewhere === null ? null : `${elsewhere.publicUrl}${PATH}/start`;
    const headers = new Headers(answer.headers);
    headers.set("content-type", "text/html; charset=utf-8");
    return new Response(String(await signInPage({ message: error.message, again })), {
      status: answer.status,
      headers,
    });
  }
}

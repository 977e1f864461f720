import { type Context, Hono } from "hono";
import type { Clock } from "../../core/clock.ts";
import type { JsonObject } from "../../core/json.ts";
import { once } from "../../core/once.ts";
import type { ApiEnv } from "../http/env.ts";
import { GAPS } from "../http/not-built.ts";
import { preferredType } from "./accept.ts";
import { addressOf } from "./address.ts";
import { docsPage } from "./docs-page.ts";
import { docsText } from "./docs-text.ts";
import { homePage } from "./home-page.ts";
import { BROWSER_HEADERS, type Html } from "./layout.ts";
import { groupsOf } from "./operations.ts";
import { type StateOptions, spanWords, stateOf } from "./state.ts";

/** Selkie's mark: a seal that looks out of the sea. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="15" fill="#0c4a52"/>
<path d="M15 64V33a17 17 0 0 1 34 0v31z" fill="#dfeceb"/>
<circle cx="25" cy="31" r="3.2" fill="#0a3238"/>
<circle cx="39" cy="31" r="3.2" fill="#0a3238"/>
<ellipse cx="32" cy="38.5" rx="4" ry="2.8" fill="#0a3238"/>
<path d="M0 48c8-5 13-5 21 0s14 5 22 0 13-5 21 0v1a15 15 0 0 1-15 15H15A15 15 0 0 1 0 49z" fill="#2a8f95"/>
</svg>
`;
/** How long a browser may keep the icon. */
const ICON_SECONDS = 86_400;

/** What the site is made of. */
export interface SiteOptions extends StateOptions {
  readonly clock: Clock;
  /** The server's own version. */
  readonly version: string;
  /** Whether a key is needed; that can become so at any time. */
  readonly needsKey: () => boolean;
  /** The OpenAPI document of the whole server. */
  readonly described: () => JsonObject;
}

/**
 * What a person is shown who opens the server in a browser: `/` and `/docs`, with their icon. Programs get Letta's
 * redirect at `/`, and at `/docs` a list in plain text, or the way to the OpenAPI document. Nothing here differs by who
 * asks, so it needs no key.
 */
export function siteRoutes(options: SiteOptions): Hono<ApiEnv> {
  const { clock, version, needsKey } = options;
  const startMs = clock.elapsedMs();
  const listed = once(() => ({ groups: groupsOf(options.described()), gaps: GAPS }));
  const docs = () => ({ ...listed(), needsKey: needsKey() });
  const routes = new Hono<ApiEnv>();

  routes.get("/", async (c) => {
    if (preferredType(c.req.header("accept")) !== "text/html") return redirect(c, "/docs");
    const state = await stateOf(options);
    const up = spanWords(clock.elapsedMs() - startMs);
    return page(c, homePage({ state, version, up, address: addressOf(c.req), needsKey: needsKey() }));
  });

  routes.get("/docs", (c) => {
    const type = preferredType(c.req.header("accept"));
    if (type === "application/json") return redirect(c, "/openapi.json");
    if (type === "text/html") return page(c, docsPage(docs()));
    return answer(c, docsText(docs()), "text/plain; charset=utf-8");
  });

  routes.get("/openapi.json", (c) => c.json(options.described()));
  routes.get("/favicon.svg", (c) => {
    c.header("cache-control", `public, max-age=${ICON_SECONDS}`);
    return answer(c, ICON, "image/svg+xml");
  });
  // Browsers ask for it wherever they are, and would be told of an error that is none.
  routes.get("/favicon.ico", (c) => c.body(null, 204, { "cache-control": `public, max-age=${ICON_SECONDS}` }));
  return routes;
}

async function page(c: Context, content: Html): Promise<Response> {
  return answer(c, String(await content), "text/html; charset=utf-8");
}

function redirect(c: Context, to: string): Response {
  varies(c);
  return c.redirect(to, 307);
}

function answer(c: Context, text: string, type: string): Response {
  varies(c);
  for (const [name, value] of Object.entries(BROWSER_HEADERS)) c.header(name, value);
  // Said here, so that HEAD tells the length, too.
  c.header("content-length", String(new TextEncoder().encode(text).length));
  return c.body(text, 200, { "content-type": type });
}

/** What is told depends on what was asked for, and is true only now. */
function varies(c: Context): void {
  c.header("vary", "Accept", { append: true });
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
}

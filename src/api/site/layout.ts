import { html, raw } from "hono/html";
import { STYLE, STYLE_SOURCE } from "./style.ts";

/** Text that is HTML already: what was put into it is escaped. */
export type Html = ReturnType<typeof html>;

/** What a page may load and do: its own style and icon, and nothing else. */
const POLICY = [
  "default-src 'none'",
  `style-src ${STYLE_SOURCE}`,
  "img-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Headers of everything that a browser is shown. */
export const BROWSER_HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** One page: what stands at its top and bottom is the same everywhere. */
export function layout(page: { readonly title: string; readonly description: string; readonly main: Html }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="description" content="${page.description}">
<title>${page.title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${raw(STYLE)}</style>
</head>
<body>
<header>
<a class="name" href="/"><img src="/favicon.svg" alt="" width="36" height="36">Selkie</a>
<nav aria-label="Pages"><ul>
<li><a href="/docs">API</a></li>
<li><a href="/openapi.json">OpenAPI</a></li>
<li><a href="/v1/health">Health</a></li>
</ul></nav>
</header>
<main>
${page.main}
</main>
<footer>
<p>Selkie is free software under the Apache-2.0 licence. Letta is a name of its owners; this project is not theirs.</p>
</footer>
</body>
</html>
`;
}

import { html } from "hono/html";
import type { Gap } from "../http/not-built.ts";
import { type Html, layout } from "./layout.ts";
import type { Operation, OperationGroup } from "./operations.ts";

/** What the page of the API lists. */
export interface Docs {
  readonly groups: readonly OperationGroup[];
  readonly gaps: readonly Gap[];
  readonly needsKey: boolean;
}

/** The operations of the API for a browser, by group, and what is missing. */
export function docsPage(docs: Docs): Html {
  const count = docs.groups.reduce((sum, group) => sum + group.operations.length, 0);
  return layout({
    title: "The API of Selkie",
    description: "Every operation of Selkie's REST API by group, and the parts of Letta's API that are not built yet.",
    main: html`<h1>The API</h1>
<p class="lead">${count} operations, as Letta's V1 server has them, and those of Selkie's own memory. The <a href="/openapi.json">OpenAPI document</a> says the same for programs.</p>
<p>Bodies and answers are JSON. Every path answers with and without a slash at its end, and under <code>/latest</code> as under <code>/v1</code>. ${keyWords(docs.needsKey)} Beside an operation stands the scope that a key must have for it.</p>
<nav aria-label="Groups"><ul class="index">
${docs.groups.map(({ name }) => html`<li><a href="#${name}">${name}</a></li>\n`)}<li><a href="#not-built">not built yet</a></li>
</ul></nav>
${docs.groups.map(groupSection)}
${gapsSection(docs.gaps)}`,
  });
}

function keyWords(needsKey: boolean): Html {
  return needsKey
    ? html`This server asks for its key, as <code>Authorization: Bearer …</code>; these pages and health alone are answered without it.`
    : html`This server asks for no key.`;
}

function groupSection({ name, operations }: OperationGroup): Html {
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${titleOf(name)}</h2>
<ul class="routes">
${operations.map(routeItem)}</ul>
</section>
`;
}

function routeItem({ method, path, summary, scope }: Operation): Html {
  const wanted = scope === "" ? "" : html` <span class="soft">${scope}</span>`;
  return html`<li><code><b>${method}</b></code> <code>${breakable(path)}</code> <p>${summary}${wanted}</p></li>\n`;
}

/** A path that may be broken before each of its parts, where a line is short. */
function breakable(path: string): Html {
  return html`${path.split("/").map((part, i) => (i === 0 ? part : html`<wbr>/${part}`))}`;
}

function titleOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");
}

function gapsSection(gaps: readonly Gap[]): Html {
  return html`<section aria-labelledby="not-built">
<h2 id="not-built">Not built yet</h2>
<p>Lists of these are empty. Everything else of them answers 404 or 501, and says what is missing, or why there is no place for it here.</p>
<ul class="missing">
${gaps.map(
  ({ missing, why, refused }) =>
    html`<li><p>${missing}${why === undefined ? "" : `: ${why}`}</p><p class="soft">${refused.map((route) => html`<code>${shownRoute(route)}</code> `)}</p></li>\n`,
)}</ul>
</section>`;
}

/** A route of the table as it is asked for: `POST /v1/agents/import`, `/v1/agents/{agent_id}/files/*`. */
export function shownRoute(route: string): string {
  return route.replace("/", "/v1/").replace(/:([a-z_]+)/g, "{$1}");
}

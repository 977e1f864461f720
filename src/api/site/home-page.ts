import { html } from "hono/html";
import { API_VERSION } from "../http/health.ts";
import { firstSteps } from "./first-steps.ts";
import { type Html, layout } from "./layout.ts";
import type { ServerState } from "./state.ts";

/** What the first page tells. Anybody may read it, with the key or without. */
export interface Home {
  readonly state: ServerState;
  readonly version: string;
  /** How long the server has been up, in words. */
  readonly up: string;
  readonly address: string;
  readonly needsKey: boolean;
}

/** The page that a browser is shown first. */
export function homePage(home: Home): Html {
  return layout({
    title: "Selkie",
    description: "Selkie is a server for agents that remember. It speaks the REST API of Letta's V1 server.",
    main: html`<h1>A server for agents that remember</h1>
<p class="lead">Selkie speaks the REST API of Letta's V1 server, so Letta's clients work with it unchanged.</p>
${stateBox(home)}
${stepsSection(home)}
${linksSection()}`,
  });
}

function stateBox({ state, version, up, address, needsKey }: Home): Html {
  return html`<section class="state${state.isWell ? "" : " ill"}" aria-label="How the server is">
<p>${state.words}</p>
<dl>
<div><dt>Up for</dt><dd>${up}</dd></div>
<div><dt>Version</dt><dd>${version}</dd></div>
<div><dt>Speaks Letta</dt><dd>${API_VERSION}</dd></div>
<div><dt>Key</dt><dd>${needsKey ? "needed" : "not needed"}</dd></div>
<div><dt>Address</dt><dd>${address}</dd></div>
</dl>
</section>`;
}

function stepsSection({ address, needsKey }: Home): Html {
  const steps = firstSteps(address, needsKey);
  const key = html` This server asks for its key: the lines take it from <code>SELKIE_API_KEY</code>.`;
  return html`<section aria-labelledby="first-steps">
<h2 id="first-steps">First steps</h2>
<p>Each of these makes an agent, tells it something, and asks for it.${needsKey ? key : ""}</p>
<div class="cards">
${card({ title: "curl", install: "", code: steps.curl, isWide: true })}
${card({ title: "Python", install: "pip install letta-client", code: steps.python, isWide: false })}
${card({ title: "TypeScript", install: "npm install @letta-ai/letta-client", code: steps.typescript, isWide: false })}
</div>
<p class="soft"><code>selkie/rehearsal</code> is a small set of rules inside the server, not a language model. It is there so that memory can be seen at work at once. For real conversations name a model of a provider: <code>GET /v1/models</code> lists them.</p>
</section>`;
}

interface Card {
  readonly title: string;
  /** The command that fetches what the code needs; empty when nothing is needed. */
  readonly install: string;
  readonly code: string;
  readonly isWide: boolean;
}

function card({ title, install, code, isWide }: Card): Html {
  // What scrolls must be reached by the keyboard, too.
  return html`<article class="card${isWide ? " wide" : ""}">
<h3>${title}${install === "" ? "" : html` <code>${install}</code>`}</h3>
<pre tabindex="0" role="region" aria-label="${title} lines"><code>${code.split("\n").map(codeLine)}</code></pre>
</article>`;
}

function codeLine(line: string): Html {
  const text = line.startsWith("#") ? html`<i>${line}</i>` : line;
  return html`${text}${"\n"}`;
}

function linksSection(): Html {
  return html`<section aria-labelledby="further">
<h2 id="further">Where to go on</h2>
<ul class="links">
<li><a href="/docs"><strong>The API</strong> Every operation by group, and what is not built yet</a></li>
<li><a href="/openapi.json"><strong>OpenAPI document</strong> The same for programs that make clients and forms of it</a></li>
<li><a href="/v1/health"><strong>Health</strong> What a monitor asks; no key needed</a></li>
</ul>
<p class="soft">In a terminal, <code>selkie chat</code> talks to an agent, <code>selkie doctor</code> says what is configured and whether the data is sound, and <code>selkie --help</code> lists the rest.</p>
</section>`;
}

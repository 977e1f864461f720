import { html } from "hono/html";
import { type Html, layout } from "./layout.ts";

/** What somebody sees who could not sign in: why, and where to try again. */
export function signInPage({ message, again }: { readonly message: string; readonly again: string | null }): Html {
  return layout({
    title: "Not signed in",
    description: "Signing in did not work.",
    main: html`<h1>You are not signed in</h1>
<p class="lead">${message}.</p>
${again === null ? "" : html`<p><a href="${again}">Sign in again</a></p>`}`,
  });
}

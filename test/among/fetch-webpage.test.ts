import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ServerOptions } from "../../src/app/compose.ts";
import { openDocuments } from "../../src/app/tools/documents.ts";
import { pdf } from "../files/_documents.ts";
import { type AmongWorld, calling, returnsOf, startAmong } from "./_world.ts";

// Pages are those of a web server of the test's own, at a private address.

/** A process for each document takes its time where the machine is busy. */
const TIMEOUT_MS = 120_000;
const HTML = "<title>T</title><script>alert(1)</script><h2>Plans</h2><p>We <b>sail</b> at dawn.</p>";

let asked: string[] = [];
let site: Bun.Server<undefined>;
let server: AmongWorld;

beforeEach(() => {
  asked = [];
  const typed = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    new Response(body, { headers: { "content-type": type } });
  const pages: Readonly<Record<string, () => Response>> = {
    "/page": () => typed(HTML, "text/html; charset=utf-8"),
    "/plain.html": () => typed(HTML, "text/plain"),
    "/feed": () => typed('{"a": 1}', "application/feed+json"),
    "/paper": () => typed(pdf("The first page."), "application/pdf"),
    "/paper.pdf": () => typed(pdf("The second page."), "application/octet-stream"),
    "/dot": () => typed("\x89PNG", "image/png"),
    "/bytes": () => typed(new Uint8Array(9), "application/x-thing"),
    "/moved": () => Response.redirect("/page"),
    "/inside": () => Response.redirect("file:///etc/passwd"),
    "/circle": () => Response.redirect("/circle"),
    "/large": () => typed("x".repeat(21 * 1024 * 1024), "text/plain"),
  };
  site = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      const { pathname } = new URL(url);
      asked.push(pathname);
      return pages[pathname]?.() ?? new Response("none", { status: 404 });
    },
  });
});

afterEach(async () => {
  await server.close();
  await site.stop(true);
});

async function start(extra: Partial<ServerOptions> = {}): Promise<void> {
  server = await startAmong({ readDocument: openDocuments("auto"), allowsPrivateUrls: true, ...extra });
}

/** What a model hears that fetches. */
async function fetched(url: string): Promise<readonly [string, string]> {
  const args = { url: url.startsWith("/") ? `http://127.0.0.1:${site.port}${url}` : url };
  const mind = ({ role }: { role: string }) => (role === "tool" ? { text: "Ended." } : calling("fetch_webpage", args));
  const ada = await server.make("Ada", mind, { tools: ["fetch_webpage"] });
  const [shown = ["", ""]] = returnsOf(await server.send(ada));
  return shown;
}

test(
  "a page is read as text: HTML and PDF by what reads documents, other text as it is",
  async () => {
    await start();
    const [status, page] = await fetched("/page");
    expect([status, page]).toEqual(["success", expect.stringContaining("## Plans\n\nWe sail at dawn.")]);
    expect(page).not.toContain("alert");
    expect(await fetched("/moved")).toEqual(["success", page]);
    expect(await fetched("/plain.html")).toEqual(["success", HTML]);
    expect(await fetched("/feed")).toEqual(["success", '{"a": 1}']);
    expect(await fetched("/paper")).toEqual(["success", "The first page."]);
    expect(await fetched("/paper.pdf")).toEqual(["success", "The second page."]);
  },
  TIMEOUT_MS,
);

test("what is no page is an error that says why", async () => {
  await start();
  for (const [url, words] of [
    ["/none", "answered with status 404"],
    ["/dot", "There is no text at this address: it is image/png"],
    ["/bytes", "is not text"],
    ["/inside", "must begin with http:// or https://"],
    ["/circle", "answered with status 302"],
    ["/large", "longer than"],
    ["file:///etc/passwd", "must begin with http:// or https://"],
    ["http://127.0.0.1:1/", "127.0.0.1"],
    ["nonsense", "must begin with http:// or https://"],
  ] as const)
    expect([url, ...(await fetched(url))]).toEqual([url, "error", expect.stringContaining(words)]);
  expect(asked.filter((path) => path === "/circle")).toHaveLength(11);
});

test("a private address is refused unless it is allowed, and nothing is sent to it", async () => {
  await start({ allowsPrivateUrls: false });
  expect(await fetched("/page")).toEqual(["error", expect.stringContaining("SELKIE_ALLOW_PRIVATE_URLS")]);
  expect(asked).toEqual([]);
});

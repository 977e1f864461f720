import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ServerOptions } from "../../src/app/compose.ts";
import { realWorld } from "../../src/app/world.ts";
import { parseJson } from "../../src/core/json.ts";
import type { Answer } from "../_harness/server.ts";
import { type AmongWorld, calling, returnsOf, startAmong } from "./_world.ts";

// Each search service is a server of the test's own that speaks its protocol; requests for its host are brought there.

/** A public address that every host has here. */
const ADDRESS = "93.184.216.34";

let asked: { readonly host: string; readonly url: URL; readonly headers: Headers; readonly body: Answer }[] = [];
let answer: () => Response | Promise<Response> = () => new Response("no", { status: 500 });
let service: Bun.Server<undefined>;
let server: AmongWorld;

beforeEach(() => {
  asked = [];
  service = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const host = request.headers.get("x-test-host") ?? "";
      const text = await request.text();
      asked.push({ host, url: new URL(request.url), headers: request.headers, body: parseJson(text) });
      return answer();
    },
  });
});

afterEach(async () => {
  await server.close();
  await service.stop(true);
});

async function start(web: ServerOptions["web"]): Promise<void> {
  const world = realWorld();
  const fetch: typeof world.fetch = (input, init) => {
    const url = new URL(String(input));
    if (url.hostname !== ADDRESS) return world.fetch(input, init);
    const headers = new Headers(init?.headers);
    headers.set("x-test-host", headers.get("host") ?? "");
    headers.delete("host");
    return world.fetch(`http://127.0.0.1:${service.port}${url.pathname}${url.search}`, { ...init, headers });
  };
  const resolveHost = async () => [ADDRESS];
  server = await startAmong({ world: { ...world, fetch }, resolveHost, ...(web === undefined ? {} : { web }) });
}

/** What a model hears that searches. */
async function searched(args: object): Promise<Answer> {
  const mind = ({ role }: { role: string }) => (role === "tool" ? { text: "Ended." } : calling("web_search", args));
  const ada = await server.make("Ada", mind, { tools: ["web_search"] });
  const [[status, text] = []] = returnsOf(await server.send(ada));
  expect(status).toBe("success");
  return parseJson(text ?? "");
}

const ALL = {
  query: "selkies",
  num_results: 200,
  category: "news",
  include_domains: ["a.example"],
  exclude_domains: ["b.example"],
  start_published_date: "2026-01-02T00:00:00Z",
  user_location: "PT",
};

test("Exa is asked by its key for what matters of each page, or for whole pages", async () => {
  await start({ keys: { EXA_API_KEY: "exa-key", TAVILY_API_KEY: "other" }, searxngUrl: null });
  answer = () =>
    Response.json({
      results: [
        {
          title: "T",
          url: "https://a.example/1",
          publishedDate: "2026-02-03",
          author: "A",
          highlights: ["h"],
          summary: "s",
        },
        { url: 7 },
      ],
    });
  const hit = { title: "T", url: "https://a.example/1", published_date: "2026-02-03", author: "A" };
  expect(await searched(ALL)).toEqual({ query: "selkies", results: [{ ...hit, highlights: ["h"], summary: "s" }] });
  expect([asked[0]?.host, asked[0]?.url.pathname, asked[0]?.headers.get("x-api-key")]).toEqual([
    "api.exa.ai",
    "/search",
    "exa-key",
  ]);
  expect(asked[0]?.body).toMatchObject({ query: "selkies", numResults: 100, category: "news", userLocation: "PT" });
  expect(asked[0]?.body).toMatchObject({ includeDomains: ["a.example"], startPublishedDate: "2026-01-02T00:00:00Z" });
  expect(asked[0]?.body.contents.text).toBeUndefined();
  await searched({ query: "selkies", include_text: true });
  expect(asked[1]?.body.contents.text).toBe(true);
  expect(asked[1]?.body.numResults).toBe(10);
});

test("Tavily is asked for its topics by the day, and says what it knows nothing of", async () => {
  await start({ keys: { TAVILY_API_KEY: "tvly-key" }, searxngUrl: "http://127.0.0.1:1" });
  answer = () =>
    Response.json({
      results: [{ title: "T", url: "https://a.example/1", content: "c", raw_content: "all", score: 1 }],
    });
  const hit = { title: "T", url: "https://a.example/1", published_date: null, author: null };
  expect(await searched(ALL)).toEqual({
    query: "selkies",
    ignored: ["user_location"],
    results: [{ ...hit, highlights: ["c"] }],
  });
  expect([asked[0]?.host, asked[0]?.headers.get("authorization")]).toEqual(["api.tavily.com", "Bearer tvly-key"]);
  expect(asked[0]?.body).toMatchObject({ topic: "news", max_results: 20, start_date: "2026-01-02" });
  expect((await searched({ query: "q", include_text: true })).results).toEqual([
    { ...hit, text: "all", highlights: ["c"] },
  ]);
});

test("Brave is asked in its own words for domains and dates", async () => {
  await start({ keys: { BRAVE_API_KEY: "brave-key" }, searxngUrl: null });
  const result = {
    title: "T",
    url: "https://a.example/1",
    description: "d",
    page_age: "2026-02-03",
    extra_snippets: ["e"],
  };
  answer = () => Response.json({ web: { results: [result] } });
  expect(await searched(ALL)).toEqual({
    query: "selkies",
    ignored: ["category"],
    results: [
      { title: "T", url: "https://a.example/1", published_date: "2026-02-03", author: null, highlights: ["d", "e"] },
    ],
  });
  const query = asked[0]?.url.searchParams;
  expect([asked[0]?.host, asked[0]?.headers.get("x-subscription-token")]).toEqual([
    "api.search.brave.com",
    "brave-key",
  ]);
  expect([query?.get("q"), query?.get("count"), query?.get("country")]).toEqual([
    "selkies (site:a.example) -site:b.example",
    "20",
    "PT",
  ]);
  expect(query?.get("freshness")).toMatch(/^2026-01-02to\d{4}-\d\d-\d\d$/);
});

test("a SearXNG of the server's owner is asked where there is no key, wherever it is", async () => {
  await start({ keys: { EXA_API_KEY: "" }, searxngUrl: `http://127.0.0.1:${service.port}/sub` });
  answer = () =>
    Response.json({
      results: Array.from({ length: 30 }, (_, i) => ({ title: "T", url: `https://a/${i}`, content: "c" })),
    });
  const found = await searched({ query: "q", num_results: 3, user_location: "PT" });
  expect([found.ignored, found.results.length]).toEqual([["user_location"], 3]);
  expect([asked[0]?.url.pathname, asked[0]?.url.searchParams.get("format")]).toEqual(["/sub/search", "json"]);
});

test("a search that fails is told in JSON, without the key", async () => {
  await start({ keys: { EXA_API_KEY: "exa-key" }, searxngUrl: null });
  for (const [given, words] of [
    [() => new Response("bad key exa-key", { status: 401 }), "Exa answered with status 401: bad key [key]"],
    [() => new Response("<html>"), "Exa answered with no JSON"],
    [() => new Response("x".repeat(9 * 1024 * 1024)), "longer than"],
    [() => Response.redirect("http://127.0.0.1:9/"), "status 302"],
  ] as const) {
    answer = given;
    expect(await searched({ query: "q" })).toEqual({ query: "q", error: expect.stringContaining(words) });
  }
});

test("without any service the model hears what to set", async () => {
  await start(undefined);
  expect((await searched({ query: "q" })).error).toContain("EXA_API_KEY, TAVILY_API_KEY, BRAVE_API_KEY");
});

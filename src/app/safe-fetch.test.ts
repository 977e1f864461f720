import { afterAll, beforeAll, expect, test } from "bun:test";
import type { FetchOutside, OutsideRequest } from "../core/outside.ts";
import { createSafeFetch } from "./safe-fetch.ts";
import { realWorld } from "./world.ts";

const GET: OutsideRequest = { method: "GET", timeoutMs: 2_000, bytesMax: 1_000, redirectsMax: 3 };

let http: ReturnType<typeof startHttp>;

function startHttp() {
  const seen: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 30,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      seen.push(`${request.method} ${request.headers.get("host")}${pathname}`);
      if (pathname === "/to") return Response.redirect(new URL(request.url).searchParams.get("url") ?? "", 302);
      if (pathname === "/loop") return new Response(null, { status: 302, headers: { location: "/loop" } });
      if (pathname === "/long") return new Response("x".repeat(5_000));
      if (pathname === "/slow") {
        const body = new ReadableStream({
          async start(controller) {
            controller.enqueue("a");
            await Bun.sleep(1_000);
            controller.close();
          },
        });
        return new Response(body);
      }
      return new Response(`hello ${await request.text()}`, { headers: { "content-type": "Text/Plain; charset=x" } });
    },
  });
  return { seen, port: server.port, url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

beforeAll(() => {
  http = startHttp();
});

afterAll(() => http.stop());

function fetcher({ allowsPrivate = false, hosts = {} as Record<string, readonly string[]> } = {}): FetchOutside {
  const { fetch, clock } = realWorld();
  return createSafeFetch({
    fetch,
    clock,
    allowsPrivate,
    resolveHost: async (host) => {
      const found = hosts[host];
      if (found === undefined) throw new Error(`no such host: ${host}`);
      return found;
    },
  });
}

test("createSafeFetch() refuses what is not public, however it is written", async () => {
  const fetchOutside = fetcher();
  const hosts = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
  ];
  const more = ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "metadata.google.internal", "0.0.0.0", "localhost."];
  for (const host of [...hosts, ...more]) {
    const url = `http://${host}:${http.port}/`;
    await expect(fetchOutside(url, GET)).rejects.toThrow(/not on the public internet/);
  }
  for (const url of ["ftp://example.com/", "file:///etc/passwd", "nonsense", "http://me:secret@example.com/"])
    await expect(fetchOutside(url, GET)).rejects.toThrow(/The URL/);
  expect(http.seen).toEqual([]);
});

test("createSafeFetch() refuses a name of which one address is inside", async () => {
  const fetchOutside = fetcher({ hosts: { "evil.example": ["8.8.8.8", "127.0.0.1"] } });
  await expect(fetchOutside(`http://evil.example:${http.port}/`, GET)).rejects.toThrow(/not on the public internet/);
});

test("createSafeFetch() connects to the address that was checked, under the name that was asked for", async () => {
  const fetchOutside = fetcher({ allowsPrivate: true, hosts: { "hook.example": ["127.0.0.1"] } });
  const answer = await fetchOutside(`http://hook.example:${http.port}/x`, { ...GET, method: "POST", body: "you" });
  expect(new TextDecoder().decode(answer.body)).toBe("hello you");
  expect(answer).toMatchObject({ status: 200, mediaType: "text/plain" });
  expect(http.seen.at(-1)).toBe(`POST hook.example:${http.port}/x`);
});

test("createSafeFetch() checks every redirect, and follows only so many", async () => {
  const { fetch, clock } = realWorld();
  // The first hop is let through by a fetch that leads every address to the test's own server.
  const fetchOutside = createSafeFetch({
    clock,
    allowsPrivate: false,
    resolveHost: async () => ["8.8.8.8"],
    fetch: (input, init) => fetch(String(input).replace("8.8.8.8", `127.0.0.1:${http.port}`), init),
  });
  for (const target of ["http://127.0.0.1/", "http://[::ffff:169.254.169.254]/", "http://2130706433/", "file:///etc"])
    await expect(fetchOutside(`http://hop.example/to?url=${encodeURIComponent(target)}`, GET)).rejects.toThrow(
      /not on the public internet|must begin with http/,
    );
  const before = http.seen.length;
  expect((await fetchOutside("http://hop.example/loop", GET)).status).toBe(302);
  expect(http.seen.length - before).toBe(4);
});

test("createSafeFetch() bounds the size and the time", async () => {
  const fetchOutside = fetcher({ allowsPrivate: true });
  await expect(fetchOutside(`${http.url}/long`, GET)).rejects.toThrow(/longer than 1000 bytes/);
  const startedMs = performance.now();
  await expect(fetchOutside(`${http.url}/slow`, { ...GET, timeoutMs: 100 })).rejects.toThrow(/No answer within 0.1 s/);
  expect(performance.now() - startedMs).toBeLessThan(900);
  await expect(fetcher().call(null, "http://nowhere.example/", GET)).rejects.toThrow(/cannot be looked up/);
});

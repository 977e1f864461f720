import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { AddressCheck } from "../../core/checked-address.ts";
import { grantOf, readNetworkPolicy } from "./grant.ts";
import { createHostFetch, type HostAnswer } from "./host-fetch.ts";

let web: ReturnType<typeof startWeb>;

function startWeb() {
  const seen: { readonly line: string; readonly headers: Headers; readonly body: string }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      seen.push({ line: `${request.method} ${pathname}`, headers: request.headers, body: await request.text() });
      const status = Number(searchParams.get("status") ?? 302);
      if (pathname === "/to")
        return new Response(null, { status, headers: { location: searchParams.get("url") ?? "" } });
      if (pathname === "/bomb")
        return new Response(gzipSync(Buffer.alloc(20_000_000)), { headers: { "content-encoding": "gzip" } });
      return new Response("hello", {
        headers: [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      });
    },
  });
  return { seen, port: server.port, stop: () => server.stop(true) };
}

beforeAll(() => {
  web = startWeb();
});
beforeEach(() => {
  web.seen.length = 0;
});
afterAll(() => web.stop());

interface Asking {
  readonly policy?: string;
  readonly check?: Partial<AddressCheck>;
  readonly fetch?: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

function asked(
  request: unknown,
  { policy = "public", check = {}, fetch = globalThis.fetch }: Asking = {},
): Promise<HostAnswer> {
  const grant = grantOf(readNetworkPolicy(policy), { name: "t", metadata: {} });
  if (grant === null) throw new Error("no grant");
  const whole = { resolveHost: async () => ["127.0.0.1"], allowsPrivate: false, ...check };
  return createHostFetch({ fetch, check: whole })({ grant, request, signal: new AbortController().signal });
}

const allowed = () => ({ policy: `*.inner.example:${web.port}`, check: { allowsPrivate: true } });
const textOf = ({ body }: HostAnswer) => Buffer.from(body, "base64").toString();

test("a host that is granted is reached under its name, with what the tool sends", async () => {
  const url = `http://a.inner.example:${web.port}/x`;
  const headers = [
    ["X-Mine", "1"],
    ["Host", "evil.example"],
    ["Proxy-Authorization", "x"],
    ["Transfer-Encoding", "chunked"],
  ];
  const answer = await asked({ url, method: "POST", headers, body: Buffer.from("you").toString("base64") }, allowed());
  expect([textOf(answer), answer.status, answer.url, answer.redirected]).toEqual(["hello", 200, url, false]);
  expect(answer.headers.filter(([name]) => name === "set-cookie").map(([, value]) => value)).toEqual(["a=1", "b=2"]);
  const [got] = web.seen;
  expect([got?.line, got?.body, got?.headers.get("x-mine")]).toEqual(["POST /x", "you", "1"]);
  expect(got?.headers.get("host")).toBe(`a.inner.example:${web.port}`);
  expect(got?.headers.has("proxy-authorization")).toBe(false);
});

test("what the proxy refuses is refused here, on every hop", async () => {
  const { port } = web;
  for (const host of [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0177.1",
    "0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "a.example",
  ])
    await expect(asked({ url: `http://${host}:${port}/` })).rejects.toThrow(/not on the public internet/);
  await expect(asked({ url: "http://169.254.169.254/" })).rejects.toThrow(/not on the public internet/);
  await expect(asked({ url: "http://a.example/" }, { policy: "b.example" })).rejects.toThrow(
    /may not reach a\.example:80/,
  );
  for (const url of ["file:///etc/passwd", "gopher://a/", "http://me@a.example/", "nonsense"])
    await expect(asked({ url })).rejects.toThrow(/The URL must/);
  expect(web.seen).toEqual([]);

  const targets = ["http://127.0.0.1/", "http://[::ffff:169.254.169.254]/", "http://2130706433/", "file:///etc/passwd"];
  for (const target of targets) {
    const url = `http://a.inner.example:${port}/to?url=${encodeURIComponent(target)}`;
    await expect(asked({ url }, allowed())).rejects.toThrow(/may not reach|The URL must/);
  }
  // A public host that redirects inside: the first hop is led to the test's own server.
  const led: Asking["fetch"] = (input, init) =>
    fetch(String(input).replace("93.184.215.14", `127.0.0.1:${port}`), init);
  const check = { resolveHost: async () => ["93.184.215.14"] };
  const url = `http://hop.example/to?url=${encodeURIComponent("http://127.0.0.1/")}`;
  await expect(asked({ url }, { check, fetch: led })).rejects.toThrow(/not on the public internet/);
});

test("redirects are followed as browsers do it", async () => {
  const start = (query: string) => `http://a.inner.example:${web.port}/to?${query}`;
  const to = encodeURIComponent(`http://b.inner.example:${web.port}/end`);
  const headers = [
    ["authorization", "secret"],
    ["content-type", "text/plain"],
    ["x-mine", "1"],
  ];
  const body = Buffer.from("you").toString("base64");
  const answer = await asked({ url: start(`url=${to}`), method: "POST", headers, body }, allowed());
  expect([answer.redirected, answer.url]).toEqual([true, `http://b.inner.example:${web.port}/end`]);
  const last = web.seen.at(-1);
  expect([last?.line, last?.body]).toEqual(["GET /end", ""]);
  expect(["authorization", "content-type", "x-mine"].map((name) => last?.headers.has(name))).toEqual([
    false,
    false,
    true,
  ]);
  await asked({ url: start("url=/end&status=307"), method: "POST", headers, body }, allowed());
  expect([web.seen.at(-1)?.line, web.seen.at(-1)?.body]).toEqual(["POST /end", "you"]);
  expect(web.seen.at(-1)?.headers.get("authorization")).toBe("secret");
  const manual = await asked({ url: start(`url=${to}`), redirect: "manual" }, allowed());
  expect(manual.status).toBe(302);
  await expect(asked({ url: start(`url=${to}`), redirect: "error" }, allowed())).rejects.toThrow(/redirects/);
  await expect(asked({ url: start(`url=${encodeURIComponent(start(""))}`) }, allowed())).rejects.toThrow(
    /More than 10 redirects/,
  );
  const loop = "/to?url=".concat(encodeURIComponent("/to?url=/end"));
  expect((await asked({ url: `http://a.inner.example:${web.port}${loop}` }, allowed())).status).toBe(200);
});

test("an answer that swells when it is unpacked, and a request without sense, are refused", async () => {
  await expect(asked({ url: `http://a.inner.example:${web.port}/bomb` }, allowed())).rejects.toThrow(/is longer than/);
  for (const request of [null, {}, { url: 1 }, { url: "http://a/", method: "GET /" }, { url: "http://a/", more: 1 }])
    await expect(asked(request, allowed())).rejects.toThrow(/makes no sense/);
});

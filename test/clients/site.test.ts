import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { GAPS } from "../../src/api/http/not-built.ts";
import { SUMMARIES } from "../../src/api/http/summaries.ts";
import { VERSION } from "../../src/app/version.ts";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { type Answer, startTestServer } from "../_harness/server.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const KEY = "s3cr3t-key";
const REPOSITORY = join(import.meta.dir, "../..");

let open: HttpServer;
let locked: HttpServer;

beforeAll(async () => {
  [open, locked] = await Promise.all([startHttpServer(), startHttpServer({ SELKIE_API_KEY: KEY })]);
});

afterAll(() => Promise.all([open.close(), locked.close()]));

/** What a client gets that accepts this, without following anything. */
function get(server: HttpServer, path: string, accept?: string, headers: Record<string, string> = {}) {
  const accepted = accept === undefined ? {} : { accept };
  return fetch(server.url + path, { redirect: "manual", headers: { ...accepted, ...headers } });
}

async function pageOf(server: HttpServer, path = "/", headers: Record<string, string> = {}): Promise<string> {
  const response = await get(server, path, BROWSER, headers);
  expect([path, response.status, response.headers.get("content-type")]).toEqual([
    path,
    200,
    "text/html; charset=utf-8",
  ]);
  return response.text();
}

/** The text of a piece of a page, as a reader sees it. */
function textOf(html: string): string {
  const plain = html.replace(/<[^>]*>/g, "");
  return plain.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}

/** The lines to copy: curl, Python, TypeScript. */
function linesOf(page: string): readonly string[] {
  return [...page.matchAll(/<pre[^>]*>(.*?)<\/pre>/gs)].map(([, lines = ""]) => textOf(lines));
}

/** A page without what changes from one minute to the next. */
function still(page: string): string {
  return page.replace(/<dt>Up for<\/dt><dd>[^<]*<\/dd>/, "");
}

describe("what is told to whom", () => {
  test("`/` is a page for browsers, and for programs Letta's redirect", async () => {
    for (const server of [open, locked]) {
      for (const accept of [undefined, "*/*", "application/json", "application/json, */*", "text/html;q=0"]) {
        const response = await get(server, "/", accept);
        const told = [accept, response.status, response.headers.get("location"), await response.text()];
        expect(told).toEqual([accept, 307, "/docs", ""]);
        expect(response.headers.get("vary")).toContain("Accept");
      }
      expect(await pageOf(server)).toStartWith('<!doctype html>\n<html lang="en">');
    }
  });

  test("`/docs` is a page for browsers, a list for terminals, and the way to the document for programs", async () => {
    for (const path of ["/docs", "/docs/"]) {
      const text = await get(locked, path, "*/*");
      expect([text.status, text.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
      expect(await text.text()).toMatch(/^ {2}POST {3}\/v1\/agents +Makes an agent$/m);
      const json = await get(locked, path, "application/json");
      expect([json.status, json.headers.get("location")]).toEqual([307, "/openapi.json"]);
      expect(await pageOf(locked, path)).toContain("<title>The API of Selkie</title>");
    }
    const followed = await fetch(`${locked.url}/`, { headers: { accept: "application/json" } });
    expect(((await followed.json()) as Answer).openapi).toBe("3.1.0");
  });

  test("only reading is possible, and other methods say so", async () => {
    for (const path of ["/", "/docs", "/favicon.svg", "/openapi.json"]) {
      expect([path, (await open.call("POST", path, {})).status]).toEqual([path, 405]);
      expect([path, (await locked.call("POST", path, {})).status]).toEqual([path, 401]);
    }
  });

  test("HEAD tells the same headers, and nothing else", async () => {
    for (const path of ["/", "/docs", "/favicon.svg"])
      for (const accept of [BROWSER, "*/*"]) {
        const request = (method: string) =>
          open.raw(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`);
        const [head = "", nothing] = (await request("HEAD")).split("\r\n\r\n");
        const [whole = "", body] = (await request("GET")).split("\r\n\r\n");
        const named = (headers: string) =>
          headers
            .split("\r\n")
            .map((line) => line.replace(/^[^:]+:/, (name) => name.toLowerCase()))
            .filter((line) => !/^(?:date|connection):/.test(line))
            .toSorted();
        expect([path, accept, nothing, named(head)]).toEqual([path, accept, "", named(whole)]);
        expect(Number(/content-length: (\d+)/i.exec(whole)?.[1])).toBe(body?.length ?? 0);
      }
  });
});

describe("the page", () => {
  test("lets a browser load its own style and icon, and nothing else", async () => {
    for (const path of ["/", "/docs"]) {
      const response = await get(open, path, BROWSER);
      const page = await response.text();
      const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
      const hash = new Bun.CryptoHasher("sha256").update(style).digest("base64");
      expect(response.headers.get("content-security-policy")).toBe(
        `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      );
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      expect(response.headers.get("cache-control")).toBe("no-store");
      // No script, no second style, nothing from elsewhere.
      expect(page.match(/<script|<style|style=|\son\w+=|http-equiv|src="http|href="http/g)).toEqual(["<style"]);
      for (const part of [
        'name="viewport"',
        'name="description" content="',
        "<title>",
        "<main>",
        "prefers-color-scheme",
      ])
        expect([path, page.includes(part)]).toEqual([path, true]);
    }
  });

  test("says how the server is, its versions and its address", async () => {
    const text = textOf(await pageOf(open));
    expect(text).toContain("All is well");
    expect(text).toContain("Up forless than a minute");
    expect(text).toContain(`Version${VERSION}`);
    expect(text).toContain("Keynot needed");
    expect(text).toContain(`Address${open.url}`);
  });

  test("says that the data cannot be read, once they cannot", async () => {
    const logged: unknown[] = [];
    const server = await startTestServer({ log: (message, error) => logged.push([message, error]) });
    const state = async () => {
      const response = await server.server.api.request("http://localhost/", { headers: { accept: BROWSER } });
      return /<section class="(state[^"]*)".*?<p>(.*?)<\/p>/s.exec(await response.text())?.slice(1);
    };
    expect(await state()).toEqual(["state", "All is well"]);
    await server.database.writer.execute("alter table runs rename to lost", []);
    expect(await state()).toEqual(["state ill", "Its data cannot be read"]);
    expect(logged).toEqual([["The data cannot be read", expect.any(Error)]]);
    await server.close();
  });

  test("has only links that lead somewhere, with a key and without", async () => {
    for (const server of [open, locked])
      for (const path of ["/", "/docs"]) {
        const page = await pageOf(server, path);
        const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link = ""]) => link);
        expect(links).toEqual(expect.arrayContaining(["/", "/docs", "/openapi.json", "/v1/health", "/favicon.svg"]));
        for (const link of new Set(links)) {
          const isThere = link.startsWith("#")
            ? page.includes(` id="${link.slice(1)}"`)
            : (await get(server, link, BROWSER)).status === 200;
          expect([path, link, isThere]).toEqual([path, link, true]);
        }
      }
  });

  test("is the same with the key, with a wrong one and without, and tells nothing that needs it", async () => {
    const authorization = `Bearer ${KEY}`;
    const before = { home: still(await pageOf(locked)), docs: await pageOf(locked, "/docs") };
    const draft = { name: "secret-otter", model: "openai/gpt-4o-mini" };
    expect((await locked.call("POST", "/v1/agents", draft, { authorization })).status).toBe(200);
    for (const headers of [{}, { authorization }, { authorization: "Bearer wrong" }] as Record<string, string>[]) {
      expect(still(await pageOf(locked, "/", headers))).toBe(before.home);
      expect(await pageOf(locked, "/docs", headers)).toBe(before.docs);
    }
    for (const page of [before.home, before.docs])
      for (const secret of [KEY, "otter", "openai/", "selkie.db", "/tmp", process.execPath])
        expect([secret, page.includes(secret)]).toEqual([secret, false]);
  });

  test("shows an icon, and is quiet about the one that browsers ask for by themselves", async () => {
    const icon = await get(locked, "/favicon.svg");
    expect([icon.status, icon.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
    expect(await icon.text()).toStartWith("<svg ");
    const old = await get(locked, "/favicon.ico");
    expect([old.status, await old.text()]).toEqual([204, ""]);
    for (const { headers } of [icon, old]) expect(headers.get("cache-control")).toBe("public, max-age=86400");
  });
});

describe("the address", () => {
  /** The address that the page tells whoever names the server so; undefined when it is not shown at all. */
  async function addressFor(host: string, more = ""): Promise<string | undefined> {
    const answer = await locked.raw(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\n${more}Connection: close\r\n\r\n`,
    );
    if (answer.startsWith("HTTP/1.1 400")) return undefined;
    expect(answer).toStartWith("HTTP/1.1 200");
    const shown = textOf(/<dt>Address<\/dt><dd>(.*?)<\/dd>/s.exec(answer)?.[1] ?? "");
    for (const lines of linesOf(answer)) expect(lines).toContain(`"${shown}`);
    return shown;
  }

  test("is the one by which the browser came", async () => {
    for (const host of [
      "selkie.example.org",
      "localhost:8283",
      "10.0.0.7:80",
      "[::1]:8283",
      "my_box",
      "xn--bcher-kva.de",
    ])
      expect(await addressFor(host)).toBe(`http://${host}`);
    expect(await addressFor("a.example", "X-Forwarded-Proto: https\r\n")).toBe("https://a.example");
    expect(await addressFor("a.example", "X-Forwarded-Proto: https, http\r\n")).toBe("https://a.example");
    for (const proto of ["http", "httpsx", "javascript", '"><script>', ""])
      expect(await addressFor("a.example", `X-Forwarded-Proto: ${proto}\r\n`)).toBe("http://a.example");
    expect(await addressFor("a.example", "X-Forwarded-Host: evil.example\r\n")).toBe("http://a.example");
  });

  test("is never one that a page or a shell would take for something else", async () => {
    const hostile = [
      '"><script>alert(1)</script>',
      "a<img src=x onerror=alert(1)>",
      'a" onload="x',
      "a'b",
      "a$(id)",
      "a`id`",
      "a;id",
      "a&b",
      "a\\b",
      "a|b",
      "a%22b",
      "a/b",
      "user@a",
      "-oProxy",
      "a:b",
      "a:1:2",
      "[::1",
      "b\u00fccher.de",
      "x".repeat(300),
      "",
    ];
    for (const host of hostile)
      expect([host, [undefined, "http://localhost:8283"].includes(await addressFor(host))]).toEqual([host, true]);
  });

  test("does not open a server without a key to names that mean it by accident", async () => {
    const rebound = await open.raw(
      "GET / HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
    );
    expect(rebound).toStartWith("HTTP/1.1 403");
    const image = await get(open, "/favicon.svg", "image/*", {
      "sec-fetch-site": "cross-site",
      "sec-fetch-dest": "image",
    });
    expect(image.status).toBe(403);
  });
});

describe("the lines to copy", () => {
  const SAID = "Your dog is called Rex.";

  async function ran(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
    const child = Bun.spawn([...command], {
      cwd: REPOSITORY,
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdout: "pipe",
      stderr: "inherit",
    });
    return child.stdout.text();
  }

  test.skipIf(Bun.which("curl") === null)("of curl do what they say, with a key and without", async () => {
    const [curl = ""] = linesOf(await pageOf(open));
    expect(curl).not.toContain("Authorization");
    expect(await ran(["sh", "-c", curl], {})).toContain(SAID);
    const [withKey = ""] = linesOf(await pageOf(locked));
    expect(withKey).toContain('-H "Authorization: Bearer $SELKIE_API_KEY"');
    expect(await ran(["sh", "-c", withKey], { SELKIE_API_KEY: KEY })).toContain(SAID);
    expect(await ran(["sh", "-c", withKey], {})).not.toContain(SAID);
  });

  test("of TypeScript do what they say, with a key and without", async () => {
    const [, , typescript = ""] = linesOf(await pageOf(open));
    expect(await ran([process.execPath, "-e", typescript], {})).toContain(SAID);
    const [, , withKey = ""] = linesOf(await pageOf(locked));
    expect(await ran([process.execPath, "-e", withKey], { SELKIE_API_KEY: KEY })).toContain(SAID);
  }, 20_000);

  test("of Python name the key only where one is needed", async () => {
    const [, python = ""] = linesOf(await pageOf(open));
    expect(python).toStartWith(`from letta_client import Letta\n\nletta = Letta(\n    base_url="${open.url}",\n)`);
    const [, withKey = ""] = linesOf(await pageOf(locked));
    expect(withKey).toStartWith("import os\nfrom letta_client import Letta\n");
    expect(withKey).toContain(`base_url="${locked.url}",\n    api_key=os.environ["SELKIE_API_KEY"],`);
  });
});

describe("the list of the API", () => {
  test("has every operation with what it does, in its group, and every part that is not built", async () => {
    const page = await pageOf(open, "/docs");
    const text = await (await get(open, "/docs")).text();
    const { paths } = (await open.call("GET", "/openapi.json")).body;
    const described = Object.entries<Answer>(paths).flatMap(([path, operations]) =>
      Object.entries<Answer>(operations).map(([method, { summary, tags, security }]) => {
        const scope = security[0]?.bearer[0];
        return { method: method.toUpperCase(), path, summary, tag: tags[0], wanted: scope ? ` ${scope}` : "" };
      }),
    );
    expect(page.split("<li><code><b>").length - 1).toBe(described.length);
    const sections = new Map(
      [...page.matchAll(/<section aria-labelledby="([^"]*)">(.*?)<\/section>/gs)].map(([, id, html = ""]) => [
        id,
        textOf(html),
      ]),
    );
    for (const { method, path, summary, tag, wanted } of described) {
      expect([method, path, typeof summary, tag]).toEqual([
        method,
        path,
        "string",
        expect.stringMatching(/^[_a-z-]+$/),
      ]);
      expect(sections.get(tag)).toContain(`${method} ${path} ${summary}${wanted}\n`);
      expect(text.split("\n").map((line) => line.replace(/ +/g, " "))).toContain(` ${method} ${path} ${summary}`);
    }
    for (const { missing } of GAPS) {
      expect(sections.get("not-built")).toContain(missing);
      expect(text).toContain(`\n  ${missing}\n`);
    }
    expect(sections.get("not-built")).toContain("A balance: nothing is sold here");
  });

  test("describes no route that is not there", () => {
    const routes = new Set(open.listening.server.api.routes.map(({ method, path }) => `${method} ${path}`));
    expect([...SUMMARIES.keys()].filter((route) => !routes.has(route))).toEqual([]);
  });
});

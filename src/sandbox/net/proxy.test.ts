import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressCheck } from "../../core/checked-address.ts";
import { type AskingTool, grantOf, readNetworkPolicy } from "./grant.ts";
import type { FindOwnServer } from "./own-server.ts";
import { type OpenProxy, openProxy, type ProxyLimits } from "./proxy.ts";

let folder: string;
let inner: Awaited<ReturnType<typeof startInner>>;
const closing: OpenProxy[] = [];

/** A server of this machine, which no tool may reach unless the owner named it. It writes down what it is sent. */
async function startInner() {
  const seen: string[] = [];
  let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello";
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      seen.push(String(bytes));
      if (answer !== "") socket.end(answer);
    });
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    seen,
    port,
    answers(text: string) {
      answer = text;
    },
    stop: () => server.close(),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "selkie-proxy-test-"));
  inner = await startInner();
});

afterEach(async () => {
  for (const proxy of closing.splice(0)) await proxy.close();
  inner.seen.length = 0;
  inner.answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
});

afterAll(() => {
  inner.stop();
  rmSync(folder, { recursive: true, force: true });
});

let opened = 0;

interface Opened {
  readonly policy?: string;
  readonly check?: Partial<AddressCheck>;
  readonly limits?: Partial<ProxyLimits>;
  readonly connect?: (address: string, port: number) => Socket;
  readonly own?: FindOwnServer;
  readonly metadata?: AskingTool["metadata"];
}

/** A proxy whose names all lead to this machine, unless the test says otherwise. */
async function open({ policy = "public", check = {}, metadata = {}, ...more }: Opened = {}): Promise<string> {
  const grant = grantOf(readNetworkPolicy(policy), { name: "t", metadata });
  if (grant === null) throw new Error("no grant");
  const path = join(folder, String(++opened));
  const whole = { resolveHost: async () => ["127.0.0.1"], allowsPrivate: false, ...check };
  closing.push(await openProxy({ path, grant, check: whole, ...more }));
  return path;
}

/** Sends text to the proxy, and gives what comes back until the proxy closes. */
function said(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect({ path, allowHalfOpen: true }, () => socket.write(text));
    socket.on("data", (bytes) => {
      got += String(bytes);
    });
    socket.on("error", reject);
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(got));
  });
}

const statusOf = (answer: string) => Number(answer.split(" ")[1]);
const tunnelTo = (host: string) => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const getFrom = (host: string, more = "") => `GET http://${host}/a?b=1 HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;

test("a server inside cannot be reached, however its address is written and by whatever name", async () => {
  const path = await open();
  const { port } = inner;
  const hosts = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[::]",
    "localhost",
    "localhost.",
    "inner.example",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "168.63.129.16",
  ];
  for (const host of hosts) {
    for (const text of [tunnelTo(`${host}:${port}`), getFrom(`${host}:${port}`)]) {
      const answer = await said(path, text);
      expect(answer).toStartWith("HTTP/1.1 403 ");
      expect(answer).toContain("is not on the public internet");
    }
  }
  expect(inner.seen).toEqual([]);
});

test("a name of which one address is inside is refused", async () => {
  const path = await open({ check: { resolveHost: async () => ["93.184.215.14", "127.0.0.1"] } });
  expect(statusOf(await said(path, tunnelTo(`evil.example:${inner.port}`)))).toBe(403);
  expect(inner.seen).toEqual([]);
});

test("a name is looked up once, and the connection goes to the address that was checked", async () => {
  const answers = [["93.184.215.14"], ["127.0.0.1"]];
  const asked: string[] = [];
  const reached: string[] = [];
  const path = await open({
    check: {
      async resolveHost(host) {
        asked.push(host);
        return answers[asked.length - 1] ?? [];
      },
    },
    connect(address, port) {
      reached.push(`${address}:${port}`);
      return connect({ host: "127.0.0.1", port: inner.port, allowHalfOpen: true });
    },
  });
  expect(await said(path, getFrom("turning.example"))).toEndWith("hello");
  expect([asked, reached]).toEqual([["turning.example"], ["93.184.215.14:80"]]);
});

test("a public address of this very machine counts as inside", async () => {
  const path = await open({ check: { resolveHost: async () => ["93.184.215.14"], isHere: ([first]) => first === 93 } });
  expect(statusOf(await said(path, tunnelTo("me.example:443")))).toBe(403);
});

test("a private address needs both settings, and to be named by the owner", async () => {
  const { port } = inner;
  const named = `127.0.0.1:${port}`;
  const refused = await open({ policy: named });
  expect(await said(refused, getFrom(named))).toContain("SELKIE_ALLOW_PRIVATE_URLS");
  const unnamed = await open({ policy: "public", check: { allowsPrivate: true } });
  expect(statusOf(await said(unnamed, getFrom(named)))).toBe(403);
  expect(inner.seen).toEqual([]);
  const allowed = await open({ policy: named, check: { allowsPrivate: true } });
  expect(await said(allowed, getFrom(named))).toEndWith("hello");
});

test("a host that nobody named is refused with words that say how to name it", async () => {
  const path = await open({ policy: "api.example.org" });
  const answer = await said(path, tunnelTo("evil.example:443"));
  const told =
    "The tool may not reach evil.example:443: SELKIE_TOOL_NETWORK, or the tool's metadata_.network, does not";
  expect(answer.split("\r\n")[0]).toStartWith(`HTTP/1.1 403 ${told}`);
  expect(answer.split("\r\n\r\n")[1]).toStartWith(told);
});

test("what is no request to a proxy is refused", async () => {
  const path = await open({ policy: "public" });
  const wrong = [
    "GET / HTTP/1.1\r\n\r\n",
    "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
    "GET gopher://a.example/ HTTP/1.1\r\n\r\n",
    "GET https://a.example/ HTTP/1.1\r\n\r\n",
    "GET http:///etc HTTP/1.1\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET http://a.example/ HTTP/2\r\n\r\n",
    "CONNECT a.example HTTP/1.1\r\n\r\n",
    "CONNECT a.example:0 HTTP/1.1\r\n\r\n",
    "CONNECT a.example:99999 HTTP/1.1\r\n\r\n",
    "CONNECT a.example:443/x HTTP/1.1\r\n\r\n",
    "GET http://a.example/ HTTP/1.1\r\nHost : a.example\r\n\r\n",
    "GET http://a.example/ HTTP/1.1\r\nx: 1\r\n folded\r\n\r\n",
    "GET http://a.example/ HTTP/1.1\r\nx: 1\nHost: b.example\r\n\r\n",
  ];
  for (const text of wrong) expect(statusOf(await said(path, text))).toBe(400);
  for (const host of ["me@127.0.0.1", "me:secret@a.example", "a.example:80@127.0.0.1"]) {
    for (const text of [getFrom(`${host}:${inner.port}`), tunnelTo(`${host}:${inner.port}`)])
      expect(await said(path, text)).toStartWith("HTTP/1.1 400 An address must not hold a user name");
  }
  expect(inner.seen).toEqual([]);
});

test("a request goes on under the granted name, without what is the proxy's, and its connection carries no second one", async () => {
  const policy = `inner.example:${inner.port}`;
  const path = await open({ policy, check: { allowsPrivate: true } });
  const more = "Proxy-Authorization: Basic secret\r\nConnection: keep-alive\r\nCookie: a=1\r\n";
  const head = getFrom(policy, more).replace("Host: inner.example", "Host: evil.example");
  const answer = await said(path, head);
  expect(inner.seen.join("")).toBe(
    `GET /a?b=1 HTTP/1.1\r\nHost: ${policy}\r\nCookie: a=1\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toBe("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
});

test("answers that come before the last one, and bodies, go through", async () => {
  const policy = `inner.example:${inner.port}`;
  const path = await open({ policy, check: { allowsPrivate: true } });
  inner.answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  const answer = await said(path, `POST http://${policy} HTTP/1.1\r\nContent-Length: 3\r\n\r\nyou`);
  expect(answer).toBe("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  expect(inner.seen.join("")).toEndWith("\r\n\r\nyou");
});

test("a tunnel carries bytes both ways", async () => {
  const policy = `inner.example:${inner.port}`;
  const path = await open({ policy, check: { allowsPrivate: true } });
  inner.answers("pong");
  const answer = await said(path, `${tunnelTo(policy)}ping`);
  expect(answer).toBe("HTTP/1.1 200 Connection established\r\n\r\npong");
  expect(inner.seen).toEqual(["ping"]);
});

test("a redirect to an address inside comes back to the proxy, which refuses it", async () => {
  const web = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.redirect(`http://127.0.0.1:${inner.port}/secret`, 302),
  });
  const policy = `outer.example:${web.port}`;
  const path = await open({ policy, check: { allowsPrivate: true } });
  const first = await said(path, getFrom(policy));
  const target = /^location: (.*)\r$/im.exec(first)?.[1] ?? "";
  expect(target).toBe(`http://127.0.0.1:${inner.port}/secret`);
  expect(statusOf(await said(path, `GET ${target} HTTP/1.1\r\n\r\n`))).toBe(403);
  expect(inner.seen).toEqual([]);
  await web.stop(true);
});

test("heads, bytes, connections and waits are bounded", async () => {
  const policy = `inner.example:${inner.port}`;
  const check = { allowsPrivate: true };
  const small = await open({ policy, check, limits: { headBytesMax: 200, headMs: 50 } });
  expect(statusOf(await said(small, getFrom(policy, `x: ${"y".repeat(300)}\r\n`)))).toBe(431);
  expect(statusOf(await said(small, "GET http://"))).toBe(408);

  inner.answers("x".repeat(1_000));
  const short = await open({ policy, check, limits: { bytesMax: 500 } });
  expect(await said(short, `${tunnelTo(policy)}ping`)).not.toContain("x");

  inner.answers("");
  const idle = await open({ policy, check, limits: { idleMs: 50, connectionsMax: 1 } });
  const waiting = said(idle, `${tunnelTo(policy)}ping`);
  // The second comes while the first waits for an answer that never comes.
  while (inner.seen.length === 0) await Bun.sleep(1);
  expect(statusOf(await said(idle, getFrom(policy)))).toBe(503);
  expect(await waiting).toBe("HTTP/1.1 200 Connection established\r\n\r\n");
});

test("the server itself is reached with a lent key alone, and by not a byte more than the request has", async () => {
  const own = () => ({ host: "127.0.0.1", port: inner.port, isLent: (key: string) => key === "slt_mine" });
  const path = await open({ policy: "none", metadata: { letta_client: true }, own });
  const lent = "Authorization: Bearer slt_mine\r\n";
  const hidden = "GET /v1/agents/ HTTP/1.1\r\nHost: x\r\n\r\n";
  const answer = await said(path, getFrom("selkie.internal", `${lent}Content-Length: 3\r\n`).concat("you", hidden));
  expect(answer).toEndWith("hello");
  expect(inner.seen.join("")).toBe(
    `GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:${inner.port}\r\nAuthorization: Bearer slt_mine\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyou`,
  );
  await said(path, getFrom("selkie.internal", lent) + hidden);
  expect(inner.seen.join("")).not.toContain("/v1/agents/");
  inner.seen.length = 0;
  const wrong = [
    getFrom("selkie.internal"),
    getFrom("selkie.internal", "Authorization: Bearer other\r\n"),
    getFrom("selkie.internal", `${lent}${lent}`),
    getFrom("selkie.internal", `${lent}Authorization: Bearer other\r\n`),
    getFrom(`127.0.0.1:${inner.port}`, lent),
    getFrom(`selkie.internal:${inner.port}`, lent),
    tunnelTo("selkie.internal:80"),
  ];
  for (const text of wrong) expect(statusOf(await said(path, text))).toBe(403);
  expect(statusOf(await said(path, getFrom("selkie.internal", `${lent}Transfer-Encoding: chunked\r\n`)))).toBe(411);
  const twice = "Content-Length: 3\r\nContent-Length: 30\r\n";
  expect(statusOf(await said(path, getFrom("selkie.internal", `${lent}${twice}`)))).toBe(400);
  expect(inner.seen).toEqual([]);
});

test("close() cuts what is open and removes the socket", async () => {
  const policy = `inner.example:${inner.port}`;
  const path = await open({ policy, check: { allowsPrivate: true } });
  inner.answers("");
  const waiting = said(path, `${tunnelTo(policy)}ping`).catch(() => "cut");
  while (inner.seen.length === 0) await Bun.sleep(1);
  await closing.splice(0)[0]?.close();
  await waiting;
  expect(existsSync(path)).toBe(false);
});

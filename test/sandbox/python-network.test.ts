import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../../src/core/json.ts";
import { bwrapJail } from "../../src/sandbox/bwrap.ts";
import { readNetworkPolicy } from "../../src/sandbox/net/grant.ts";
import { openToolNetwork, type ToolNetwork } from "../../src/sandbox/net/tool-network.ts";
import { createPythonRuntime, type PythonRuntime } from "../../src/sandbox/python/python-runtime.ts";
import { callOf } from "./_calls.ts";
import { BWRAP, describeWithPython, testPython } from "./_jail.ts";

let folder: string;
let web: ReturnType<typeof startWeb>;
let secure: ReturnType<typeof startWeb> | undefined;
let certificate = "";
const opened: { readonly runtime: PythonRuntime; readonly network: ToolNetwork }[] = [];

function startWeb(tls?: { readonly cert: string; readonly key: string }) {
  const seen: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls === undefined ? {} : { tls }),
    async fetch(request: Request): Promise<Response> {
      const url = new URL(request.url);
      seen.push(`${request.method} ${request.headers.get("host")}${url.pathname}`);
      if (url.pathname === "/inside") return Response.redirect(`http://127.0.0.1:${url.port}/secret`, 302);
      return new Response(`hello ${await request.text()}`);
    },
  });
  return { seen, port: server.port, stop: () => server.stop(true) };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-python-network-"));
  web = startWeb();
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const names = ["-subj", "/CN=tls.example", "-addext", "subjectAltName=DNS:tls.example"];
  if (
    !Bun.spawnSync(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files, ...names])
      .success
  )
    return;
  certificate = readFileSync(join(folder, "cert.pem"), "utf8");
  secure = startWeb({ cert: certificate, key: readFileSync(join(folder, "key.pem"), "utf8") });
});

afterAll(async () => {
  for (const { runtime, network } of opened) {
    await runtime.close();
    await network.close();
  }
  await web.stop();
  await secure?.stop();
  rmSync(folder, { recursive: true });
});

/** Runs Python tools where the owner has set this. All names lead to this machine. */
function runtimeWith(policy: string): PythonRuntime {
  const network = openToolNetwork({
    policy: readNetworkPolicy(policy),
    check: { resolveHost: async () => ["127.0.0.1"], allowsPrivate: policy !== "public" },
    fetch,
    // Where whoever jails run as can reach it, as the tests' own folder cannot be.
    directoryPrefix: join(tmpdir(), `selkie-test-${process.pid}-${opened.length}-`),
    ...(BWRAP.identity === null ? {} : { jailUser: BWRAP.identity }),
  });
  const runtime = createPythonRuntime({
    place: async () => ({
      found: { jail: bwrapJail(BWRAP), python: await testPython() },
      refusal: undefined,
      passedOver: [],
    }),
    network,
    packages: { python: async () => null },
  });
  opened.push({ runtime, network });
  return runtime;
}

async function answerOf(
  runtime: PythonRuntime,
  source: string,
  args: Record<string, unknown> = {},
  metadata: JsonObject = {},
) {
  const call = callOf(source, { args });
  const answer = await runtime.call({ ...call, tool: { ...call.tool, metadata } });
  if (answer.status === "unknown") throw new Error(answer.reason);
  return answer;
}

const GET = `
def f(url: str, certificate: str = ""):
    import ssl
    import urllib.request

    context = ssl.create_default_context(cadata=certificate) if certificate else None
    return urllib.request.urlopen(url, context=context, timeout=20).read().decode()
`;

describeWithPython("the network of Python tools", () => {
  test("a granted host is reached by a library that knows nothing of it, by http and by TLS", async () => {
    const runtime = runtimeWith(`api.example:${web.port}, tls.example:${secure?.port ?? 443}`);
    const plain = await answerOf(runtime, GET, { url: `http://api.example:${web.port}/x` });
    expect(plain).toMatchObject({ status: "success", text: "hello " });
    expect(web.seen.at(-1)).toBe(`GET api.example:${web.port}/x`);
    if (secure === undefined) return;
    const url = `https://tls.example:${secure.port}/y`;
    expect(await answerOf(runtime, GET, { url, certificate })).toMatchObject({ status: "success", text: "hello " });
  });

  test("other hosts are refused with words that say how to name them", async () => {
    const runtime = runtimeWith(`api.example:${web.port}`);
    const before = web.seen.length;
    for (const url of [
      `http://other.example:${web.port}/`,
      "https://other.example/",
      `http://127.0.0.1:${web.port}/`,
    ]) {
      const { status, text } = await answerOf(runtime, GET, { url });
      expect([status, text]).toEqual(["error", expect.stringMatching(/403.*may not reach.*SELKIE_TOOL_NETWORK/)]);
    }
    const inside = await answerOf(runtime, GET, { url: `http://api.example:${web.port}/inside` });
    expect(inside.text).toContain("may not reach 127.0.0.1");
    expect(web.seen.length).toBe(before + 1);
  });

  test("'public' never leads to this machine, and a tool may ask for less than is allowed", async () => {
    const runtime = runtimeWith("public");
    const { text } = await answerOf(runtime, GET, { url: `http://api.example:${web.port}/` });
    expect(text).toContain("is not on the public internet");
    const narrowed = await answerOf(runtime, GET, { url: "http://other.example/" }, { network: ["api.example"] });
    expect(narrowed.text).toContain("may not reach other.example:80");
  });

  test("past the proxy there is nothing, with a grant and without", async () => {
    const source = `
def f(port: int):
    import socket

    found = []
    for kind, address in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port)), (socket.AF_PACKET, None)):
        try:
            made = socket.socket(kind, socket.SOCK_STREAM)
            made.settimeout(5)
            made.connect(address)
            found.append("reached")
        except OSError as error:
            found.append("refused")
    return " ".join(found)
`;
    for (const runtime of [runtimeWith(`api.example:${web.port}`), runtimeWith("none")])
      expect((await answerOf(runtime, source, { port: web.port })).text).toBe("refused refused refused");
  });

  test("a tool without a network hears which setting gives it one", async () => {
    const by = (setting: string, source: string, metadata: JsonObject = {}) =>
      answerOf(runtimeWith(setting), source, { url: "http://api.example/" }, metadata);
    const raw = 'def f(url: str):\n    import socket\n    socket.create_connection(("127.0.0.1", 80))\n';
    for (const source of [GET, raw]) {
      expect((await by("none", source)).text).toContain("set SELKIE_TOOL_NETWORK to public");
      expect((await by("listed", source)).text).toContain("metadata_ has to name the hosts");
    }
    expect((await by("public", GET, { network: "api.example" })).text).toContain("must be a list");
  });

  test("a client of the API that is not installed is told by its package", async () => {
    const call = callOf("def f():\n    return client.agents.list()\n", { environment: { LETTA_API_KEY: "x" } });
    const answer = await runtimeWith("none").call(call);
    expect(answer).toMatchObject({ status: "error", text: expect.stringContaining('{"name": "letta_client"}') });
  });
});

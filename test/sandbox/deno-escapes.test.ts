import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Canary, plantCanary } from "../../src/sandbox/canary.ts";
import { faultsOf } from "../../src/sandbox/js/proof.ts";
import type { ScriptRuntimeOptions } from "../../src/sandbox/js/script-runtime.ts";
import type { NetworkGrant } from "../../src/sandbox/net/grant.ts";
import { closedDeno, describeWithDeno } from "./_places.ts";
import { NO_NETWORK, run, runtimeIn } from "./_script.ts";

type Changes = Parameters<typeof closedDeno>[0];

/** What comes of one call in Deno, in words. */
async function tried(source: string, said: Parameters<typeof run>[2] = {}, changes: Changes = {}): Promise<string> {
  const runtime = runtimeIn(closedDeno(changes));
  const answer = await run(runtime, source, said);
  await runtime.close();
  return answer.status === "unknown" ? answer.reason : answer.text;
}

/** Ways to what a sandbox hides; each ends with `all`, where everything is. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  "the constructor of functions": `const all = (() => {}).constructor("return globalThis")();`,
  "the constructor of async generators": `const all = (await (async function* () {}).constructor("yield globalThis")().next()).value;`,
  "a stack trace that is prepared": `let seen; Error.prepareStackTrace = (_, frames) => { seen = frames[0]?.getThis?.(); return ""; };
    String(new Error("x").stack); const all = seen ?? globalThis;`,
  "a polluted prototype": `Object.prototype.read = true; Object.prototype.allow = ["read"]; const all = globalThis;`,
  "a permission that is asked for": `await Deno.permissions.request({ name: "read" }); const all = globalThis;`,
};

describeWithDeno("what foreign JavaScript tries in Deno", () => {
  let canary: Canary;
  beforeAll(() => {
    canary = plantCanary();
    // What holds it back is to be Deno, not the file's folder.
    chmodSync(canary.folder, 0o777);
  });
  afterAll(() => canary.close());

  for (const [name, way] of Object.entries(WAYS_OUT))
    test(`${name} leads to nothing of the server's`, async () => {
      const source = `export async function f(canary: string) { ${way}
        let found = "";
        for (const path of [canary, "/proc/self/environ", "/etc/passwd"]) {
          try { found += all.Deno.readTextFileSync(path); } catch {}
          try { found += all.process.getBuiltinModule("fs").readFileSync(path, "utf8"); } catch {}
        }
        return found; }`;
      const said = { args: { canary: canary.file } };
      expect(await tried(source, said)).toBe("");
      // With the permission the same code reads the file.
      expect(await tried(source, said, { permissions: ["--allow-read"] })).toContain(canary.word);
    });

  test("neither sockets, nor programs, nor files beside the canary", async () => {
    const source = `export async function f(port: number, folder: string) {
      const done: string[] = [];
      const tries = {
        connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
        net: () => new Promise((resolve, reject) => process.getBuiltinModule("net").connect(port, "127.0.0.1").on("connect", resolve).on("error", reject)),
        socket: () => new Promise((resolve, reject) => { const socket = new WebSocket("ws://127.0.0.1:" + port); socket.onopen = resolve; socket.onerror = reject; }),
        code: () => import("http://127.0.0.1:" + port + "/a.ts"),
        listen: () => Deno.listen({ port: 0 }),
        program: () => new Deno.Command("/bin/true").output(),
        library: () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
        write: () => Deno.writeTextFile(folder + "/written", "x"),
      };
      for (const [name, attempt] of Object.entries(tries)) try { await attempt(); done.push(name); } catch {}
      return done; }`;
    expect(await tried(source, { args: { port: canary.port, folder: canary.folder } })).toBe("[]");
    expect(canary.touched()).toEqual([]);
    const open = await tried(source, { args: { port: canary.port, folder: canary.folder } }, { permissions: ["-A"] });
    expect(JSON.parse(open)).toEqual(expect.arrayContaining(["connect", "net", "listen", "program", "write"]));
    rmSync(join(canary.folder, "written"), { force: true });
  });

  test("memory of every kind ends at the limit of its process", async () => {
    const hoards = [
      "const kept = []; for (let i = 0; i < 64; i++) kept.push(new Uint8Array(2 ** 24).fill(1));",
      "const kept = []; for (;;) kept.push({ kept, text: 'x'.repeat(100) + kept.length });",
      "const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) memory.grow(64);",
    ];
    for (const hoard of hoards)
      expect(await tried(`export function f() { ${hoard} return "all"; }`, { timeoutMs: 60_000 })).toMatch(
        /memory|alloc|ended|died/i,
      );
  }, 120_000);

  test("a flood of output is cut, and nothing that is printed is taken for an answer", async () => {
    const floods = `const line = "x".repeat(1_000); export function f() { for (let i = 0; i < 100_000; i++) console.log(line); return 1; }`;
    const runtime = runtimeIn(closedDeno());
    const answer = await run(runtime, floods, { outputCharsMax: 50_000, timeoutMs: 30_000 });
    await runtime.close();
    if (answer.status === "unknown") throw new Error(answer.reason);
    expect([answer.text, answer.stdout.join("").length]).toEqual(["1", 50_000]);
    expect(
      await tried(`export function f() { Deno.stdout.writeSync(new TextEncoder().encode("no json\\n")); for (;;); }`),
    ).toContain("no JSON");
  });

  test("a tool fetches by the server where it may, and is told why where it may not", async () => {
    const grant: NetworkGrant = { key: "all", reach: () => "public" };
    const answered = { url: "http://a.example/end", redirected: true, status: 201, statusText: "" };
    const network: ScriptRuntimeOptions["network"] = {
      grantOf: ({ name }) => (name === "f" ? grant : null),
      refusalOf: () => "not for this one",
      fetch: async () => ({ ...answered, headers: [["x-a", "1"]], body: Buffer.from("hello").toString("base64") }),
    };
    const runtime = runtimeIn(closedDeno(), { network });
    const source = `export async function f() {
      const [a, b] = await Promise.all([fetch("http://a.example/"), fetch("http://a.example/b", { method: "POST", body: "you" })]);
      return [await a.text(), b.status, b.headers.get("x-a"), b.url, b.redirected]; }`;
    const asking = { tool: { metadata: { network: ["a.example"] } } };
    expect(await run(runtime, source, asking)).toMatchObject({ text: '["hello",201,"1","http://a.example/end",true]' });
    const other = { tool: { name: "g" } };
    expect(await run(runtime, "export const g = () => fetch('http://a.example/')", other)).toMatchObject({
      text: "Error executing function g: TypeError: fetch failed: not for this one",
    });
    await runtime.close();
    expect(await tried("export const f = () => fetch('http://a.example/')")).toContain(NO_NETWORK.refusalOf(Object()));
  });

  test("a tool that needs packages is told why it does not run", async () => {
    const npmRequirements = [{ name: "left-pad", version: "1.3.0" }];
    expect(await tried("export const f = () => 1", { tool: { npmRequirements } })).toMatch(
      /needs packages of npm, and Deno, .* bubblewrap/,
    );
  });
});

describeWithDeno("the proof of Deno", () => {
  test("faultsOf() finds nothing without permissions, and each permission that is given", async () => {
    expect(await faultsOf(closedDeno())).toEqual([]);
    const seen = async (changes: Changes) => (await faultsOf(closedDeno(changes))).join(", ");
    expect(await seen({ permissions: ["--allow-read"] })).toBe("code in it reads files");
    expect(await seen({ permissions: ["--allow-write"] })).toBe("code in it writes files");
    expect(await seen({ permissions: ["--allow-net"] })).toBe("code in it reaches the network");
    expect(await seen({ permissions: ["--allow-run"] })).toContain("code in it starts programs");
    expect(await seen({ permissions: ["--allow-env"] })).toBe("code in it sees the environment");
    expect(await seen({ without: "memory" })).toMatch(/memory/);
    const storage = mkdtempSync(join(tmpdir(), "selkie-deno-"));
    chmodSync(storage, 0o777);
    expect(await seen({ storage })).toBe("code in it keeps things for the next call");
    rmSync(storage, { recursive: true, force: true });
  }, 120_000);
});

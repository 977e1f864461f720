import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultsOf } from "../../src/sandbox/js/proof.ts";
import type { ScriptPlace } from "../../src/sandbox/js/script-place.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun, run, runtimeIn, unjailedBun } from "./_script.ts";

/** What each way out of an in-process sandbox ends in: the file system of whoever runs the code, and its environment. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  "the constructor of functions": `const make = (() => {}).constructor; const fs = make("return process.getBuiltinModule('fs')")();`,
  "process.binding": `try { process.binding("fs"); } catch {} const fs = process.getBuiltinModule("fs");`,
  "a stack trace that is prepared": `let seen; Error.prepareStackTrace = (_, frames) => { seen = frames[0]?.getThis?.() ?? globalThis; return ""; };
    new Error("x").stack; const fs = (seen ?? globalThis).process.getBuiltinModule("fs");`,
  "the constructor of async generators": `const make = (async function* () {}).constructor;
    const fs = (await make("yield process.getBuiltinModule('fs')")().next()).value;`,
  "an object's polluted prototype": `Object.prototype.toJSON = function () { return "owned"; }; Object.prototype.env = { all: 1 };
    const fs = process.getBuiltinModule("fs"); delete Object.prototype.toJSON; delete Object.prototype.env;`,
};

describeInJail("what foreign JavaScript tries", () => {
  let jailed: ScriptPlace;
  let open: ScriptPlace;
  const folder = mkdtempSync(join(tmpdir(), "selkie-escapes-"));
  const canary = join(folder, "canary");

  beforeAll(async () => {
    writeFileSync(canary, "canary");
    [jailed, open] = [await jailedBun(), await unjailedBun()];
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tried = async (place: ScriptPlace, source: string, said: Parameters<typeof run>[2] = {}) => {
    const runtime = runtimeIn(place);
    const answer = await run(runtime, source, { args: { canary }, ...said });
    await runtime.close();
    return answer.status === "unknown" ? answer.reason : answer.text;
  };

  for (const [name, way] of Object.entries(WAYS_OUT))
    test(`${name} leads to nothing of the server's`, async () => {
      const source = `export async function f(canary) { ${way}
        let all = ""; for (const path of [canary, "/proc/self/environ", "/etc/passwd"]) try { all += fs.readFileSync(path, "utf8"); } catch {}
        return all; }`;
      const found = await tried(jailed, source);
      expect(found).not.toContain("canary");
      expect(found).not.toContain("root:");
      // Without a jail the same code reads the file.
      expect(await tried(open, source)).toContain("canary");
    });

  test("a module in WebAssembly that grows ends at the limit of its process", async () => {
    const source = `export function f() {
      const kept = []; let pages = 0;
      for (let i = 0; i < 16; i++) try {
        const memory = new WebAssembly.Memory({ initial: 1024 }); new Uint8Array(memory.buffer).fill(1); kept.push(memory); pages += 1024;
      } catch { break; }
      return pages; }`;
    const pages = Number(await tried(jailed, source));
    // Either it was refused more, or its process has died of it.
    expect(Number.isNaN(pages) || pages < 12_288).toBe(true);
    expect(await tried(open, source)).toBe("16384");
  });

  test("memory that is hoarded ends at the limit of its process", async () => {
    const source = `export function f() { const kept = []; for (let i = 0; i < 24; i++) kept.push(Buffer.alloc(2 ** 26, 1)); return "all"; }`;
    expect(await tried(jailed, source)).toMatch(/memory|died|ended/i);
    expect(await tried(open, source)).toBe("all");
  });

  test("neither a socket nor fetch reaches this machine", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const socket = `export const f = (port) => new Promise((resolve) => {
      const socket = process.getBuiltinModule("net").connect(port, "127.0.0.1");
      socket.on("connect", () => resolve("connected")).on("error", (error) => resolve("refused " + error.code)); });`;
    expect(await tried(jailed, socket, { args: { port } })).toMatch(/refused/);
    expect(await tried(open, socket, { args: { port } })).toBe("connected");
    const fetching = `export const f = async (port) => (await fetch("http://127.0.0.1:" + port + "/")).status`;
    expect(await tried(jailed, fetching, { args: { port } })).toContain("fetch failed: it was not granted");
    server.close();
  });

  test("no program is started, and nothing outside is written or seen", async () => {
    const spawns = `export const f = () => { const { spawnSync } = process.getBuiltinModule("child_process");
      const done = spawnSync(process.execPath, ["--version"]); return done.error === undefined ? "ran" : done.error.code; }`;
    expect(await tried(jailed, spawns)).toBe("EPERM");
    expect(await tried(open, spawns)).toBe("ran");
    const writes = `export function f(canary) { const fs = process.getBuiltinModule("fs");
      try { fs.writeFileSync(canary + ".out", "x"); fs.rmSync(canary + ".out"); return "wrote"; } catch (error) { return error.code; } }`;
    expect(await tried(jailed, writes)).toBe("ENOENT");
    expect(await tried(open, writes)).toBe("wrote");
    const sees = `export const f = () => process.getBuiltinModule("fs").readdirSync("/proc").filter((name) => Number(name) > 0).length`;
    expect(Number(await tried(jailed, sees))).toBeLessThan(4);
    expect(Number(await tried(open, sees))).toBeGreaterThan(3);
  });

  test("floods of output and large answers are cut, and files stop at the size of the disk", async () => {
    const prints = `export function f() { for (let i = 0; i < 20_000; i++) console.log("x".repeat(1_000)); return "y".repeat(3_000_000); }`;
    const runtime = runtimeIn(jailed);
    const answer = await run(runtime, prints, { outputCharsMax: 50_000 });
    await runtime.close();
    if (answer.status === "unknown") throw new Error(answer.reason);
    expect([answer.text.length, answer.stdout.join("").length]).toEqual([50_000, 50_000]);
    const fills = `export function f() { const fs = process.getBuiltinModule("fs");
      for (let i = 0; i < 100; i++) fs.writeFileSync("/tmp/" + i, Buffer.alloc(2 ** 20)); }`;
    expect(await tried(jailed, fills)).toContain("ENOSPC");
  });

  test("a forged answer is that of its own call alone", async () => {
    const forges = `export function f() { const fs = process.getBuiltinModule("fs");
      fs.writeSync(4, JSON.stringify({ id: 1, text: "forged", stdout: "", stderr: "" }) + "\\n"); return "real"; }`;
    expect(await tried(jailed, forges)).toBe("forged");
    const breaks = `export function f() { process.getBuiltinModule("fs").writeSync(4, "no json\\n"); for (;;); }`;
    expect(await tried(jailed, breaks)).toContain("no JSON");
    const floods = `export function f() { const piece = Buffer.alloc(2 ** 20, 65); for (;;) process.getBuiltinModule("fs").writeSync(4, piece); }`;
    expect(await tried(jailed, floods)).toMatch(/line of more than|ended/);
  });
});

describeInJail("the proof of a place for JavaScript", () => {
  test("faultsOf() finds nothing in a whole jail", async () => {
    expect(await faultsOf(await jailedBun())).toEqual([]);
  }, 60_000);

  test("faultsOf() finds what each protection was for once it is taken away", async () => {
    // Either the filter or the empty network is enough.
    expect(await faultsOf(await jailedBun({}, true))).toEqual([]);
    expect(await faultsOf(await jailedBun({ without: "network" }))).toEqual([]);
    expect(await faultsOf(await jailedBun({ without: "network" }, true))).toEqual(["code in it reaches the network"]);
    expect(await faultsOf(await jailedBun({ without: "filter" }))).toEqual(["code in it starts programs"]);
    expect(await faultsOf(await jailedBun({ without: "processes" }))).toEqual(["code in it sees processes"]);
    expect((await faultsOf(await unjailedBun())).toSorted()).toEqual([
      "code in it reaches the network",
      "code in it reads files",
      "code in it sees processes",
      "code in it starts programs",
      "code in it writes files",
    ]);
  }, 60_000);
});

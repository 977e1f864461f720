import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScriptRuntime, ScriptRuntimeOptions } from "../../src/sandbox/js/script-runtime.ts";
import type { NetworkGrant } from "../../src/sandbox/net/grant.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun, run, runtimeIn } from "./_script.ts";

describeInJail("tools in TypeScript", () => {
  let runtime: ScriptRuntime;

  beforeAll(async () => {
    runtime = runtimeIn(await jailedBun());
  });
  afterAll(() => runtime.close());

  const text = async (...given: Parameters<typeof run> extends [unknown, ...infer Rest] ? Rest : never) => {
    const answer = await run(runtime, ...given);
    return answer.status === "unknown" ? answer : [answer.status, answer.text];
  };

  test("a tool imports the packages that are mounted for it, and cannot change them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "selkie-npm-"));
    mkdirSync(join(folder, "node_modules/left-pad"), { recursive: true });
    writeFileSync(join(folder, "node_modules/left-pad/index.js"), "module.exports = (text) => ' ' + text;");
    chmodSync(folder, 0o755);
    let held = 0;
    const packages = {
      javascript: async () => {
        held++;
        return { path: folder, release: () => void held-- };
      },
    };
    const mounted = runtimeIn(await jailedBun(), { packages });
    const source = `import pad from "left-pad"; import { writeFileSync } from "node:fs";
      export function f() { try { writeFileSync("/node_modules/left-pad/index.js", ""); } catch (error) { return pad(error.code); } }`;
    expect(await run(mounted, source)).toMatchObject({ status: "success", text: " EROFS" });
    await mounted.close();
    await Bun.sleep(50);
    expect(held).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test("a tool fetches by the server where it may, and is told why where it may not", async () => {
    const asked: unknown[] = [];
    const grant: NetworkGrant = { key: "all", reach: () => "public" };
    const network: ScriptRuntimeOptions["network"] = {
      grantOf: ({ name }) => (name === "f" ? grant : null),
      refusalOf: () => "not for this one",
      fetch: async ({ request }) => {
        asked.push(request);
        const body = Buffer.from("hello").toString("base64");
        return {
          url: "http://a.example/end",
          redirected: true,
          status: 201,
          statusText: "",
          headers: [["x-a", "1"]],
          body,
        };
      },
    };
    const granted = runtimeIn(await jailedBun(), { network });
    const source = `export async function f() {
      const [a, b] = await Promise.all([fetch("http://a.example/"), fetch("http://a.example/b", { method: "POST", body: "you" })]);
      return [await a.text(), b.status, b.headers.get("x-a"), b.url, b.redirected]; }`;
    expect(await run(granted, source)).toMatchObject({ text: '["hello",201,"1","http://a.example/end",true]' });
    expect(asked).toMatchObject([
      { url: "http://a.example/", method: "GET" },
      { method: "POST", body: "eW91" },
    ]);
    const other = { tool: { name: "g" } };
    expect(await run(granted, "export const g = () => fetch('http://a.example/')", other)).toMatchObject({
      text: "Error executing function g: TypeError: fetch failed: not for this one",
    });
    await granted.close();
  });

  test("nothing is left from the call before", async () => {
    const source = `import { existsSync, writeFileSync } from "node:fs";
      export function f() {
        const before = [globalThis.left ?? null, existsSync("/tmp/left"), ({}).left ?? null];
        globalThis.left = 1; writeFileSync("/tmp/left", ""); Object.prototype.left = 1;
        return before;
      }`;
    for (let i = 0; i < 4; i++) expect(await text(source)).toEqual(["success", "[null,false,null]"]);
  });

  test("a process that ends, loops or is called off has an unknown outcome, and nothing of it runs on", async () => {
    const before = processes();
    expect(await text("export function f() { process.exit(0); }")).toMatchObject({ status: "unknown" });
    expect(await text("export function f() { for (;;); }", { timeoutMs: 300 })).toMatchObject({ status: "unknown" });
    const signal = AbortSignal.timeout(300);
    expect(
      await text("export async function f() { await new Promise(() => setInterval(() => {}, 9)); }", { signal }),
    ).toMatchObject({ status: "unknown" });
    await runtime.close();
    runtime = runtimeIn(await jailedBun());
    await Bun.sleep(100);
    expect(processes()).toBeLessThanOrEqual(before);
    expect(await text("export const f = () => 1")).toEqual(["success", "1"]);
  });
});

/** Processes of this machine whose command line names the guest. */
function processes(): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandOf(name).includes("selkie_called")).length;
}

function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

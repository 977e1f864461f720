import { expect, test } from "bun:test";
import { faultsOf } from "../../src/sandbox/js/proof.ts";
import type { ScriptRuntimeOptions } from "../../src/sandbox/js/script-runtime.ts";
import type { NetworkGrant } from "../../src/sandbox/net/grant.ts";
import { interpreter } from "./_places.ts";
import { NO_NETWORK, run, runtimeIn } from "./_script.ts";

/** What comes of one call in the interpreter, in words. */
async function tried(source: string, said: Parameters<typeof run>[2] = {}): Promise<string> {
  const runtime = runtimeIn(interpreter());
  const answer = await run(runtime, source, said);
  await runtime.close();
  return answer.status === "unknown" ? answer.reason : answer.text;
}

/** What each way out of a sandbox looks for: something that is not of the language. */
const FOREIGN =
  "typeof all.Bun + typeof all.Deno + typeof all.require + typeof all.fetch + typeof all.process?.getBuiltinModule";
const NOTHING = "undefined".repeat(5);

const WAYS_OUT: Readonly<Record<string, string>> = {
  "the constructor of functions": `const all = (() => {}).constructor("return globalThis")();`,
  "the constructor of what printing is": `const all = console.log.constructor.constructor("return globalThis")();`,
  "the constructor of async generators": `const all = (await (async function* () {}).constructor("yield globalThis")().next()).value;`,
  "a stack trace that is prepared": `let seen; Error.prepareStackTrace = (_, frames) => { seen = frames?.[0]?.getThis?.(); return ""; };
    String(new Error("x").stack); const all = seen ?? globalThis;`,
  "the caller of what is called": `let all = globalThis; const spy = { toString() { try { all = spy.toString.caller?.constructor("return this")() ?? all; } catch {} return ""; } };
    console.log(spy, new Proxy({}, { get(_, __, receiver) { all = receiver?.constructor?.constructor?.("return this")?.() ?? all; return undefined; } }));`,
};

for (const [name, way] of Object.entries(WAYS_OUT))
  test(`in the interpreter, ${name} leads to the language and to nothing else`, async () => {
    expect(await tried(`export async function f() { ${way} return ${FOREIGN}; }`)).toBe(NOTHING);
  });

test("what a call does to prototypes is not seen by the process around it", async () => {
  const source = `export function f() {
    Object.prototype.toJSON = () => "owned"; Object.prototype.error = "owned"; Object.defineProperty(Object.prototype, "isLate", { value: true });
    Array.prototype.then = (taken) => taken("owned"); console.log(JSON.parse('{"__proto__": {"isLate": true}}'), { ["constructor"]: 1 });
    return { a: 1 }; }`;
  const runtime = runtimeIn(interpreter());
  const answer = await run(runtime, source);
  expect(answer).toMatchObject({ status: "success", text: '"owned"' });
  expect(await run(runtime, "export const f = () => ({ a: 1 })")).toMatchObject({ status: "success", text: '{"a":1}' });
  await runtime.close();
});

test("memory of every kind ends at the interpreter's own", async () => {
  const hoards = [
    "const kept = []; for (;;) kept.push(new Uint8Array(2 ** 20).fill(1));",
    "const kept = []; for (;;) kept.push({ kept });",
    "let text = 'x'; for (;;) text += text;",
    "const kept = []; for (;;) kept.push('x'.repeat(100_000) + kept.length);",
    "new ArrayBuffer(2 ** 32);",
  ];
  for (const hoard of hoards)
    expect(await tried(`export function f() { ${hoard} }`)).toMatch(/memory|too long|length|broke off|size/i);
  expect(await tried("export const f = () => typeof WebAssembly")).toBe("undefined");
});

test("what breaks the interpreter is an error of its own call", async () => {
  const deep = "export const f = () => JSON.parse('['.repeat(1_000_000))";
  const runtime = runtimeIn(interpreter());
  expect(await run(runtime, deep)).toMatchObject({ status: "error" });
  expect(await run(runtime, "export const f = () => 1")).toMatchObject({ status: "success", text: "1" });
  await runtime.close();
});

test("a flood of output is cut, and does not stop the call", async () => {
  const source =
    "const line = 'x'.repeat(1_000); export function f() { for (let i = 0; i < 100_000; i++) console.log(line); return 1; }";
  const runtime = runtimeIn(interpreter());
  const answer = await run(runtime, source, { outputCharsMax: 50_000, timeoutMs: 30_000 });
  await runtime.close();
  if (answer.status === "unknown") throw new Error(answer.reason);
  expect([answer.text, answer.stdout.join("").length]).toEqual(["1", 50_000]);
});

test("what the interpreter lacks is named, with what would have it", async () => {
  expect(await tried("export const f = () => fetch('http://a.example/')")).toMatch(
    /ReferenceError: fetch is not defined: .* bubblewrap .* or Deno \(SELKIE_DENO\) would have it/,
  );
  expect(await tried("export const f = () => Buffer.from('')")).toMatch(/Buffer is not defined: .*bubblewrap/);
  expect(await tried("export const f = () => fetched")).toBe(
    "Error executing function f: ReferenceError: fetched is not defined",
  );
  expect(await tried("import { readFileSync } from 'node:fs'; export const f = () => readFileSync")).toMatch(
    /Cannot find module 'node:fs': .* bubblewrap/,
  );
  expect(await tried("export const f = () => new Promise(() => {})")).toMatch(/waits for something that never comes/);
  expect(await tried("export const f = () => typeof fetch")).toBe("undefined");
});

test("a tool that needs packages, or asks for a network that it would be granted, is told why it does not run", async () => {
  const source = "export const f = () => 1";
  const npmRequirements = [{ name: "left-pad", version: "1.3.0" }];
  expect(await tried(source, { tool: { npmRequirements } })).toMatch(/needs packages of npm, .* bubblewrap/);
  const grant: NetworkGrant = { key: "all", reach: () => "public" };
  const network: ScriptRuntimeOptions["network"] = { ...NO_NETWORK, grantOf: () => grant };
  const runtime = runtimeIn(interpreter(), { network });
  const asking = { tool: { metadata: { network: ["a.example"] } } };
  expect(await run(runtime, source, asking)).toMatchObject({
    text: expect.stringMatching(/asks for the network, .*Deno/),
  });
  // Where every tool may reach something, one that does not say that it needs it runs.
  expect(await run(runtime, source)).toMatchObject({ status: "success", text: "1" });
  await runtime.close();
});

test("faultsOf() finds nothing in the interpreter, and that its memory is not limited where it is not", async () => {
  expect(await faultsOf(interpreter())).toEqual([]);
  expect(await faultsOf(interpreter({ without: "memory" }))).toEqual(["its memory has no limit"]);
}, 60_000);

test("the interpreter ends a loop by itself, should nobody be there to end its process", async () => {
  const worker = await interpreter().open(async () => null, null);
  const message = { code: "export function f() { for (;;); }", name: "f", args: [], environment: {}, timeoutMs: 200 };
  const answer = await worker.call({ message, timeoutMs: 20_000, signal: new AbortController().signal });
  expect(answer).toMatchObject({ kind: "line", line: { isLate: true } });
  await worker.close();
});

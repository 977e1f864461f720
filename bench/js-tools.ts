// How long calls of JavaScript and of modules in WebAssembly take: `bun bench/js-tools.ts [CALLS]`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assembled } from "../examples/plugins/build.ts";
import type { Plugin } from "../src/agent/plugins/plugin.ts";
import { ownCommand } from "../src/app/own-command.ts";
import { DEFAULT_ACTOR } from "../src/core/id.ts";
import { findScriptPlace } from "../src/sandbox/js/places.ts";
import { createScriptRuntime } from "../src/sandbox/js/script-runtime.ts";
import { createPluginHost } from "../src/sandbox/plugins/host.ts";
import type { OutsideCall } from "../src/tools/runtime.ts";
import type { Tool } from "../src/tools/tool.ts";

/** Between two calls the server is idle for so long that the stock is full again. */
const IDLE_MS = 120;
const calls = Number(process.argv[2] ?? 50);
const started = performance.now();
const { place, reports } = await findScriptPlace({
  executable: process.execPath,
  mode: "auto",
  pure: ownCommand("run-tool"),
  deno: process.env["SELKIE_DENO"] ?? null,
});
if ("whyNone" in place) throw new Error(place.whyNone);
console.log(`${reports.at(-1)?.name} proved in ${(performance.now() - started).toFixed(0)} ms`);
const network = { grantOf: () => null, refusalOf: () => "none", fetch: () => Promise.reject(new Error("none")) };
const packages = { javascript: async () => null };

const runtime = createScriptRuntime({ place: async () => place, network, packages, parallel: 8 });
const tool = {
  name: "add",
  toolType: "custom",
  sourceType: "typescript",
  sourceCode: "export async function add(a: number, b: number): Promise<number> { return a + b; }",
  metadata: {},
  npmRequirements: null,
};
const call = {
  actor: DEFAULT_ACTOR,
  tool: tool as unknown as Tool,
  args: { a: 1, b: 2 },
  environment: {},
  signal: new AbortController().signal,
  limits: { timeoutMs: 10_000, outputCharsMax: 10_000 },
} as unknown as OutsideCall;
console.log(`first call, which boots  ${(await timed(() => runtime.call(call))).toFixed(1)} ms`);
await report("a call from the stock of an idle server", () => runtime.call(call), IDLE_MS);
const all = performance.now();
await Promise.all(Array.from({ length: calls }, () => runtime.call(call)));
console.log(`${calls} calls at once  ${(calls / ((performance.now() - all) / 1000)).toFixed(0)} calls/s`);
await runtime.close();

const text = readFileSync(join(import.meta.dir, "../examples/plugins/fingerprint.wat"), "utf8");
const module = Buffer.from(await assembled("fingerprint.wat", text));
const host = createPluginHost({ place: async () => place, network, parallel: 8, log: () => {} });
const draft = { language: "wasm", code: module.toString("base64") } as const;
const { manifest, code } = await host.examine(draft);
const plugin = { ...manifest, ...draft, manifest, grants: [] } as unknown as Plugin;
const answers = { secret: async () => null, recall: async () => null };
const input = { arguments: { text: "a" } };
const { signal } = new AbortController();
const once = () => host.call({ plugin, code, input, answers, timeoutMs: 10_000, signal });
console.log(`a module of ${module.length} bytes`);
await report("a call of a module from the stock of an idle server", once, IDLE_MS);
await host.close();
process.exit(0);

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

async function report(what: string, act: () => Promise<unknown>, pauseMs: number): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < calls; index++) {
    await Bun.sleep(pauseMs);
    times.push(await timed(act));
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
  console.log(`${what}  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  least ${at(0)} ms`);
}

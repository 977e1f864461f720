// What a call of a Python tool costs: cold, warm one after the other, 100 at once while somebody reads a stream, and what
// 10,000 calls leave behind. Usage: bun bench/tools.ts [--warm 300] [--many 10000]
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { realWorld } from "../src/app/world.ts";
import { instantOf } from "../src/core/clock.ts";
import { DEFAULT_ACTOR, newId } from "../src/core/id.ts";
import { findPythonPlace } from "../src/sandbox/python/python-place.ts";
import { createPythonRuntime } from "../src/sandbox/python/python-runtime.ts";
import type { OutsideCall } from "../src/tools/runtime.ts";
import { percentile } from "./process.ts";

const { values } = parseArgs({
  options: { warm: { type: "string", default: "300" }, many: { type: "string", default: "10000" } },
});
const TOOL_ID = newId("tool", realWorld().random);
/** Calls at once, and how often a stream has a token meanwhile. */
const AT_ONCE = 100;
const TOKEN_MS = 5;
/** Between two calls of an agent its model speaks, for far longer than this. */
const PAUSE_MS = 20;

const began = performance.now();
const place = await findPythonPlace({
  mode: "auto",
  python: null,
  deno: null,
  pyodide: null,
  path: process.env["PATH"] ?? "",
});
console.log(`place: ${place.found?.jail.name ?? place.refusal}, found and proved in ${ms(performance.now() - began)}`);
const runtime = createPythonRuntime({
  place: async () => place,
  network: { grantOf: () => null, refusalOf: () => "", open: () => Promise.reject(new Error("Nothing was granted")) },
  packages: { python: async () => null },
});

function ms(time: number): string {
  return `${time.toFixed(2)} ms`;
}

function callOf(source: string): OutsideCall {
  return {
    actor: DEFAULT_ACTOR,
    runId: null,
    callId: "call",
    tool: {
      id: TOOL_ID,
      name: "f",
      toolType: "custom",
      description: null,
      sourceType: "python",
      sourceCode: source,
      jsonSchema: null,
      argsJsonSchema: null,
      tags: [],
      returnCharLimit: 50_000,
      pipRequirements: null,
      npmRequirements: null,
      defaultRequiresApproval: null,
      enableParallelExecution: false,
      metadata: {},
      projectId: null,
      createdById: null,
      lastUpdatedById: null,
      createdAt: instantOf(0),
      updatedAt: instantOf(0),
    },
    args: { a: 1 },
    agent: null,
    environment: {},
    signal: new AbortController().signal,
    limits: { timeoutMs: 180_000, outputCharsMax: 1_000_000 },
  };
}

const SMALL = "def f(a: int) -> int:\n    return a + 1\n";

async function timed(source = SMALL): Promise<number> {
  const start = performance.now();
  const answer = await runtime.call(callOf(source));
  if (answer.status !== "success") throw new Error(JSON.stringify(answer));
  return performance.now() - start;
}

/** What is there of this process: its descriptors, its children, and folders of tools among temporary files. */
function left(): string {
  const files = readdirSync("/proc/self/fd").length;
  const children = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(process.pid)])
    .stdout.toString()
    .trim();
  const folders = readdirSync(tmpdir()).filter((name) => /^selkie-(tools|canary)-/.test(name)).length;
  return `${files} descriptors, ${children.split("\n").length - 1} children, ${folders} folders`;
}

const before = left();
console.log(`cold: ${ms(await timed())}`);
for (const pauseMs of [PAUSE_MS, 0]) {
  const cpu = process.cpuUsage();
  const warm: number[] = [];
  for (let index = 0; index < Number(values.warm); index++) {
    if (pauseMs > 0) await Bun.sleep(pauseMs);
    warm.push(await timed());
  }
  const used = process.cpuUsage(cpu);
  const [p50, p99] = [percentile(warm, 0.5), percentile(warm, 0.99)];
  const server = ms((used.user + used.system) / 1000 / warm.length);
  console.log(`warm, ${pauseMs} ms between: p50 ${ms(p50)}, p99 ${ms(p99)}; ${server} of the server's processor`);
}

const delays: number[] = [];
let expected = performance.now() + TOKEN_MS;
const tokens = setInterval(() => {
  delays.push(Math.max(0, performance.now() - expected));
  expected = performance.now() + TOKEN_MS;
}, TOKEN_MS);
const start = performance.now();
const busy = "def f(a: int) -> int:\n    return sum(range(200000)) + a\n";
const crowd = await Promise.all(Array.from({ length: AT_ONCE }, () => timed(busy)));
const took = performance.now() - start;
clearInterval(tokens);
console.log(
  `${AT_ONCE} at once: ${((AT_ONCE * 1000) / took).toFixed(0)} calls/s, p99 ${ms(percentile(crowd, 0.99))}; a token is late by p99 ${ms(percentile(delays, 0.99))}, at most ${ms(Math.max(...delays))}`,
);

for (let made = 0; made < Number(values.many); made += AT_ONCE)
  await Promise.all(Array.from({ length: AT_ONCE }, () => timed()));
await runtime.close();
console.log(`before ${values.many} calls: ${before}; after: ${left()}`);

import { isRecord, type Json } from "../../core/json.ts";
import { plantCanary } from "../canary.ts";
import type { WorkerAnswer } from "../jail.ts";
import type { ScriptPlace } from "./script-place.ts";

/** How long a probe may take, on a machine that has other work as well. */
const PROBE_MS = 60_000;
/** After this an endless loop must be gone. */
const LOOP_MS = 300;
/** What the hoarding probe tries to get: more than any place gives. */
const HOARD_BYTES = 1024 ** 3;
const PROBES = [
  "reads files",
  "writes files",
  "sees processes",
  "reaches the network",
  "starts programs",
  "sees the environment",
  "keeps things for the next call",
];

/**
 * Tries everything that a jail must refuse, and answers what succeeded. It stands by itself: it is sent into the jail, and asks
 * for what any of the runtimes has, for it cannot know in which one it is.
 */
const ATTEMPTS = `
export async function probe(canary, port, server) {
  const done = [];
  const attempt = async (what, does) => { try { if (await does()) done.push(what); } catch {} };
  const names = ["fs", "net", "child_process"];
  const imported = await Promise.all(names.map((name) => import("node:" + name).catch(() => null)));
  const all = (0, (() => {}).constructor)("return globalThis")();
  const [fs, net, programs] = imported.map((found, at) => found ?? all.process?.getBuiltinModule?.(names[at]));
  await attempt("reads files", () => fs.readFileSync(canary, "utf8") !== "");
  await attempt("reads files", () => fs.readFileSync("/etc/passwd", "utf8") !== "");
  await attempt("reads files", () => Deno.readTextFileSync(canary) !== "");
  await attempt("reads files", () => import("file://" + canary, { with: { type: "text" } }).then(() => true));
  await attempt("writes files", () => (fs.writeFileSync(canary + ".out", "x"), true));
  await attempt("writes files", () => (Deno.writeTextFileSync(canary + ".out", "x"), true));
  await attempt("sees processes", () => fs.readdirSync("/proc").filter((name) => Number(name) > 0).length > 3);
  await attempt("sees processes", () => process.kill(server, 0) && server > 3);
  await attempt("sees processes", () => (Deno.kill(server, "SIGCONT"), true));
  await attempt("sees the environment", () => Object.keys(process.env).length > 0);
  await attempt("sees the environment", () => Object.keys(Deno.env.toObject()).length > 0);
  await attempt("reaches the network", () => new Promise((resolve) => {
    net.connect(port, "127.0.0.1").on("connect", () => resolve(true)).on("error", () => resolve(false));
  }));
  await attempt("reaches the network", () => Deno.connect({ hostname: "127.0.0.1", port }).then(() => true));
  await attempt("reaches the network", () => fetch("http://127.0.0.1:" + port).then(() => true));
  await attempt("starts programs", () => programs.spawnSync(process.execPath, ["--version"]).status === 0);
  await attempt("starts programs", () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync().success);
  await attempt("keeps things for the next call", () => {
    const wasThere = localStorage.getItem("left") !== null;
    localStorage.setItem("left", "1");
    return wasThere;
  });
  await attempt("keeps things for the next call", async () => {
    const cache = await caches.open("left");
    const wasThere = (await cache.match("http://left.example/")) !== undefined;
    await cache.put("http://left.example/", new Response("1"));
    return wasThere;
  });
  return done;
}
export function loop() { for (;;); }
export function hoard() {
  const kept = [];
  let bytes = 0;
  try {
    for (; bytes < ${HOARD_BYTES}; bytes += 2 ** 24) kept.push(new Uint8Array(2 ** 24).fill(1));
  } catch {}
  kept.length = 0;
  return String(bytes);
}
`;

/**
 * What does not hold in a place: an empty list means that it was proved. Probes of our own try there what foreign code
 * must not be able to do, against a file, a server and a process that are there to be found.
 */
export async function faultsOf(place: ScriptPlace): Promise<readonly string[]> {
  const canary = plantCanary();
  try {
    const args = [canary.file, canary.port, process.pid];
    // Twice, for the second one is to find what the first one has left.
    const succeeded = [...(await probed(place, args)), ...(await probed(place, args))];
    const faults = [...new Set(succeeded)].map((what) => `code in it ${what}`);
    const seen = faults.length > 0 ? faults : canary.touched();
    return seen.length > 0 ? seen : [...(await loops(place)), ...(await hoards(place))];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await canary.close();
  }
}

async function probed(place: ScriptPlace, args: readonly Json[]): Promise<readonly string[]> {
  const answer = await called(place, { name: "probe", args, timeoutMs: PROBE_MS });
  const text = answer.kind === "line" && typeof answer.line["text"] === "string" ? answer.line["text"] : undefined;
  if (text === undefined) throw new Error(`Its probe did not answer: ${said(answer)}`);
  const found: unknown = JSON.parse(text);
  return Array.isArray(found) ? found.filter((what) => PROBES.includes(what)) : PROBES;
}

async function loops(place: ScriptPlace): Promise<readonly string[]> {
  const answer = await called(place, { name: "loop", args: [], timeoutMs: LOOP_MS });
  const isEnded = answer.kind === "lost" ? answer.how === "late" : answer.line["isLate"] === true;
  return isEnded ? [] : [`an endless loop was not ended: ${said(answer)}`];
}

async function hoards(place: ScriptPlace): Promise<readonly string[]> {
  const answer = await called(place, { name: "hoard", args: [], timeoutMs: PROBE_MS });
  if (answer.kind === "lost")
    return answer.how === "died" ? [] : [`its memory was not limited in time: ${said(answer)}`];
  const isLimited = typeof answer.line["error"] === "string" || Number(answer.line["text"]) <= place.memoryBytes;
  return isLimited ? [] : ["its memory has no limit"];
}

interface Probe {
  readonly name: string;
  readonly args: readonly Json[];
  readonly timeoutMs: number;
}

async function called(place: ScriptPlace, { name, args, timeoutMs }: Probe): Promise<WorkerAnswer> {
  const worker = await place.open(async () => null, null);
  try {
    const given = args.map((value) => [value]);
    const message = {
      language: "typescript",
      code: ATTEMPTS,
      name,
      args: given,
      noNetwork: "none",
      textMax: 10_000,
      timeoutMs,
    };
    return await worker.call({ message, timeoutMs, signal: new AbortController().signal });
  } finally {
    await worker.close();
  }
}

function said(answer: WorkerAnswer): string {
  if (answer.kind === "lost") return answer.reason;
  return isRecord(answer.line) ? String(answer.line["error"] ?? answer.line["text"]) : "nothing";
}

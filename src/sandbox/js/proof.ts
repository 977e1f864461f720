import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRecord, type Json } from "../../core/json.ts";
import type { WorkerAnswer } from "../jail.ts";
import type { ScriptPlace } from "./bun-place.ts";

const WORD = "canary";
/** How long a probe may take. */
const PROBE_MS = 10_000;
/** After this an endless loop must be gone. */
const LOOP_MS = 300;
/** What the hoarding probe tries to get. */
const HOARD_BYTES = 4 * 1024 ** 3;
const PROBES = [
  "reads files",
  "writes files",
  "sees processes",
  "reaches the network",
  "starts programs",
  "sees the environment",
];

/** Tries everything that a jail must refuse, and answers what succeeded. It stands by itself: it is sent into the jail. */
const ATTEMPTS = `
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
export async function probe(canary, port, server) {
  const done = [];
  const attempt = async (what, does) => { try { if (await does()) done.push(what); } catch {} };
  await attempt("reads files", () => readFileSync(canary, "utf8") !== "");
  await attempt("reads files", () => readFileSync("/etc/passwd", "utf8") !== "");
  await attempt("writes files", () => (writeFileSync(canary + ".out", "x"), true));
  await attempt("sees processes", () => readdirSync("/proc").filter((name) => Number(name) > 0).length > 3);
  await attempt("sees processes", () => process.kill(server, 0) && server > 3);
  await attempt("sees the environment", () => Object.keys(process.env).length > 0);
  await attempt("reaches the network", () => new Promise((resolve) => {
    Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, open() { resolve(true); }, connectError() { resolve(false); } } })
      .catch(() => resolve(false));
  }));
  await attempt("reaches the network", () => fetch("http://127.0.0.1:" + port).then(() => true));
  await attempt("starts programs", () => Bun.spawnSync([process.execPath, "--version"]).exitCode === 0);
  globalThis.left = (globalThis.left ?? 0) + 1;
  return done;
}
export function loop() { for (;;); }
export function hoard() {
  const kept = [];
  for (let bytes = 0; bytes < ${HOARD_BYTES}; bytes += 2 ** 26) kept.push(new Uint8Array(2 ** 26).fill(1));
  return kept.length;
}
`;

/**
 * What does not hold in a place: an empty list means that it was proved. Probes of our own try there what foreign code
 * must not be able to do, against a file, a server and a process that are there to be found.
 */
export async function faultsOf(place: ScriptPlace): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "selkie-proof-"));
  const server = createServer((socket) => socket.end());
  try {
    const canary = join(folder, WORD);
    writeFileSync(canary, WORD);
    const port = await listening(server);
    const succeeded = await probed(place, [canary, port, process.pid]);
    const faults = [...new Set(succeeded)].map((what) => `code in it ${what}`);
    if (readFileSync(canary, "utf8") !== WORD) faults.push("code in it changes files");
    if (faults.length > 0) return faults;
    return [...(await loops(place)), ...(await hoards(place))];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
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
  return answer.kind === "lost" && answer.how === "late" ? [] : [`an endless loop was not ended: ${said(answer)}`];
}

async function hoards(place: ScriptPlace): Promise<readonly string[]> {
  const answer = await called(place, { name: "hoard", args: [], timeoutMs: PROBE_MS });
  const isRefused = answer.kind === "lost" ? answer.how === "died" : typeof answer.line["error"] === "string";
  return isRefused ? [] : ["its memory has no limit"];
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
    const message = { language: "typescript", code: ATTEMPTS, name, args: given, noNetwork: "none", textMax: 10_000 };
    return await worker.call({ message, timeoutMs, signal: new AbortController().signal });
  } finally {
    await worker.close();
  }
}

function said(answer: WorkerAnswer): string {
  if (answer.kind === "lost") return answer.reason;
  return isRecord(answer.line) ? String(answer.line["error"] ?? answer.line["text"]) : "nothing";
}

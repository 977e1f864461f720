// Does what README says, as a newcomer would: starts the server, talks to it with the official client, kills it
// without warning, starts it again and asks what it was told. Last line: "N passed, N failed".
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBun } from "./command.ts";
import { firstSteps } from "./readme.ts";
import { summaryLine } from "./tally.ts";

/** The first start may install and build. */
const START_MS_MAX = 240_000;
const STOP_MS_MAX = 10_000;
const POLL_MS = 50;
const ROOT = join(import.meta.dir, "..");
/** Inside the project, so that the client is found where it is installed. */
const PROGRAM = join(ROOT, "dist/smoke/otter.ts");

interface Running {
  readonly url: string;
  /** What the processes printed so far, for a person who has to find out why. */
  output(): Promise<string>;
  /** Sends the signal to the server and to everything that started it, as a terminal's Ctrl-C does. */
  signal(name: "SIGKILL" | "SIGTERM"): void;
  /** Whether all of them are gone. */
  isGone(): boolean;
}

let passed = 0;
let failed = 0;

/** Runs one check, prints its line, and returns whether it held. */
async function check(name: string, work: () => Promise<void>): Promise<boolean> {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    await work();
    passed++;
    console.log(`ok    ${name} (${seconds()})`);
    return true;
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name} (${seconds()}): ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function until(what: string, limitMs: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} took longer than ${limitMs / 1000} s`);
    await Bun.sleep(POLL_MS);
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function start(command: readonly string[], port: number, data: string): Running {
  const log = Bun.file(join(data, "..", "server.log"));
  const server = Bun.spawn([...command], {
    cwd: ROOT,
    env: { ...process.env, SELKIE_PORT: String(port), SELKIE_DATA: data },
    stdin: "ignore",
    stdout: log,
    stderr: log,
    // A process group of its own.
    detached: true,
  });
  const send = (name: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-server.pid, name);
    } catch {
      return false;
    }
  };
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => log.text(),
    signal: send,
    isGone: () => !send(0),
  };
}

async function healthy(running: Running): Promise<void> {
  await until("the first answer", START_MS_MAX, async () => {
    if (running.isGone()) throw new Error(`the server ended:\n${await running.output()}`);
    return isHealthy(running.url);
  });
}

/** Runs README's program against the server and returns what it printed. */
async function say(program: string, url: string, text: string): Promise<string> {
  mkdirSync(join(PROGRAM, ".."), { recursive: true });
  writeFileSync(PROGRAM, program.replace("http://127.0.0.1:8283", url));
  const { code, output } = await runBun([PROGRAM, text], ROOT);
  if (code !== 0 || output.trim() === "") throw new Error(`the program ended with ${code}:\n${output}`);
  return output;
}

async function smoke(command: readonly string[], program: string, says: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "selkie-smoke-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const [tell = "", ask = ""] = says;
  const name = /called (\w+)/.exec(tell)?.[1] ?? tell;
  const port = await freePort();
  let running = start(command, port, data);
  try {
    if (!(await check("the server starts", () => healthy(running)))) return;
    await check("an agent is made and told something", async () => void (await say(program, running.url, tell)));
    await check("the server is killed and starts again", async () => {
      running.signal("SIGKILL");
      await until("dying", STOP_MS_MAX, () => running.isGone());
      running = start(command, port, data);
      await healthy(running);
    });
    await check("the agent remembers", async () => {
      const answer = await say(program, running.url, ask);
      if (!answer.includes(name)) throw new Error(`'${name}' is not in its answer: ${answer}`);
    });
    await check("the server stops when it is told to", async () => {
      running.signal("SIGTERM");
      await until("stopping", STOP_MS_MAX, () => running.isGone());
    });
  } finally {
    running.signal("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(PROGRAM, ".."), { recursive: true, force: true });
  }
}

const steps = firstSteps();
await smoke(steps.start, steps.program, steps.says);
console.log(summaryLine({ passed, failed, skipped: 0 }));
process.exit(failed === 0 ? 0 : 1);

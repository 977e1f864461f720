import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Newcomer, newcomer } from "./newcomer.ts";
import { firstSteps } from "./readme.ts";
import { EMPTY_TALLY, type Tally } from "./tally.ts";

/** The first start downloads Bun and the packages, and builds. */
const START_MS_MAX = 240_000;
const STOP_MS_MAX = 10_000;
const TALK_MS_MAX = 60_000;
const POLL_MS = 50;

/** A command that was started, with everything that it started. */
interface Running {
  readonly url: string;
  /** The process that was started first, such as npx. */
  readonly pid: number;
  /** What the processes printed so far, for a person who has to find out why. */
  output(): Promise<string>;
  /** Sends the signal to the server and to everything that started it, as a terminal's Ctrl-C does. */
  signal(name: "SIGKILL" | "SIGINT"): void;
  /** Whether all of them are gone. */
  isGone(): boolean;
}

type Check = (name: string, work: () => Promise<void>) => Promise<boolean>;

/** Runs each check, prints its line, and counts it. */
function counting(): { readonly check: Check; tally(): Tally } {
  let tally = EMPTY_TALLY;
  const check: Check = async (name, work) => {
    const start = performance.now();
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
    try {
      await work();
      tally = { ...tally, passed: tally.passed + 1 };
      console.log(`ok    ${name} (${seconds()})`);
      return true;
    } catch (error) {
      tally = { ...tally, failed: tally.failed + 1 };
      console.log(`FAIL  ${name} (${seconds()}): ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  return { check, tally: () => tally };
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

function start(command: readonly string[], { clone, folder, environment }: Newcomer, port: number): Running {
  const log = Bun.file(join(folder, "server.log"));
  const server = Bun.spawn([...command], {
    cwd: clone,
    env: { ...environment, SELKIE_PORT: String(port), SELKIE_DATA: join(folder, "data") },
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
    pid: server.pid,
    output: () => log.text(),
    signal: send,
    isGone: () => !send(0),
  };
}

async function gone(running: Running): Promise<void> {
  await until("stopping", STOP_MS_MAX, () => running.isGone());
}

async function says(running: Running, words: string): Promise<void> {
  await until(`"${words}"`, START_MS_MAX, async () => {
    const output = await running.output();
    if (running.isGone()) throw new Error(`the server ended:\n${output}`);
    return output.includes(words);
  });
}

async function healthy(running: Running): Promise<void> {
  await until("the first answer", START_MS_MAX, async () => {
    if (running.isGone()) throw new Error(`the server ended:\n${await running.output()}`);
    return isHealthy(running.url);
  });
}

/** Opens the server as a browser does; its pages are inside the executable. */
async function shown(url: string): Promise<void> {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  const page = await response.text();
  if (!page.includes("All is well")) throw new Error(`${response.status}: ${page}`);
}

/** Runs one of README's commands that talk to the server and returns what it printed. */
async function talk(command: readonly string[], { clone, environment }: Newcomer): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd: clone,
    env: { ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TALK_MS_MAX,
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0 || out.trim() === "") throw new Error(`the program ended with ${code}:\n${out}${err}`);
  return out;
}

/**
 * Does what README says as a newcomer would, in a clone where nothing was ever installed: starts the server, talks to
 * it with the official client, kills it without warning, starts it again and asks what it was told; stops it by a
 * signal to npx alone, and kills starts in the middle.
 */
export async function smoke(): Promise<Tally> {
  const { check, tally } = counting();
  const steps = firstSteps();
  const [tell = [], ask = []] = steps.talk;
  const name = /called (\w+)/.exec(tell.at(-1) ?? "")?.[1] ?? "";
  const person = newcomer();
  const port = await freePort();
  let running = start(steps.start, person, port);
  const again = async () => {
    await gone(running);
    running = start(steps.start, person, port);
  };
  try {
    if (!(await check("the first start installs, builds and answers", () => healthy(running)))) return tally();
    await check("a browser is shown the first page", () => shown(running.url));
    writeFileSync(join(person.clone, "otter.ts"), steps.program.replace("http://127.0.0.1:8283", running.url));
    await check("an agent is made and told something", async () => void (await talk(tell, person)));
    await check("the server is killed and starts again", async () => {
      running.signal("SIGKILL");
      await again();
      await healthy(running);
    });
    await check("the agent remembers", async () => {
      const answer = await talk(ask, person);
      if (name === "" || !answer.includes(name)) throw new Error(`'${name}' is not in its answer: ${answer}`);
    });
    await check("a signal to npx alone stops the server", async () => {
      process.kill(running.pid, "SIGTERM");
      await gone(running);
    });
    await check("starts that are killed while they install and build are made up for by the next", async () => {
      for (const folder of ["node_modules", "dist"]) rmSync(join(person.clone, folder), { recursive: true });
      for (const cutAt of ["installing packages", "building the executable"]) {
        await again();
        await says(running, cutAt);
        running.signal("SIGKILL");
      }
      await again();
      await healthy(running);
    });
    await check("Ctrl-C stops the server, which says so", async () => {
      running.signal("SIGINT");
      await gone(running);
      const output = await running.output();
      if (!output.includes("stopping")) throw new Error(`it said no word of stopping:\n${output}`);
    });
  } finally {
    running.signal("SIGKILL");
    person.remove();
  }
  return tally();
}

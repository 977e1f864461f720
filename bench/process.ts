import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Clock ticks a second in /proc; 100 on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far. */
export interface ProcessUse {
  /** User and system time together. */
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** Reads what a process has used from /proc; Linux only. */
export function useOf(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, rssMb: rssKb / 1024 };
}

/** Waits until `url` answers; throws after `limitMs`. Returns how long it took. */
export async function untilAnswers(url: string, limitMs: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    try {
      const response = await fetch(url);
      if (response.ok) return performance.now() - start;
    } catch {
      // Not listening yet.
    }
    if (performance.now() - start > limitMs) throw new Error(`${url} did not answer within ${limitMs} ms`);
    await Bun.sleep(1);
  }
}

/** The value below which `part` (0..1) of the sorted samples lie. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** A server of ours with a model server and a data folder of its own. */
export interface BenchServer {
  /** What it was started from. */
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly modelUrl: string;
  readonly modelPid: number;
  /** Ends both, and removes the folder. */
  stop(): Promise<void>;
}

/** What a {@link BenchServer} is made of. */
export interface BenchServerOptions {
  /** A built server; the sources when absent. */
  readonly executable?: string | undefined;
  /** The file of the model server. */
  readonly model: string;
  /** What the model server takes behind its port. */
  readonly modelArguments?: readonly string[];
  /** The model server listens on it, the server on the next. */
  readonly port: number;
}

/** Starts a {@link BenchServer}; both answer when it resolves. */
export async function startBenchServer({ executable, model, ...options }: BenchServerOptions): Promise<BenchServer> {
  const { modelArguments = [], port } = options;
  const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
  const quiet = { stdout: "ignore", stderr: "inherit" } as const;
  const command = executable === undefined ? [process.execPath, "src/app/main.ts"] : [executable];
  const [modelUrl, url] = [`http://127.0.0.1:${port}/v1`, `http://127.0.0.1:${port + 1}`];
  const answers = Bun.spawn([process.execPath, model, String(port), ...modelArguments], quiet);
  const server = Bun.spawn([...command, "serve", "--port", String(port + 1), "--data", directory], {
    ...quiet,
    env: { ...process.env, OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: modelUrl },
  });
  const stop = async () => {
    server.kill();
    answers.kill();
    await server.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilAnswers(`${modelUrl}/models`, 10_000);
    await untilAnswers(`${url}/v1/health`, 10_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: command.join(" "), url, pid: server.pid, modelUrl, modelPid: answers.pid, stop };
}

/** One of two servers that are compared. */
export interface Side {
  readonly server: BenchServer;
  /** Has it do some work, and tells how many messages or tokens that was. */
  readonly slice: () => Promise<number>;
}

/** How long two servers are compared. */
export interface Comparison {
  /** Slices of each before anything is counted, until compiling has settled. */
  readonly warmUpSlices: number;
  readonly rounds: number;
  /** Slices of each in a round. */
  readonly slices: number;
}

/**
 * Drives two servers in turn, a slice of one and a slice of the other, so that what else the machine does meets both.
 * Gives for each the CPU per message or token of every round, in microseconds: what it put off until the other had its
 * turn is counted, too.
 */
export async function compare(sides: readonly [Side, Side], { warmUpSlices, rounds, slices }: Comparison) {
  const inTurn = async (count: number) => {
    const done = [0, 0];
    for (let slice = 0; slice < count; slice++)
      for (const [index, side] of sides.entries()) done[index] = (done[index] ?? 0) + (await side.slice());
    return done;
  };
  await inTurn(warmUpSlices);
  const costs: number[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const before = sides.map(({ server }) => useOf(server.pid).cpuMs);
    const done = await inTurn(slices);
    for (const [index, { server }] of sides.entries())
      costs[index]?.push(((useOf(server.pid).cpuMs - (before[index] ?? 0)) * 1000) / (done[index] ?? 0));
  }
  const [ours, against] = costs.map((each, index) => ({
    server: sides[index]?.server.name,
    cpuUs: each,
    medianCpuUs: percentile(each, 0.5),
    rssMb: useOf(sides[index]?.server.pid ?? 0).rssMb,
  }));
  return { ours, against, ratio: (ours?.medianCpuUs ?? Number.NaN) / (against?.medianCpuUs ?? Number.NaN) };
}

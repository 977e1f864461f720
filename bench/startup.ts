// How soon the executable answers with many agents stored, and what it then occupies; against an empty database.
// Usage: bun bench/startup.ts [--executable dist/selkie] [--agents 10000] [--starts 10]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSettings } from "../src/app/command/settings.ts";
import { listen } from "../src/app/serving/serve.ts";
import { percentile, untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string", default: "dist/selkie" },
    agents: { type: "string", default: "10000" },
    starts: { type: "string", default: "10" },
  },
});
const PORT = 9320;
const root = mkdtempSync(join(tmpdir(), "selkie-bench-"));

async function fill(directory: string, agents: number): Promise<void> {
  const listening = await listen(readSettings({ data: directory, port: "0" }, {}));
  const body = { model: "selkie/rehearsal", memory_blocks: [{ label: "human", value: "Ada" }] };
  for (let made = 0; made < agents; made += 100) {
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    await Promise.all(Array.from({ length: 100 }, () => fetch(`${listening.url}/v1/agents/`, request)));
  }
  await listening.stop();
}

async function start(directory: string): Promise<{ readonly firstAnswerMs: number; readonly rssMb: number }> {
  const began = performance.now();
  const server = Bun.spawn([values.executable, "serve", "--port", String(PORT), "--data", directory], {
    stdout: "ignore",
    stderr: "ignore",
    env: {},
  });
  await untilAnswers(`http://127.0.0.1:${PORT}/v1/health`, 10_000);
  const firstAnswerMs = performance.now() - began;
  const { rssMb } = useOf(server.pid);
  server.kill();
  await server.exited;
  return { firstAnswerMs, rssMb };
}

async function measure(directory: string) {
  const samples = [];
  for (let index = 0; index < Number(values.starts); index++) samples.push(await start(directory));
  const times = samples.map((sample) => sample.firstAnswerMs);
  return {
    firstAnswerMs: { min: Math.min(...times), p50: percentile(times, 0.5), max: Math.max(...times) },
    rssMb: Math.max(...samples.map((sample) => sample.rssMb)),
  };
}

try {
  const full = join(root, "full");
  await fill(full, Number(values.agents));
  const empty = await measure(join(root, "empty"));
  const filled = await measure(full);
  console.log(JSON.stringify({ empty, filled, agents: Number(values.agents) }, null, 2));
} finally {
  rmSync(root, { recursive: true, force: true });
}

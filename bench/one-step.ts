// What one message costs: a blocking send with a model that answers at once, against a relay that stores nothing.
// Usage: bun bench/one-step.ts [--executable dist/selkie] [--messages 2000] [--connections 8]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { percentile, untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string" },
    messages: { type: "string", default: "2000" },
    connections: { type: "string", default: "8" },
  },
});
const messages = Number(values.messages);
const connections = Number(values.connections);
const [modelPort, relayPort, serverPort] = [9310, 9311, 9312];
const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
const bun = process.execPath;
const quiet = { stdout: "ignore", stderr: "inherit" } as const;
const modelUrl = `http://127.0.0.1:${modelPort}/v1`;
const command = values.executable === undefined ? [bun, "src/app/main.ts"] : [values.executable];

const model = Bun.spawn([bun, "bench/instant-model.ts", String(modelPort)], quiet);
const relay = Bun.spawn([bun, "bench/bare-relay.ts", String(relayPort), modelUrl], quiet);
const server = Bun.spawn([...command, "serve", "--port", String(serverPort), "--data", directory], {
  ...quiet,
  env: { ...process.env, OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: modelUrl },
});

interface Figures {
  readonly cpuMsPerMessage: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

async function drive(pid: number, send: (index: number) => Promise<Response>): Promise<Figures> {
  for (let index = 0; index < 200; index++) await (await send(index)).text();
  const before = useOf(pid);
  const start = performance.now();
  const times: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let index = next++; index < messages; index = next++) {
        const sent = performance.now();
        const response = await send(index);
        const text = await response.text();
        if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 200)}`);
        times.push(performance.now() - sent);
      }
    }),
  );
  const after = useOf(pid);
  return {
    cpuMsPerMessage: (after.cpuMs - before.cpuMs) / messages,
    perSecond: (messages * 1000) / (performance.now() - start),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    rssMb: after.rssMb,
  };
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

try {
  await untilAnswers(`${modelUrl}/models`, 10_000);
  await untilAnswers(`http://127.0.0.1:${relayPort}/`, 10_000);
  const url = `http://127.0.0.1:${serverPort}`;
  await untilAnswers(`${url}/v1/health`, 10_000);
  const ids: string[] = [];
  // Many agents, each with a short history: what a server with users looks like.
  for (let index = 0; index < 100; index++) {
    const agent = (await (
      await post(`${url}/v1/agents/`, {
        name: `a${index}`,
        model: "openai/gpt-4o-mini",
        memory_blocks: [{ label: "human", value: "Ada" }],
      })
    ).json()) as { id: string };
    ids.push(agent.id);
  }
  const body = { messages: [{ role: "user", content: "hello" }] };
  const bare = await drive(relay.pid, () => post(`http://127.0.0.1:${relayPort}/`, body));
  const ours = await drive(server.pid, (index) => post(`${url}/v1/agents/${ids[index % ids.length]}/messages`, body));
  const idle = await drive(server.pid, (index) => fetch(`${url}/v1/agents/${ids[index % ids.length]}`));
  console.log(
    JSON.stringify(
      { relay: bare, oneStep: ours, getAgent: idle, cpuRatio: ours.cpuMsPerMessage / bare.cpuMsPerMessage },
      null,
      2,
    ),
  );
} finally {
  for (const process of [server, relay, model]) process.kill();
  await server.exited;
  rmSync(directory, { recursive: true, force: true });
}

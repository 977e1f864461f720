// What one message costs: a blocking send with a model that answers at once, against a relay that stores nothing.
// Usage: bun bench/one-step.ts [--executable dist/selkie] [--messages 2000] [--connections 8]
// With --against EXECUTABLE [--rounds 3] [--warm-up 2000] it is compared with another server instead, a hundred messages
// of one and a hundred of the other in turn: --messages is how many each gets in a round, --warm-up before the first.
import { parseArgs } from "node:util";
import { type BenchServer, compare, percentile, type Side, startBenchServer, untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string" },
    against: { type: "string" },
    rounds: { type: "string", default: "3" },
    "warm-up": { type: "string", default: "2000" },
    messages: { type: "string", default: "2000" },
    connections: { type: "string", default: "8" },
  },
});
const messages = Number(values.messages);
const connections = Number(values.connections);
const [port, relayPort, otherPort] = [9310, 9312, 9313];
/** Messages that one server gets before the other has its turn. */
const SLICE_MESSAGES = 100;
const AGENTS = 100;
const MODEL = "bench/instant-model.ts";

interface Figures {
  readonly cpuMsPerMessage: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

type Send = (index: number) => Promise<Response>;

/** Sends so many and gives how long each took, in milliseconds. */
async function sendAll(count: number, send: Send): Promise<readonly number[]> {
  const times: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let index = next++; index < count; index = next++) {
        const sent = performance.now();
        const response = await send(index);
        const text = await response.text();
        if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 200)}`);
        times.push(performance.now() - sent);
      }
    }),
  );
  return times;
}

async function drive(pid: number, send: Send): Promise<Figures> {
  for (let index = 0; index < 200; index++) await (await send(index)).text();
  const before = useOf(pid);
  const start = performance.now();
  const times = await sendAll(messages, send);
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

const BODY = { messages: [{ role: "user", content: "hello" }] };

/** Many agents, each with a short history: what a server with users looks like. */
async function makeAgents({ url }: BenchServer): Promise<readonly string[]> {
  const paths: string[] = [];
  for (let index = 0; index < AGENTS; index++) {
    const agent = (await (
      await post(`${url}/v1/agents/`, {
        name: `a${index}`,
        model: "openai/gpt-4o-mini",
        memory_blocks: [{ label: "human", value: "Ada" }],
      })
    ).json()) as { id: string };
    paths.push(`${url}/v1/agents/${agent.id}`);
  }
  return paths;
}

async function alone(server: BenchServer): Promise<object> {
  const quiet = { stdout: "ignore", stderr: "inherit" } as const;
  const relay = Bun.spawn([process.execPath, "bench/bare-relay.ts", String(relayPort), server.modelUrl], quiet);
  try {
    await untilAnswers(`http://127.0.0.1:${relayPort}/`, 10_000);
    const agents = await makeAgents(server);
    const bare = await drive(relay.pid, () => post(`http://127.0.0.1:${relayPort}/`, BODY));
    const ours = await drive(server.pid, (index) => post(`${agents[index % AGENTS]}/messages`, BODY));
    const idle = await drive(server.pid, (index) => fetch(`${agents[index % AGENTS]}`));
    return { relay: bare, oneStep: ours, getAgent: idle, cpuRatio: ours.cpuMsPerMessage / bare.cpuMsPerMessage };
  } finally {
    relay.kill();
  }
}

async function sideOf(server: BenchServer): Promise<Side> {
  const agents = await makeAgents(server);
  const send: Send = (index) => post(`${agents[index % AGENTS]}/messages`, BODY);
  return { server, slice: async () => (await sendAll(SLICE_MESSAGES, send)).length };
}

async function inTurn(server: BenchServer, executable: string): Promise<object> {
  const other = await startBenchServer({ executable, model: MODEL, port: otherPort });
  try {
    const slicesOf = (count: string) => Math.ceil(Number(count) / SLICE_MESSAGES);
    return await compare([await sideOf(server), await sideOf(other)], {
      warmUpSlices: slicesOf(values["warm-up"]),
      rounds: Number(values.rounds),
      slices: slicesOf(values.messages),
    });
  } finally {
    await other.stop();
  }
}

const server = await startBenchServer({ executable: values.executable, model: MODEL, port });
try {
  const figures = await (values.against === undefined ? alone(server) : inTurn(server, values.against));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await server.stop();
}

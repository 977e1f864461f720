// What streaming costs: the delay added to the first token and the CPU of each token, with many streams at once;
// against the model server itself.
// Usage: bun bench/streams.ts [--executable dist/selkie] [--streams 200] [--tokens 100] [--gap 25] [--rounds 3]
// With --against EXECUTABLE [--warm-up 2] it is compared with another server instead: in every round each has all its
// streams while the other has none, after so many rounds that are not counted.
import { parseArgs } from "node:util";
import { type BenchServer, compare, percentile, type Side, startBenchServer, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string" },
    against: { type: "string" },
    "warm-up": { type: "string", default: "2" },
    streams: { type: "string", default: "200" },
    tokens: { type: "string", default: "100" },
    gap: { type: "string", default: "25" },
    rounds: { type: "string", default: "3" },
  },
});
const streams = Number(values.streams);
const tokens = Number(values.tokens);
const rounds = Number(values.rounds);
const [port, otherPort] = [9340, 9342];
const MODEL = { model: "bench/paced-model.ts", modelArguments: [values.tokens, values.gap] };

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** One stream: how long the first token took beyond what the model itself took, and how many bytes of text came. */
async function readStream(target: string, body: object): Promise<{ readonly addedMs: number; readonly words: number }> {
  const sent = now();
  const response = await fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const decoder = new TextDecoder();
  let text = "";
  let addedMs = Number.NaN;
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (Number.isNaN(addedMs)) {
      const first = /"content":"(\d+\.?\d*) (\d+\.?\d*) /.exec(text);
      if (first !== null) addedMs = now() - sent - (Number(first[2]) - Number(first[1]));
    }
  }
  if (!text.includes("[DONE]")) throw new Error("The stream was cut");
  return { addedMs, words: text.match(/word\d+/g)?.length ?? 0 };
}

type Open = (index: number) => Promise<{ readonly addedMs: number; readonly words: number }>;

/** All streams, once: what was added to the first token of each, and how many tokens came. */
async function wave(open: Open): Promise<{ readonly addedMs: readonly number[]; readonly tokens: number }> {
  const results = await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      // Spread over a second: people do not all press the key at once.
      await Bun.sleep((index * 1000) / streams);
      return open(index);
    }),
  );
  return {
    addedMs: results.map((result) => result.addedMs),
    tokens: results.reduce((sum, { words }) => sum + words + 1, 0),
  };
}

async function measure(pid: number, open: Open) {
  const added: number[] = [];
  let read = 0;
  const before = useOf(pid);
  for (let round = 0; round < rounds; round++) {
    const all = await wave(open);
    added.push(...all.addedMs);
    read += all.tokens;
  }
  const after = useOf(pid);
  return {
    firstTokenAddedMs: { p50: percentile(added, 0.5), p99: percentile(added, 0.99) },
    cpuUsPerToken: ((after.cpuMs - before.cpuMs) * 1000) / read,
    tokens: read,
    expected: streams * tokens * rounds,
    rssMb: after.rssMb,
  };
}

/** Opens a stream of an agent of its own. */
async function streamsOf({ url }: BenchServer): Promise<Open> {
  const ids: string[] = [];
  for (let index = 0; index < streams; index++) {
    const response = await fetch(`${url}/v1/agents/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }] }),
    });
    ids.push(((await response.json()) as { id: string }).id);
  }
  const turn = {
    messages: [{ role: "user", content: "hello" }],
    streaming: true,
    stream_tokens: true,
    background: true,
  };
  return (index) => readStream(`${url}/v1/agents/${ids[index]}/messages`, turn);
}

async function alone(server: BenchServer): Promise<object> {
  const open = await streamsOf(server);
  const chat = { model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: "hello" }] };
  const direct = await measure(server.modelPid, () => readStream(`${server.modelUrl}/chat/completions`, chat));
  return { streams, gapMs: Number(values.gap), direct, ours: await measure(server.pid, open) };
}

async function sideOf(server: BenchServer): Promise<Side> {
  const open = await streamsOf(server);
  return { server, slice: async () => (await wave(open)).tokens };
}

async function inTurn(server: BenchServer, executable: string): Promise<object> {
  const other = await startBenchServer({ ...MODEL, executable, port: otherPort });
  try {
    const warmUpSlices = Number(values["warm-up"]);
    return await compare([await sideOf(server), await sideOf(other)], { warmUpSlices, rounds, slices: 1 });
  } finally {
    await other.stop();
  }
}

const server = await startBenchServer({ ...MODEL, executable: values.executable, port });
try {
  const figures = await (values.against === undefined ? alone(server) : inTurn(server, values.against));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await server.stop();
}

// What streaming costs: the delay added to the first token and the CPU of each token, with many streams at once;
// against the model server itself.
// Usage: bun bench/streams.ts [--executable dist/selkie] [--streams 200] [--tokens 100] [--gap 25] [--rounds 3]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { percentile, untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string" },
    streams: { type: "string", default: "200" },
    tokens: { type: "string", default: "100" },
    gap: { type: "string", default: "25" },
    rounds: { type: "string", default: "3" },
  },
});
const streams = Number(values.streams);
const tokens = Number(values.tokens);
const [modelPort, serverPort] = [9340, 9341];
const modelUrl = `http://127.0.0.1:${modelPort}/v1`;
const url = `http://127.0.0.1:${serverPort}`;
const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
const bun = process.execPath;
const quiet = { stdout: "ignore", stderr: "inherit" } as const;
const command = values.executable === undefined ? [bun, "src/app/main.ts"] : [values.executable];

const model = Bun.spawn([bun, "bench/paced-model.ts", String(modelPort), values.tokens, values.gap], quiet);
const server = Bun.spawn([...command, "serve", "--port", String(serverPort), "--data", directory], {
  ...quiet,
  env: { ...process.env, OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: modelUrl },
});

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

async function measure(
  pid: number,
  open: (index: number) => Promise<{ readonly addedMs: number; readonly words: number }>,
) {
  const added: number[] = [];
  let words = 0;
  const before = useOf(pid);
  for (let round = 0; round < Number(values.rounds); round++) {
    const results = await Promise.all(
      Array.from({ length: streams }, async (_, index) => {
        // Spread over a second: people do not all press the key at once.
        await Bun.sleep((index * 1000) / streams);
        return open(index);
      }),
    );
    for (const result of results) {
      added.push(result.addedMs);
      words += result.words + 1;
    }
  }
  const after = useOf(pid);
  return {
    firstTokenAddedMs: { p50: percentile(added, 0.5), p99: percentile(added, 0.99) },
    cpuUsPerToken: ((after.cpuMs - before.cpuMs) * 1000) / words,
    tokens: words,
    expected: streams * tokens * Number(values.rounds),
    rssMb: after.rssMb,
  };
}

try {
  await untilAnswers(`${modelUrl}/models`, 10_000);
  await untilAnswers(`${url}/v1/health`, 10_000);
  const ids: string[] = [];
  for (let index = 0; index < streams; index++) {
    const response = await fetch(`${url}/v1/agents/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }] }),
    });
    ids.push(((await response.json()) as { id: string }).id);
  }
  const chat = { model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: "hello" }] };
  const turn = {
    messages: [{ role: "user", content: "hello" }],
    streaming: true,
    stream_tokens: true,
    background: true,
  };
  const direct = await measure(model.pid, () => readStream(`${modelUrl}/chat/completions`, chat));
  const ours = await measure(server.pid, (index) => readStream(`${url}/v1/agents/${ids[index]}/messages`, turn));
  console.log(JSON.stringify({ streams, gapMs: Number(values.gap), direct, ours }, null, 2));
} finally {
  server.kill();
  model.kill();
  await server.exited;
  rmSync(directory, { recursive: true, force: true });
}

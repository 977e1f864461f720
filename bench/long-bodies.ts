// How long a server leaves others waiting while one client sends the largest bodies that it takes, a shape at a time.
// Usage: bun bench/long-bodies.ts [--executable dist/selkie] [--port 21411] [--only PART-OF-NAME] [--megabytes 31]
//        [--model selkie/rehearsal|openai/gpt-4o]
// "held" is what the server's main thread worked while the slowest look at its health waited: it says more than the wait
// where the machine has other things to do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string", default: "dist/selkie" },
    port: { type: "string", default: "21411" },
    only: { type: "string", default: "" },
    megabytes: { type: "string", default: "31" },
    model: { type: "string", default: "selkie/rehearsal" },
  },
});
/** How long the health is looked at after the answer: work goes on behind it. */
const AFTER_MS = 1_500;
/** How long one body may take in all. */
const ANSWER_MS_MAX = 120_000;
const BYTES = Number(values.megabytes) * 1024 * 1024;
const url = `http://127.0.0.1:${values.port}`;

const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
const modelPort = Number(values.port) + 1;
const quiet = { stdout: "ignore", stderr: "inherit" } as const;
const model = Bun.spawn([process.execPath, "bench/instant-model.ts", String(modelPort)], quiet);
const server = Bun.spawn([values.executable, "serve", "--port", values.port, "--data", directory], {
  ...quiet,
  env: { SELKIE_LOG: "error", OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: `http://127.0.0.1:${modelPort}/v1` },
});

// In a thread of its own: this one is busy with making and sending bodies.
const watcher = new Worker(
  URL.createObjectURL(
    new Blob([
      `const { readFileSync } = require("node:fs");
       let worst = { ms: 0, heldMs: 0 };
       self.onmessage = () => { self.postMessage(worst); worst = { ms: 0, heldMs: 0 }; };
       const worked = () => Number(readFileSync("/proc/${server.pid}/task/${server.pid}/schedstat", "utf8").split(" ")[0]) / 1e6;
       for (;;) {
         const before = worked();
         const began = performance.now();
         await fetch("${url}/v1/health").then((r) => r.text()).catch(() => {});
         const ms = performance.now() - began;
         worst = { ms: Math.max(worst.ms, ms), heldMs: Math.max(worst.heldMs, worked() - before) };
         await Bun.sleep(5);
       }`,
    ]),
  ),
);
interface Worst {
  readonly ms: number;
  readonly heldMs: number;
}

const worstHealth = () =>
  new Promise<Worst>((resolve) => {
    watcher.onmessage = (event: MessageEvent<Worst>) => resolve(event.data);
    watcher.postMessage("");
  });

async function send(method: string, path: string, body: string) {
  const bytes = new TextEncoder().encode(body);
  await worstHealth();
  const before = useOf(server.pid).cpuMs;
  const began = performance.now();
  const response = await fetch(url + path, {
    method,
    body: bytes,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const answer = await response.text();
  const answerMs = performance.now() - began;
  await Bun.sleep(AFTER_MS);
  const cpuMs = useOf(server.pid).cpuMs - before;
  return { status: response.status, answer, answerMs, cpuMs, health: await worstHealth() };
}

const fill = (piece: string, bytes = BYTES) => piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));
const list = (item: string, count: number) => `[${fill(`${item},`, (Buffer.byteLength(item) + 1) * count)}${item}]`;
const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join(",")}}`;
const TEXTS: Readonly<Record<string, string>> = {
  "one word": fill("a"),
  words: fill("the quick brown fox 42 jumps. "),
  names: fill("My name is Ada Lovelace and I live in Paris. "),
  lines: fill("a\\n"),
  spaces: fill(" "),
  punctuation: fill("!?.,;"),
  chinese: fill("\u6211\u559c\u6b22\u732b"),
  emoji: fill("\u{1f600}"),
  escapes: fill("\\u0041"),
  angles: fill("<think>"),
  quotes: fill('\\"'),
};

/** A name, a method, a path and what makes the body. */
type Shape = readonly [string, string, string, () => string];

function shapes(agent: string, archive: string): readonly Shape[] {
  const messages = `/v1/agents/${agent}/messages`;
  const message = (content: string) => `{"messages":[{"role":"user","content":${content}}]}`;
  const perText = Object.entries(TEXTS).flatMap(([name, text]) => [
    [`message of ${name}`, "POST", messages, () => message(`"${text}"`)] as const,
    [`passage of ${name}`, "POST", `/v1/agents/${agent}/archival-memory`, () => `{"text":"${text}"}`] as const,
    [`remember ${name}`, "POST", `/v1/agents/${agent}/memory/remember`, () => `{"text":"${text}"}`] as const,
    [`block of ${name}`, "POST", "/v1/blocks/", () => `{"label":"x","limit":99999999,"value":"${text}"}`] as const,
    [
      `agent's block of ${name}`,
      "PATCH",
      `/v1/agents/${agent}/core-memory/blocks/human`,
      () => `{"limit":99999999,"value":"${text}"}`,
    ] as const,
    [`tool of ${name}`, "POST", "/v1/tools/", () => `{"source_code":"def f():\\n  ${text}"}`] as const,
  ]);
  return [
    ["brackets", "POST", "/v1/agents/", () => fill("[")],
    ["objects in objects", "POST", "/v1/agents/", () => fill('{"a":')],
    ["brackets in a string", "POST", "/v1/blocks/", () => `{"label":"x","value":"${fill("[{,:")}"}`],
    ["1.6 million keys", "POST", "/v1/agents/", () => keys(1_600_000)],
    ["metadata of 1.6 million keys", "POST", "/v1/agents/", () => `{"metadata":${keys(1_600_000)}}`],
    ["numbers", "POST", "/v1/agents/", () => list("1", 15_000_000)],
    ["messages that are numbers", "POST", messages, () => `{"messages":${list("1", 15_000_000)}}`],
    ["messages that are empty", "POST", messages, () => `{"messages":${list("{}", 10_000_000)}}`],
    [
      "9,000 messages",
      "POST",
      messages,
      () => `{"messages":${list('{"role":"user","content":"hello there"}', 9_000)}}`,
    ],
    ...manyTexts(messages),
    ["parts", "POST", messages, () => message(list('{"type":"text","text":"hi"}', 900_000))],
    [
      "image",
      "POST",
      messages,
      () =>
        message(
          `[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo${fill("A", BYTES - 400)}"}}]`,
        ),
    ],
    [
      "1,000 passages",
      "POST",
      `/v1/archives/${archive}/passages/batch`,
      () => `{"passages":${list(`{"text":"${fill("I met Ada in Paris. ", 30_000)}"}`, 999)}}`,
    ],
    ["tags", "POST", "/v1/agents/", () => `{"tags":${list('"t"', 5_000_000)}}`],
    ["a system text", "POST", "/v1/agents/", () => `{"model":"${values.model}","system":"${fill("Be kind. ")}"}`],
    ["a description", "POST", "/v1/agents/", () => `{"model":"${values.model}","description":"${fill("x")}"}`],
    ["a schema", "POST", "/v1/tools/", () => `{"source_code":"def f(): pass","json_schema":${keys(50_000)}}`],
    ["a question", "POST", `/v1/agents/${agent}/memory/recall`, () => `{"query":"${fill("who is Ada ")}"}`],
    ["a search", "POST", "/v1/passages/search", () => `{"query":"${fill("who is Ada ")}"}`],
    ["a search for messages", "POST", "/v1/messages/search", () => `{"query":"${fill("who is Ada ")}"}`],
    [
      "chat completions",
      "POST",
      "/v1/chat/completions",
      () => `{"model":"${agent}","messages":[{"role":"user","content":"${fill("hello ")}"}]}`,
    ],
    ...perText,
  ];
}

/** Bodies of many texts that are long together. */
function manyTexts(messages: string): readonly Shape[] {
  const said = (bytes: number) => `{"role":"user","content":"${fill("hello there ", bytes)}"}`;
  const longKeys = `{${Array.from({ length: 49_000 }, (_, i) => `"k${i}":"${fill("v", BYTES / 49_000 - 20)}"`).join(",")}}`;
  const tenBlocks = Array.from(
    { length: 10 },
    (_, i) => `{"label":"b${i}","limit":99999999,"value":"${fill("<think>", BYTES / 10 - 100)}"}`,
  ).join(",");
  const message = (content: string) => `{"messages":[{"role":"user","content":${content}}]}`;
  return [
    ["9,000 long messages", "POST", messages, () => `{"messages":${list(said(BYTES / 9_000 - 100), 8_999)}}`],
    [
      "three longest messages",
      "POST",
      messages,
      () => `{"messages":${list(said(Math.min(BYTES / 3, 10_000_000) - 100), 2)}}`,
    ],
    ["24,000 parts", "POST", messages, () => message(list(`{"type":"text","text":"${fill("hi ", 1_200)}"}`, 23_999))],
    [
      "metadata of 49,000 long values",
      "POST",
      "/v1/agents/",
      () => `{"model":"${values.model}","metadata":${longKeys}}`,
    ],
    [
      "tools of the client's",
      "POST",
      messages,
      () =>
        `{"input":"hi","client_tools":${list(`{"name":"t","description":"${fill("look up ", 60_000)}","parameters":{}}`, 499)}}`,
    ],
    ["ten blocks of angles", "POST", "/v1/agents/", () => `{"model":"${values.model}","memory_blocks":[${tenBlocks}]}`],
  ];
}

async function made(path: string, body: object): Promise<string> {
  const response = await fetch(url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  const { id } = (await response.json()) as { readonly id: string };
  return id;
}

try {
  await untilAnswers(`${url}/v1/health`, 10_000);
  const draft = { model: values.model, memory_blocks: [{ label: "human", value: "Ada" }] };
  const archive = await made("/v1/archives/", { name: "bench" });
  for (const [name, method, path, body] of shapes("AGENT", archive)) {
    if (!name.includes(values.only)) continue;
    // Each shape meets an agent of its own, that knows nothing of the others.
    const agent = await made("/v1/agents/", draft);
    const { status, answer, answerMs, cpuMs, health } = await send(
      method,
      path.replace("AGENT", agent),
      body().replace('"model":"AGENT"', `"model":"${agent}"`),
    );
    const told = status >= 400 ? answer.slice(0, 90) : "";
    console.log(
      `${health.ms.toFixed(0).padStart(6)} ms health  ${health.heldMs.toFixed(0).padStart(5)} ms held  ${answerMs.toFixed(0).padStart(6)} ms answer  ${String(cpuMs).padStart(6)} ms cpu  ${status}  ${name}  ${told}`,
    );
  }
} finally {
  server.kill();
  model.kill();
  await server.exited;
  rmSync(directory, { recursive: true, force: true });
}
process.exit();

// Kills the server at random moments of streaming turns with tools, and checks what is left: nothing acknowledged is
// lost or doubled, no run is stuck, every transcript is valid, every stream continues exactly where it was cut.
// Usage: bun bench/crash.ts [--kills 100] [--executable dist/selkie] [--seed 1]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { untilAnswers } from "./process.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    executable: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const KILLS = Number(values.kills);
const AGENTS = 6;
const PORT = 9330;
const SETTLE_MS_MAX = 5_000;
const url = `http://127.0.0.1:${PORT}`;
const directory = mkdtempSync(join(tmpdir(), "selkie-crash-"));
const command = values.executable === undefined ? [process.execPath, "src/app/main.ts"] : [values.executable];

/** Numbers that the same seed gives again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = seeded(Number(values.seed));

const problems: string[] = [];
const counts = {
  kills: 0,
  turnsStarted: 0,
  turnsCut: 0,
  resumed: 0,
  toolCalls: 0,
  eventsChecked: 0,
  slowestSettleMs: 0,
};

interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
}

/** What is wrong with a conversation as a provider sees it: every call must have exactly one answer right after it. */
function transcriptProblem(messages: readonly ChatMessage[]): string | undefined {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id ?? ""))
        return `an answer to ${message.tool_call_id} that nobody asked for`;
      open = open.filter((id) => id !== message.tool_call_id);
    } else {
      if (open.length > 0) return `no answer to ${open.join(", ")}`;
      open = (message.tool_calls ?? []).map((call) => call.id);
    }
  }
  return open.length > 0 ? `no answer to ${open.join(", ")} at the end` : undefined;
}

/** Calls a memory tool for every new message, then talks slowly. */
const model = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  async fetch(request) {
    if (request.url.endsWith("/models")) return Response.json({ data: [{ id: "gpt-4o-mini" }] });
    const { messages } = (await request.json()) as { messages: readonly ChatMessage[] };
    const problem = transcriptProblem(messages);
    if (problem !== undefined) problems.push(`The model was sent a broken transcript: ${problem}`);
    const lastUser = messages.findLastIndex((message) => message.role === "user");
    const mark = /mark-\d+/.exec(JSON.stringify(messages[lastUser]?.content))?.[0] ?? "mark-none";
    const answered = messages.slice(lastUser).some((message) => message.role === "tool");
    return answered ? slowWords(mark) : toolCall(mark);
  },
});

function chunk(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

const END = `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } })}\n\ndata: [DONE]\n\n`;

function toolCall(mark: string): Response {
  const call = {
    index: 0,
    id: "call_0",
    type: "function",
    function: {
      name: "memory_insert",
      arguments: JSON.stringify({ label: "human", new_string: mark, insert_line: -1 }),
    },
  };
  const text = chunk({ role: "assistant", tool_calls: [call] }) + chunk({}, "tool_calls") + END;
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

function slowWords(mark: string): Response {
  const words = Array.from({ length: 25 }, (_, index) => `${mark}/${index} `);
  const body = new ReadableStream<string>({
    async start(controller) {
      controller.enqueue(chunk({ role: "assistant", content: "" }));
      for (const word of words) {
        controller.enqueue(chunk({ content: word }));
        await Bun.sleep(4);
      }
      controller.enqueue(chunk({}, "stop") + END);
      controller.close();
    },
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/event-stream" } });
}

function startServer() {
  return Bun.spawn([...command, "serve", "--port", String(PORT), "--data", directory], {
    stdout: "ignore",
    stderr: "inherit",
    env: { ...process.env, OPENAI_API_KEY: "sk-none", OPENAI_API_BASE: `http://127.0.0.1:${model.port}/v1` },
  });
}

// biome-ignore lint/suspicious/noExplicitAny: answers are checked by what is looked up in them
async function json(path: string, body?: object): Promise<any> {
  const response = await fetch(
    `${url}${path}`,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** One turn as its client saw it. */
interface SeenTurn {
  readonly agentId: string;
  readonly mark: string;
  runId: string | undefined;
  /** Whether anything of an answer arrived: then the input is acknowledged. */
  acknowledged: boolean;
  finished: boolean;
  /** Data lines, in the order they came. */
  readonly lines: string[];
}

async function readLines(response: Response, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body ?? []) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) take(line.slice(6));
  }
}

async function talk(turn: SeenTurn): Promise<void> {
  const body = {
    messages: [{ role: "user", content: turn.mark }],
    streaming: true,
    stream_tokens: true,
    background: true,
  };
  try {
    const response = await fetch(`${url}/v1/agents/${turn.agentId}/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      if (response.status !== 409) problems.push(`${turn.mark}: ${response.status} ${await response.text()}`);
      return;
    }
    await readLines(response, (line) => {
      turn.acknowledged = true;
      turn.lines.push(line);
      if (line === "[DONE]") turn.finished = true;
      else turn.runId ??= JSON.parse(line).run_id;
    });
  } catch {
    // The server was killed under it.
  }
}

async function settled(agentIds: readonly string[]): Promise<void> {
  const start = performance.now();
  for (;;) {
    const lists = await Promise.all(agentIds.map((id) => json(`/v1/runs/?agent_id=${id}&active=true&limit=1000`)));
    if (lists.every((runs) => runs.length === 0)) break;
    if (performance.now() - start > SETTLE_MS_MAX) {
      problems.push(
        `Runs were still at work ${SETTLE_MS_MAX} ms after the restart: ${lists.flat().map((run) => run.id)}`,
      );
      return;
    }
    await Bun.sleep(20);
  }
  counts.slowestSettleMs = Math.max(counts.slowestSettleMs, performance.now() - start);
}

/** The whole stream of a run must begin with what its client saw, and asking from there must give exactly the rest. */
async function checkStream(turn: SeenTurn): Promise<void> {
  if (turn.runId === undefined) return;
  const whole = await stream(turn.runId, 0);
  const seen = turn.lines;
  if (JSON.stringify(whole.slice(0, seen.length)) !== JSON.stringify(seen))
    problems.push(`${turn.mark}: the log does not begin with what was seen`);
  const numbers = whole.flatMap((line) => /"seq_id":(\d+)/.exec(line)?.[1] ?? []).map(Number);
  if (numbers.some((number, index) => number !== index + 1)) problems.push(`${turn.mark}: the numbers have a gap`);
  if (whole.at(-1) !== "[DONE]") problems.push(`${turn.mark}: the stream has no end`);
  const rest = await stream(turn.runId, seen.length);
  if (JSON.stringify(rest) !== JSON.stringify(whole.slice(seen.length)))
    problems.push(`${turn.mark}: the continuation is not the rest`);
  counts.resumed += turn.finished ? 0 : 1;
  counts.eventsChecked += whole.length;
}

async function stream(runId: string, startingAfter: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const response = await fetch(`${url}/v1/runs/${runId}/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ starting_after: startingAfter }),
  });
  await readLines(response, (line) => lines.push(line));
  return lines;
}

function times(text: string, part: string): number {
  return text.split(part).length - 1;
}

async function checkHistory(turn: SeenTurn): Promise<void> {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const messages: any[] = await json(`/v1/agents/${turn.agentId}/messages?limit=1000&order=desc`);
  const asked = messages.filter(
    (message) => message.message_type === "user_message" && message.content === turn.mark,
  ).length;
  if (asked > 1 || (turn.acknowledged && asked === 0)) problems.push(`${turn.mark}: stored ${asked} times`);
  const returns = messages.filter(
    (message) => message.message_type === "tool_return_message" && message.tool_return.split("\n").at(-1) === turn.mark,
  ).length;
  const block = await json(`/v1/agents/${turn.agentId}/core-memory/blocks/human`);
  const written = times(`${block.value}\n`, `${turn.mark}\n`);
  if (written !== returns || written > 1)
    problems.push(`${turn.mark}: the tool answered ${returns} times and wrote ${written} times`);
  if (asked === 1 && written !== 1) problems.push(`${turn.mark}: the turn did not finish its tool`);
  counts.toolCalls += written;
}

let nextMark = 0;
let server = startServer();
try {
  await untilAnswers(`${url}/v1/health`, 10_000);
  const agentIds: string[] = [];
  for (let index = 0; index < AGENTS; index++) {
    agentIds.push(
      (
        await json("/v1/agents/", {
          model: "openai/gpt-4o-mini",
          memory_blocks: [{ label: "human", value: "", limit: 100_000_000 }],
        })
      ).id,
    );
  }
  for (let kill = 0; kill < KILLS; kill++) {
    const turns = agentIds.map(
      (agentId): SeenTurn => ({
        agentId,
        mark: `mark-${nextMark++}`,
        runId: undefined,
        acknowledged: false,
        finished: false,
        lines: [],
      }),
    );
    const talking = turns.map(async (turn) => {
      await Bun.sleep(random() * 60);
      await talk(turn);
    });
    await Bun.sleep(random() * 220);
    server.kill(9);
    await server.exited;
    await Promise.all(talking);
    counts.kills++;
    counts.turnsStarted += turns.filter((turn) => turn.acknowledged).length;
    counts.turnsCut += turns.filter((turn) => turn.acknowledged && !turn.finished).length;
    server = startServer();
    await untilAnswers(`${url}/v1/health`, 10_000);
    await settled(agentIds);
    for (const turn of turns) {
      await checkHistory(turn);
      await checkStream(turn);
    }
    if (kill % 10 === 9) console.error(`${kill + 1} kills, ${counts.turnsCut} turns cut, ${problems.length} problems`);
  }
} finally {
  server.kill(9);
  await server.exited;
  await model.stop(true);
  rmSync(directory, { recursive: true, force: true });
}
console.log(JSON.stringify({ ...counts, problems: problems.length, first: problems.slice(0, 10) }, null, 2));
process.exit(problems.length === 0 ? 0 : 1);

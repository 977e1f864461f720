// Kills the server at random moments of streaming turns with tools, and checks what is left: nothing acknowledged is
// lost or doubled, no run is stuck, every transcript is valid, every stream continues exactly where it was cut. Some
// agents call a tool of their client, which answers, and answers once more when it cannot know whether it was heard.
// Usage: bun bench/crash.ts [--kills 100] [--executable dist/selkie] [--seed 1] [--port 9330]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLIENT_TOOL, startCrashModel } from "./crash-model.ts";
import { untilAnswers } from "./process.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    executable: { type: "string" },
    seed: { type: "string", default: "1" },
    port: { type: "string", default: "9330" },
  },
});
const KILLS = Number(values.kills);
const AGENTS = 6;
/** Agents from this one on call their client's tool. */
const FIRST_WITH_CLIENT_TOOL = 3;
const SETTLE_MS_MAX = 5_000;
const url = `http://127.0.0.1:${values.port}`;
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
  answersCut: 0,
  resumed: 0,
  toolCalls: 0,
  eventsChecked: 0,
  slowestSettleMs: 0,
};

const model = startCrashModel((problem) => problems.push(problem));

function startServer() {
  return Bun.spawn([...command, "serve", "--port", values.port, "--data", directory], {
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

/** A stream as its client saw it. */
interface SeenStream {
  runId: string | undefined;
  /** Whether anything of an answer arrived: then what was sent is acknowledged. */
  acknowledged: boolean;
  finished: boolean;
  /** Data lines, in the order they came. */
  readonly lines: string[];
}

/** One turn: what was said to an agent, and, when the agent called its client's tool, what the client answered. */
interface SeenTurn {
  readonly agentId: string;
  readonly mark: string;
  readonly hasClientTool: boolean;
  readonly said: SeenStream;
  readonly answered: SeenStream;
}

function unseen(): SeenStream {
  return { runId: undefined, acknowledged: false, finished: false, lines: [] };
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

/** Sends one message of a turn and follows its stream, until it ends or the server dies. */
async function send({ agentId, mark, hasClientTool }: SeenTurn, message: object, seen: SeenStream): Promise<void> {
  const tools = hasClientTool ? [{ name: CLIENT_TOOL, parameters: { type: "object", properties: {} } }] : [];
  const body = { messages: [message], streaming: true, stream_tokens: true, background: true, client_tools: tools };
  try {
    const response = await fetch(`${url}/v1/agents/${agentId}/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      problems.push(`${mark}: ${response.status} ${await response.text()}`);
      return;
    }
    await readLines(response, (line) => {
      seen.acknowledged = true;
      seen.lines.push(line);
      if (line === "[DONE]") seen.finished = true;
      else seen.runId ??= JSON.parse(line).run_id;
    });
  } catch {
    // The server was killed under it.
  }
}

async function talk(turn: SeenTurn): Promise<void> {
  await send(turn, { role: "user", content: turn.mark }, turn.said);
  const asked = turn.said.lines.find((line) => line.includes('"approval_request_message"'));
  if (turn.said.finished && asked !== undefined)
    await send(turn, answerTo(turn, JSON.parse(asked).tool_call.tool_call_id), turn.answered);
}

/** What the client says of its tool, always under the same name, so that it can say it again. */
function answerTo({ mark }: SeenTurn, callId: string): object {
  const approval = { type: "tool", tool_call_id: callId, tool_return: `seen ${mark}`, status: "success" };
  return { type: "approval", otid: `answer-${mark}`, approvals: [approval] };
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
async function checkStream(mark: string, seen: SeenStream): Promise<void> {
  if (seen.runId === undefined) return;
  const whole = await stream(seen.runId, 0);
  if (JSON.stringify(whole.slice(0, seen.lines.length)) !== JSON.stringify(seen.lines))
    problems.push(`${mark}: the log does not begin with what was seen`);
  const numbers = whole.flatMap((line) => /"seq_id":(\d+)/.exec(line)?.[1] ?? []).map(Number);
  if (numbers.some((number, index) => number !== index + 1)) problems.push(`${mark}: the numbers have a gap`);
  if (whole.at(-1) !== "[DONE]") problems.push(`${mark}: the stream has no end`);
  // The end has no number, and is said again to whoever asks.
  const numbered = seen.lines.filter((line) => line !== "[DONE]").length;
  const rest = await stream(seen.runId, numbered);
  if (JSON.stringify(rest) !== JSON.stringify(whole.slice(numbered)))
    problems.push(`${mark}: the continuation is not the rest`);
  counts.resumed += seen.finished ? 0 : 1;
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

// biome-ignore lint/suspicious/noExplicitAny: as above
function historyOf({ agentId }: SeenTurn): Promise<any[]> {
  return json(`/v1/agents/${agentId}/messages?limit=200&order=desc`);
}

/** Answers a request that was left open, again when the answer may have been lost on its way. */
async function answerOpen(turn: SeenTurn): Promise<void> {
  const asked = (await historyOf(turn)).find(
    (message) =>
      message.message_type === "approval_request_message" && JSON.parse(message.tool_call.arguments).mark === turn.mark,
  );
  if (asked === undefined || turn.answered.finished) return;
  const again = unseen();
  await send(turn, answerTo(turn, asked.tool_call.tool_call_id), again);
  if (!again.finished) problems.push(`${turn.mark}: the answer to its call was not taken`);
  if (turn.answered.runId !== undefined && turn.answered.runId !== again.runId)
    problems.push(`${turn.mark}: one answer became two runs`);
}

async function checkHistory(turn: SeenTurn): Promise<void> {
  const messages = await historyOf(turn);
  const ofType = (type: string) => messages.filter((message) => message.message_type === type);
  const asked = ofType("user_message").filter((message) => message.content === turn.mark).length;
  if (asked > 1 || (turn.said.acknowledged && asked === 0)) problems.push(`${turn.mark}: stored ${asked} times`);
  const replies = ofType("assistant_message").filter((message) => message.content.startsWith(`${turn.mark}/0 `)).length;
  if (replies !== asked) problems.push(`${turn.mark}: replied ${replies} times to ${asked}`);
  const expected = turn.hasClientTool ? `seen ${turn.mark}` : turn.mark;
  const returns = ofType("tool_return_message").filter(
    (message) => message.tool_return.split("\n").at(-1) === expected,
  ).length;
  if (asked === 1 && returns !== 1) problems.push(`${turn.mark}: the tool answered ${returns} times`);
  if (!turn.hasClientTool) await checkWritten(turn, returns);
  counts.toolCalls += returns;
}

/** What the memory tool wrote must be as often as it answered. */
async function checkWritten({ agentId, mark }: SeenTurn, returns: number): Promise<void> {
  const block = await json(`/v1/agents/${agentId}/core-memory/blocks/human`);
  const written = times(`${block.value}\n`, `${mark}\n`);
  if (written !== returns) problems.push(`${mark}: the tool answered ${returns} times and wrote ${written} times`);
}

async function newAgents(): Promise<readonly string[]> {
  const draft = {
    model: "openai/gpt-4o-mini",
    memory_blocks: [{ label: "human", value: "", limit: 100_000_000 }],
  };
  const made = await Promise.all(Array.from({ length: AGENTS }, () => json("/v1/agents/", draft)));
  return made.map((agent) => agent.id);
}

let nextMark = 0;
let server = startServer();

/** One life of the server, and what is left of it in the next. */
async function killOnce(agentIds: readonly string[]): Promise<void> {
  const turns = agentIds.map(
    (agentId, index): SeenTurn => ({
      agentId,
      mark: `mark-${nextMark++}`,
      hasClientTool: index >= FIRST_WITH_CLIENT_TOOL,
      said: unseen(),
      answered: unseen(),
    }),
  );
  const talking = turns.map(async (turn) => {
    await Bun.sleep(random() * 60);
    await talk(turn);
  });
  await Bun.sleep(random() * 260);
  server.kill(9);
  await server.exited;
  await Promise.all(talking);
  counts.kills++;
  counts.turnsStarted += turns.filter(({ said }) => said.acknowledged).length;
  counts.turnsCut += turns.filter(({ said }) => said.acknowledged && !said.finished).length;
  counts.answersCut += turns.filter(({ answered }) => answered.acknowledged && !answered.finished).length;
  server = startServer();
  await untilAnswers(`${url}/v1/health`, 10_000);
  await settled(agentIds);
  for (const turn of turns) {
    await checkStream(turn.mark, turn.said);
    await checkStream(turn.mark, turn.answered);
    if (turn.hasClientTool) await answerOpen(turn);
    await checkHistory(turn);
  }
}

try {
  await untilAnswers(`${url}/v1/health`, 10_000);
  const agentIds = await newAgents();
  for (let kill = 0; kill < KILLS; kill++) {
    await killOnce(agentIds);
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

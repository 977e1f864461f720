import { type Answered, type Clients, checkStatus, messagesPath, pause, walk } from "./clients.ts";
import type { ApiRequest } from "./network.ts";
import type { KnownAgent, SentTurn } from "./oracle.ts";
import { CLIENT_TOOL, drawPlan, type PlannedTools } from "./plan.ts";
import type { StreamReader } from "./run-book.ts";
import { callsOf } from "./wire.ts";

/** Times that a named message is sent when no answer comes. */
const SENDS_MAX = 4;
/** Messages that are read at once. */
const PAGE = 50;
/** Times that a broken stream is asked for again. */
const RECONNECTS_MAX = 12;

/** How a message is sent: answered when all is done, streamed step by step or token by token, or only begun. */
export type SendMode = "blocking" | "steps" | "tokens" | "background" | "async";

const CLIENT_TOOLS = [
  {
    name: CLIENT_TOOL,
    description: "Looks outside",
    parameters: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
  },
];

/** Sends a new message to an agent, again when it has a name and no answer came. */
export async function sendMessage(
  clients: Clients,
  agent: KnownAgent,
  mode: SendMode,
  tools: PlannedTools = "any",
): Promise<SentTurn> {
  const { random, oracle, options } = clients;
  const mark = `mk-${agent.number}-${oracle.turns.length};`;
  const hasClientTool = mode !== "async" && tools === "any" && random.chance(0.4);
  const wanted = tools === "any" && !hasClientTool ? "server" : tools;
  const plan = drawPlan(random.fork(`plan ${mark}`), mark, agent.number, wanted);
  const otid = options.namesMessages ? random.uuid() : null;
  const turn: SentTurn = {
    plan,
    otid,
    isAcknowledged: false,
    isUnclear: false,
    runId: undefined,
    showsSteps: mode === "steps",
  };
  oracle.addTurn(turn);
  const content = `${mark} ${random.pick(["hello", "日本語 🦭", "a\nb"])}`;
  const messages = [{ role: "user", content, ...(otid === null ? {} : { otid }) }];
  const body = { messages, ...(hasClientTool ? { client_tools: CLIENT_TOOLS } : {}) };
  await delivered(clients, agent, { turn, mode, body });
  return turn;
}

interface Delivery {
  readonly turn: SentTurn;
  readonly mode: SendMode;
  readonly body: object;
}

async function delivered(clients: Clients, agent: KnownAgent, { turn, mode, body }: Delivery): Promise<void> {
  for (let sends = 0; sends < SENDS_MAX; sends++) {
    const end = await sendOnce(clients, agent, { turn, mode, body });
    const isRepeated = end === "answered" && turn.isAcknowledged && sends === 0 && clients.random.chance(0.1);
    if (isRepeated && turn.otid !== null) clients.faults.applied("message sent twice");
    else if (end === "answered") return;
    if (end === "lost" && turn.otid === null) return;
    await pause(clients);
  }
}

async function sendOnce(
  clients: Clients,
  agent: KnownAgent,
  delivery: Delivery,
): Promise<"answered" | "lost" | "unsent"> {
  const { turn, mode, body } = delivery;
  const isAsync = mode === "async" && agent.conversationId === null;
  if (isAsync || mode === "async" || mode === "blocking") {
    const path = `${messagesPath(agent)}${isAsync ? "/async" : ""}`;
    const request: ApiRequest = { method: "POST", path, body: isAsync ? body : { ...body, streaming: false } };
    const answer = await clients.network.call(request);
    if (answer.kind === "lost") turn.isUnclear = true;
    if (answer.kind === "answered") heard(clients, turn, request, answer);
    return answer.kind;
  }
  const background = mode === "background";
  const request: ApiRequest = {
    method: "POST",
    path: messagesPath(agent),
    body: { ...body, streaming: true, stream_tokens: mode === "tokens" || background, background },
  };
  return streamed(clients, turn, request, background);
}

/** Takes in what an answer says of a turn. */
function heard({ oracle }: Clients, turn: SentTurn, request: ApiRequest, answer: Answered): void {
  checkStatus(oracle, request, answer);
  if (answer.status === 200) {
    turn.isAcknowledged = true;
    const { id } = answer.body as { id?: string };
    if (request.path.endsWith("/async") && id !== undefined) turn.runId = id;
    return;
  }
  // A conflict is told before anything is stored; a model's failure after it.
  if (answer.status !== 409) turn.isUnclear = true;
}

/** Reads the stream of a new run, and goes on reading where it broke. */
async function streamed(
  clients: Clients,
  turn: SentTurn,
  request: ApiRequest,
  isNumbered: boolean,
): Promise<"answered" | "lost" | "unsent"> {
  const { network, random, oracle } = clients;
  const reader = oracle.runs.reader(undefined, 0, isNumbered);
  const leaveAt = random.chance(0.3) ? 1 + random.int(12) : Number.POSITIVE_INFINITY;
  const take = (line: string) => {
    reader.take(line);
    turn.isAcknowledged = true;
    turn.runId = reader.runId();
  };
  const end = await network.stream(request, take, () => reader.position() >= leaveAt);
  if (end.kind === "answered") heard(clients, turn, request, end);
  if (end.kind === "whole") reader.closed();
  if (end.kind === "answered" || end.kind === "whole") return "answered";
  if (end.kind === "unsent") return "unsent";
  if (end.kind === "left") clients.faults.applied("reader left");
  if (reader.runId() !== undefined) {
    await readOn(clients, reader);
    return "answered";
  }
  turn.isUnclear = true;
  return "lost";
}

/** Asks for the rest of a run's stream until it has come to its end. */
export async function readOn(clients: Clients, start: StreamReader): Promise<void> {
  const { network, random, oracle, faults } = clients;
  const runId = start.runId();
  let position = start.position();
  for (let tries = 0; tries < RECONNECTS_MAX && runId !== undefined; tries++) {
    await pause(clients);
    const reader = oracle.runs.reader(runId, position, true);
    const leaveAt = random.chance(0.2) ? position + 1 + random.int(8) : Number.POSITIVE_INFINITY;
    const request: ApiRequest = {
      method: "POST",
      path: `/v1/runs/${runId}/stream`,
      body: { starting_after: position },
    };
    const end = await network.stream(request, reader.take, () => reader.position() >= leaveAt);
    if (end.kind === "answered") checkStatus(oracle, request, end);
    if (end.kind === "whole") reader.closed();
    if (end.kind === "answered" || end.kind === "whole") return;
    if (end.kind === "cut") faults.applied("stream continued");
    position = reader.position();
  }
}

/** Answers the approval that an agent waits for, if any; the client's own tool is run, others are allowed or not. */
export async function answerApproval(clients: Clients, agent: KnownAgent): Promise<void> {
  const { network, random, oracle } = clients;
  const messages = await walk(clients, agent, PAGE);
  const asking = messages.findLast((message) => message.message_type === "approval_request_message");
  if (asking === undefined) return;
  const approvals = callsOf(asking).map(({ name, tool_call_id }) =>
    name === CLIENT_TOOL
      ? { type: "tool", tool_call_id, tool_return: "rain", status: "success" }
      : { type: "approval", tool_call_id, approve: random.chance(0.8) },
  );
  const request: ApiRequest = {
    method: "POST",
    path: messagesPath(agent),
    body: { messages: [{ type: "approval", approvals }], client_tools: CLIENT_TOOLS, streaming: false },
  };
  const answer = await network.call(request);
  if (answer.kind === "answered") checkStatus(oracle, request, answer);
}

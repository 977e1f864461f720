import { statementOf } from "../judge/fact-checks.ts";
import type { KnownAgent, SentTurn } from "../judge/oracle.ts";
import type { StreamReader } from "../judge/run-book.ts";
import { fills } from "../plan/options.ts";
import { CLIENT_TOOL, drawPlan, type Plan, type PlannedTools } from "../plan/plan.ts";
import { HOOK_URL } from "../servers/hook-server.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import { UNSPEAKABLE } from "../servers/unspeakable.ts";
import type { ApiRequest } from "../world/network.ts";
import { type Answered, type Clients, checkStatus, messagesPath, pause, walk } from "./clients.ts";
import { callsOf, type WireMessage, type WireUsage } from "./wire.ts";

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
  const { random, oracle, options, faults } = clients;
  const mark = `mk-${agent.number}-${oracle.turns.length};`;
  const hasClientTool = tools === "client" || (mode !== "async" && tools === "any" && random.chance(0.4));
  const wanted = tools === "any" && !hasClientTool ? "server" : tools;
  const drawn = drawPlan(random.fork(`plan ${mark}`), mark, agent.number, {
    tools: wanted,
    hasAfar: options.hasAfarTools,
  });
  const refusals = random.fork(`refusals ${mark}`);
  const isUnspeakable = () => faults.chance(refusals, options.unspeakableRate);
  const override = faults.chance(random, options.overrideRate) ? otherModelOf(agent) : null;
  const plan = isUnspeakable() ? { ...drawn, replies: unspeakable(drawn.replies) } : drawn;
  const isRefused = isUnspeakable();
  const turn: SentTurn = {
    plan,
    otid: options.namesMessages ? random.uuid() : null,
    isAcknowledged: false,
    isUnclear: false,
    failedWith: undefined,
    runId: undefined,
    showsSteps: mode === "steps",
    copies: 1,
    mayBeForgotten: isRefused,
    isUnspeakable: isRefused,
    mayBeLost: options.unspeakableRate > 0,
    isOver: false,
    models: new Set([override?.model ?? agent.model]),
    maxSteps: faults.chance(random, options.overrideRate) ? 1 + random.int(3) : null,
    wantsCallback: isAsync(agent, mode) && random.chance(options.callbackRate),
  };
  oracle.addTurn(turn);
  const words = random.pick(["hello", "日本語 🦭", "a\nb"]);
  const text = `${mark} ${words}${isRefused ? ` ${UNSPEAKABLE}` : ""}${options.learns ? statementOf(mark) : ""}`;
  const isTold = random.fork(`told ${mark}`).chance(0.4);
  const wishes = { text, override, hasClientTool, hearsOfCompactions: fills(options) && isTold };
  await delivered(clients, agent, { turn, mode, body: bodyOf(clients, turn, wishes) });
  turn.isOver = true;
  return turn;
}

/** Replies of which the last holds what the provider refuses to read again. */
function unspeakable(replies: Plan["replies"]): Plan["replies"] {
  return replies.map((reply, index) =>
    index === replies.length - 1 ? { ...reply, text: `${reply.text} ${UNSPEAKABLE}` } : reply,
  );
}

interface Wishes {
  readonly text: string;
  readonly override: { readonly handle: string } | null;
  readonly hasClientTool: boolean;
  readonly hearsOfCompactions: boolean;
}

function bodyOf({ options }: Clients, turn: SentTurn, wishes: Wishes): SendBody {
  const { text, override, hasClientTool, hearsOfCompactions } = wishes;
  const { otid, maxSteps, wantsCallback, plan } = turn;
  return {
    messages: [{ role: "user", content: text, ...(otid === null ? {} : { otid }) }],
    ...(hasClientTool ? { client_tools: CLIENT_TOOLS } : {}),
    ...(hearsOfCompactions ? { include_compaction_messages: true } : {}),
    ...(override === null ? {} : { override_model: override.handle }),
    ...(maxSteps === null ? {} : { max_steps: maxSteps }),
    ...(wantsCallback ? { callback_url: `${HOOK_URL}${plan.mark}` } : {}),
    ...(options.approvalTimeoutS === null ? {} : { approval_timeout_seconds: options.approvalTimeoutS }),
  };
}

/** The other model of the provider that the agent uses. */
function otherModelOf({ model }: KnownAgent) {
  for (const [provider, [first, second]] of Object.entries(MODEL_NAMES))
    if (first === model) return { model: second, handle: `${provider}/${second}` };
  return null;
}

function isAsync({ conversationId }: KnownAgent, mode: SendMode): boolean {
  return mode === "async" && conversationId === null;
}

/** A request that sends a message. */
interface SendBody {
  readonly messages: readonly object[];
}

interface Delivery {
  readonly turn: SentTurn;
  readonly mode: SendMode;
  readonly body: SendBody;
}

/** However a message was sent at first, it may be sent again in another way, and after a failure under another name. */
async function delivered(clients: Clients, agent: KnownAgent, delivery: Delivery): Promise<void> {
  const { turn } = delivery;
  const { random, faults } = clients;
  let { mode, body } = delivery;
  for (let sends = 0; sends < SENDS_MAX; sends++) {
    const end = await sendOnce(clients, agent, { turn, mode, body });
    if (end === "lost") faults.applied("message of unknown fate");
    const again = end === "answered" ? repeated(clients, turn, body, sends) : body;
    if (again === undefined || (end === "lost" && turn.otid === null)) return;
    body = again;
    // Only what is sent to the background is called back, and only a stream of steps shows whole messages.
    if (!turn.wantsCallback && !turn.showsSteps && random.chance(0.3))
      mode = random.pick<SendMode>(["blocking", "tokens", "background", mode]);
    await pause(clients);
  }
}

/** What to send after an answer: the same under its name, the same under another after a failure, or nothing. */
function repeated({ random, faults }: Clients, turn: SentTurn, body: SendBody, sends: number): SendBody | undefined {
  if (turn.isAcknowledged) {
    if (sends > 0 || turn.otid === null || !random.chance(0.1)) return undefined;
    faults.applied("message sent twice");
    return body;
  }
  if (!turn.isUnclear || turn.wantsCallback || !random.chance(0.5)) return undefined;
  faults.applied("message tried again");
  turn.copies++;
  return { ...body, messages: [{ ...body.messages[0], otid: random.uuid() }] };
}

async function sendOnce(
  clients: Clients,
  agent: KnownAgent,
  delivery: Delivery,
): Promise<"answered" | "lost" | "unsent"> {
  const { turn, mode, body } = delivery;
  if (mode === "async" || mode === "blocking") {
    const isApart = isAsync(agent, mode);
    const path = `${messagesPath(agent)}${isApart ? "/async" : ""}`;
    const request: ApiRequest = { method: "POST", path, body: isApart ? body : { ...body, streaming: false } };
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
    const { id, usage, messages, stop_reason } = answer.body as {
      id?: string;
      usage?: WireUsage;
      messages?: readonly WireMessage[];
      stop_reason?: { readonly stop_reason?: string };
    };
    const runId = messages?.find((message) => message.run_id != null)?.run_id;
    turn.runId = (request.path.endsWith("/async") ? id : runId) ?? turn.runId;
    oracle.sawRun(turn);
    if (usage !== undefined && runId != null) oracle.runs.told(runId, usage);
    if (messages !== undefined && runId != null)
      oracle.runs.answered(runId, { messages, stopReason: stop_reason?.stop_reason });
    return;
  }
  // A conflict is told before anything is stored; a model's failure after it.
  if (answer.status === 409) return;
  turn.isUnclear = true;
  turn.failedWith = answer.status;
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
    oracle.sawRun(turn);
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
  const { network, random, oracle, options, faults } = clients;
  const messages = await walk(clients, agent, PAGE);
  const asking = messages.findLast((message) => message.message_type === "approval_request_message");
  if (asking === undefined) return;
  const approvals = callsOf(asking).map(({ name, tool_call_id }) => {
    if (name !== CLIENT_TOOL) return { type: "approval", tool_call_id, approve: random.chance(0.8) };
    const output = `seen ${random.uuid()}`;
    oracle.printed(tool_call_id, output);
    const printed = { stdout: [output], stderr: [`warned: ${output}`] };
    const refusals = random.fork(`refusals ${tool_call_id}`);
    const tool_return = faults.chance(refusals, options.unspeakableRate) ? UNSPEAKABLE : "rain";
    return { type: "tool", tool_call_id, tool_return, status: "success", ...printed };
  });
  const timeout = options.approvalTimeoutS === null ? {} : { approval_timeout_seconds: options.approvalTimeoutS };
  const request: ApiRequest = {
    method: "POST",
    path: messagesPath(agent),
    body: { messages: [{ type: "approval", approvals }], client_tools: CLIENT_TOOLS, streaming: false, ...timeout },
  };
  // The rest of the turn is a request of its own, which names no model.
  for (const turn of oracle.turns) if (turn.plan.agent === agent.number) turn.models.add(agent.model);
  const answer = await network.call(request);
  if (answer.kind === "answered") checkStatus(oracle, request, answer);
}

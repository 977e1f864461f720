import { ask, type Clients, readMessages, walk } from "./clients.ts";
import type { KnownAgent, Oracle, SentTurn } from "./oracle.ts";
import { OWN_BLOCK, SHARED_BLOCK } from "./plan.ts";
import { callsOf, returnsOf, type WireMessage, wireText } from "./wire.ts";
import { readNotes } from "./workload.ts";

const TOKEN = /tk-\d+-\d+;-\d+;/g;
const PAGE = 50;

/** What an agent's clients find when everything is over. */
interface Found {
  readonly agent: KnownAgent;
  readonly messages: readonly WireMessage[];
  /** Messages that were sent once more after nobody had answered them, as lists with errors show them. */
  readonly replaced: readonly WireMessage[];
  /** The values of its blocks by label. */
  readonly blocks: ReadonlyMap<string, string>;
  readonly passages: readonly string[];
}

/** Reads everything back, and compares it with all that was ever told. */
export async function checkAll(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const found: Found[] = [];
  for (const agent of oracle.agents) {
    await readNotes(clients, agent);
    found.push(await read(clients, agent));
  }
  const calls = new Map<string, number>();
  for (const one of found) {
    checkWalks(oracle, one);
    checkReplaced(oracle, one);
    checkTurns(oracle, one);
    if (one.agent.conversationId === null) checkPassages(oracle, one);
    for (const [token, successes] of checkCalls(oracle, one)) calls.set(token, (calls.get(token) ?? 0) + successes);
  }
  checkTokens(oracle, found, calls);
  checkPrompts(oracle, found);
}

async function read(clients: Clients, agent: KnownAgent): Promise<Found> {
  const messages = await walk(clients, agent, PAGE);
  const shown = new Set(messages.map(({ id }) => id));
  const all = await readMessages(clients, agent, PAGE, true);
  const blocks = await ask(clients, { method: "GET", path: `/v1/agents/${agent.id}/core-memory/blocks` });
  const passages = await ask(clients, { method: "GET", path: `/v1/agents/${agent.id}/archival-memory?limit=1000` });
  const values = (blocks?.body ?? []) as readonly { label: string; value: string }[];
  const texts = (passages?.body ?? []) as readonly { text: string }[];
  return {
    agent,
    messages,
    replaced: all.filter(({ id }) => !shown.has(id)),
    blocks: new Map(values.map((block) => [block.label, block.value])),
    passages: texts.map((passage) => passage.text),
  };
}

/** Every walk through the messages, at whatever moment, must be how the last one begins. */
function checkWalks(oracle: Oracle, { agent, messages, replaced }: Found): void {
  const name = (message: WireMessage | undefined) => `${message?.message_type} ${message?.id}`;
  const gone = new Set(replaced.map(({ id }) => id));
  for (const walked of oracle.walks.filter((one) => one.agent === agent.number)) {
    oracle.checked(walked.messages.length);
    const kept = walked.messages.filter(({ id }) => !gone.has(id));
    const before = agent.conversationId === null ? kept : kept.filter(isNoSummary);
    const now = agent.conversationId === null ? messages : messages.filter(isNoSummary);
    const at = before.findIndex((message, index) => name(message) !== name(now[index]));
    if (at >= 0)
      oracle.fail(
        "S6 history",
        `Message ${at} of agent ${agent.number} was ${name(before[at])} and is ${name(now[at])} now`,
      );
  }
}

/** An answer to a request for approval gives way only to another answer; what a person typed is sent again by its name. */
function checkReplaced(oracle: Oracle, { agent, messages, replaced }: Found): void {
  const answers = messages.filter(isApprovalAnswer);
  for (const message of replaced) {
    oracle.checked();
    const isAnswered = isApprovalAnswer(message) && answers.some((other) => answersOf(other) === answersOf(message));
    if (!isAnswered)
      oracle.fail("S6 history", `${message.message_type} ${message.id} of agent ${agent.number} gave way to nothing`);
  }
}

function isApprovalAnswer({ message_type }: WireMessage): boolean {
  return message_type === "approval_response_message";
}

function answersOf({ approvals }: WireMessage): string {
  return (approvals ?? []).map(({ tool_call_id }) => tool_call_id).join(" ");
}

/** A summary stands in a conversation where what it sums up ended, so it comes before what was there already. */
function isNoSummary(message: WireMessage): boolean {
  return message.message_type !== "user_message" || !wireText(message).startsWith('{"type":"system_alert"');
}

function checkTurns(oracle: Oracle, { agent, messages }: Found): void {
  const ids = new Set(messages.map((message) => message.id));
  const users = messages.filter((message) => message.message_type === "user_message").map(wireText);
  const words = messages.filter((message) => message.message_type === "assistant_message").map(wireText);
  for (const turn of oracle.turns.filter(({ plan }) => plan.agent === agent.number)) {
    checkTurn(oracle, turn, users.filter((text) => text.startsWith(turn.plan.mark)).length);
    const ends = words.filter((text) => text.includes(`end-${turn.plan.mark}`));
    if (ends.length > 1) oracle.fail("S3 once", `The answer to ${turn.plan.mark} is stored ${ends.length} times`);
    for (const text of ends) checkEnd(oracle, turn, text);
  }
  const own = String(agent.number);
  const foreign = users.filter((text) => (/^mk-(\d+)-/.exec(text)?.[1] ?? own) !== own);
  if (foreign.length > 0)
    oracle.fail("S12 scope", `Agent ${agent.number} has messages of others: ${foreign.join(" ")}`);
  for (const turn of oracle.turns) {
    if (turn.plan.agent !== agent.number) continue;
    checkStream(oracle, turn, ids);
    checkPieces(oracle, turn, messages);
  }
}

/** The last words of a turn are stored as the model said them. */
function checkEnd(oracle: Oracle, { plan }: SentTurn, text: string): void {
  const said = plan.replies.at(-1)?.text;
  oracle.checked();
  if (text !== said) oracle.fail("S9 stream", `The model said '${said}', and '${text}' is stored`);
}

/** The pieces of a message that a whole stream showed are together what is stored. */
function checkPieces(oracle: Oracle, { runId, showsSteps }: SentTurn, messages: readonly WireMessage[]): void {
  const stream = runId === undefined ? undefined : oracle.runs.streams.get(runId);
  if (stream === undefined || showsSteps || stream.lines.size !== stream.last) return;
  const pieces = new Map<string, string>();
  for (const line of stream.lines.values()) {
    const piece = (line.startsWith("{") ? JSON.parse(line) : {}) as Partial<WireMessage>;
    if (piece.message_type !== "assistant_message" || piece.id === undefined) continue;
    pieces.set(piece.id, (pieces.get(piece.id) ?? "") + wireText(piece));
  }
  for (const message of messages.filter(({ message_type }) => message_type === "assistant_message")) {
    const shown = pieces.get(message.id);
    oracle.checked();
    if (shown !== undefined && shown !== wireText(message))
      oracle.fail("S9 stream", `The stream of ${runId} showed '${shown}', and '${wireText(message)}' is stored`);
  }
}

function checkTurn(oracle: Oracle, { plan, isAcknowledged, isUnclear }: SentTurn, stored: number): void {
  oracle.checked();
  if (stored > 1) oracle.fail("S3 once", `${plan.mark} is stored ${stored} times`);
  if (stored === 0 && isAcknowledged) oracle.fail("S1 acknowledged", `${plan.mark} was acknowledged and is not stored`);
  if (stored > 0 && !isAcknowledged && !isUnclear) oracle.fail("S2 refused", `${plan.mark} was refused and is stored`);
}

/** Whole messages that a stream showed must be stored. */
function checkStream(oracle: Oracle, turn: SentTurn, ids: ReadonlySet<string>): void {
  const stream = turn.runId === undefined ? undefined : oracle.runs.streams.get(turn.runId);
  for (const line of stream?.lines.values() ?? []) {
    const { id, message_type } = (line.startsWith("{") ? JSON.parse(line) : {}) as Partial<WireMessage>;
    const isWhole = turn.showsSteps ? message_type?.endsWith("_message") : message_type === "tool_return_message";
    if (id === undefined || isWhole !== true || message_type === "error_message") continue;
    oracle.checked();
    if (!ids.has(id))
      oracle.fail("S1 acknowledged", `${message_type} ${id} of ${turn.runId} was shown and is not stored`);
  }
}

function checkPassages(oracle: Oracle, { agent, passages }: Found): void {
  for (const { text, fate } of oracle.passages.filter((passage) => passage.agent === agent.number)) {
    oracle.checked();
    const times = passages.filter((passage) => passage === text).length;
    if (times > 1) oracle.fail("S3 once", `The passage ${text} is stored ${times} times`);
    if (times === 0 && fate === "acknowledged") oracle.fail("S1 acknowledged", `The passage ${text} is not stored`);
    if (times > 0 && fate === "refused") oracle.fail("S2 refused", `The passage ${text} was refused and is stored`);
  }
}

/** Every call has one answer. Returns how often each token was said to be written. */
function checkCalls(oracle: Oracle, { agent, messages }: Found): ReadonlyMap<string, number> {
  const calls = new Map(messages.flatMap(callsOf).map((call) => [call.tool_call_id, call]));
  const returns = messages.filter((message) => message.message_type === "tool_return_message").flatMap(returnsOf);
  const successes = new Map<string, number>();
  for (const [id, call] of calls) {
    oracle.checked();
    const answers = returns.filter((answer) => answer.tool_call_id === id);
    if (answers.length !== 1)
      oracle.fail("S6 history", `The call ${id} of agent ${agent.number} (${call.name}) has ${answers.length} answers`);
    const written = answers.filter((answer) => answer.status === "success").length;
    for (const token of call.arguments.match(TOKEN) ?? []) successes.set(token, (successes.get(token) ?? 0) + written);
  }
  const stray = returns.filter((answer) => !calls.has(answer.tool_call_id));
  if (stray.length > 0) oracle.fail("S6 history", `Answers without a call: ${JSON.stringify(stray)}`);
  return successes;
}

/** What a tool said it wrote is there once; nothing else is. */
function checkTokens(oracle: Oracle, found: readonly Found[], successes: ReadonlyMap<string, number>): void {
  const shared = found[0]?.blocks.get(SHARED_BLOCK) ?? "";
  const own = found.filter(({ agent }) => agent.conversationId === null);
  const texts = [shared, ...own.flatMap(({ blocks, passages }) => [blocks.get(OWN_BLOCK) ?? "", ...passages])];
  const written = texts.flatMap((text) => text.match(TOKEN) ?? []);
  const counts = new Map<string, number>();
  for (const token of written) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of new Set([...counts.keys(), ...successes.keys()])) {
    oracle.checked();
    const [done, said] = [counts.get(token) ?? 0, successes.get(token) ?? 0];
    if (done !== said)
      oracle.fail("S4 effects", `${token} was written ${done} times, and its tool said so ${said} times`);
    if (said > 1) oracle.fail("S4 effects", `The tool that writes ${token} ran ${said} times`);
  }
}

/** The last prompt shows what the blocks hold. */
function checkPrompts(oracle: Oracle, found: readonly Found[]): void {
  for (const { agent, blocks } of found) {
    const prompt = oracle.lastSystem(agent.number);
    const values = [OWN_BLOCK, SHARED_BLOCK].map((label) => blocks.get(label) ?? "");
    const missing = values.flatMap((value) => value.match(TOKEN) ?? []).filter((token) => !prompt.includes(token));
    oracle.checked();
    if (missing.length > 0)
      oracle.fail("S8 block", `The prompt of agent ${agent.number} does not show ${missing.join(" ")}`);
  }
}

import { ask, type Clients, fetched, readMessages, walk } from "../clients/clients.ts";
import { readNotes } from "../clients/memory-operations.ts";
import { checkStreams, isSummary, readContext } from "../clients/reading-operations.ts";
import { callsOf, returnsOf, type WireCall, type WireMessage, type WireReturn, wireText } from "../clients/wire.ts";
import { checkAccess } from "../intruders/intruders.ts";
import { isAfar, OWN_BLOCK, SHARED_BLOCK, SMALL_BLOCK, SMALL_CHARS_MAX } from "../plan/plan.ts";
import { checkAnswers } from "./answer-checks.ts";
import { checkBudget } from "./budget-checks.ts";
import { checkCompanions } from "./companion-checks.ts";
import { checkFacts } from "./fact-checks.ts";
import { checkFiles } from "./files/file-checks.ts";
import { checkLetters } from "./letters/letter-checks.ts";
import type { KnownAgent, Oracle, SentTurn } from "./oracle.ts";
import { checkOutside } from "./outside-checks.ts";
import { checkRules } from "./rule-checks.ts";
import { checkRuns } from "./run-checks.ts";
import { checkSchedules } from "./schedules/schedule-checks.ts";
import { checkSearches } from "./search-checks.ts";
import { checkVectors } from "./vector-checks.ts";

const TOKEN = /tk-\d+-\d+;-\d+;/g;
/** What a companion wrote, which it may do after the last prompt. */
const WRITTEN_BY_COMPANION = /^tk-\d+-\d{7,};/;
const PAGE = 50;
const NO_MESSAGES: ReadonlySet<string> = new Set(["error_message", "event_message"]);

/** What an agent's clients find when everything is over. */
interface Found {
  readonly agent: KnownAgent;
  readonly messages: readonly WireMessage[];
  /** Messages that were sent once more after nobody had answered them, as lists with errors show them. */
  readonly replaced: readonly WireMessage[];
  /** The values of its blocks by label. */
  readonly blocks: ReadonlyMap<string, string>;
  readonly passages: readonly StoredText[];
}

interface StoredText {
  readonly id: string;
  readonly text: string;
}

interface StoredBlock {
  readonly id: string;
  readonly label: string;
  readonly value: string;
}

/** Reads everything back, and compares it with all that was ever told. */
export async function checkAll(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const found: Found[] = [];
  for (const agent of oracle.agents) {
    await readNotes(clients, agent);
    await readContext(clients, agent, true);
    found.push(await read(clients, agent));
  }
  for (const one of found) {
    checkWalks(oracle, one);
    checkReplaced(oracle, one);
    checkTurns(oracle, one);
    if (one.agent.conversationId === null) checkPassages(oracle, one);
    checkCalls(oracle, one);
    if (clients.options.hasToolRules) checkRules(oracle, one.agent.number, one.messages);
    await checkSearches(clients, one.agent, one.messages);
  }
  checkOwnBlocks(clients, found);
  for (const { agent } of found) {
    const own = found.filter((one) => one.agent.owner === agent.owner);
    await checkFacts(
      clients,
      agent,
      own.flatMap(({ messages }) => messages),
    );
    await checkVectors(clients, agent);
  }
  const conversations = [...found.map(({ messages }) => messages), ...(await checkCompanions(clients))];
  checkEffects(oracle, conversations);
  checkOutside(oracle, clients.options, found);
  checkTokens(clients, found, successesIn(conversations));
  checkPrompts(oracle, found);
  oracle.checkRegisters();
  await checkStreams(clients);
  checkAnswers(oracle.runs, oracle.fail, oracle.checked);
  const all = found.flatMap(({ messages, replaced }) => [...messages, ...replaced]);
  await checkBudget(clients);
  await checkLetters(clients);
  await checkFiles(clients);
  await checkSchedules(clients);
  await checkRuns(clients, new Set(all.map(({ id }) => id)));
  await checkAccess(clients);
}

async function read(clients: Clients, agent: KnownAgent): Promise<Found> {
  const messages = await walk(clients, agent, PAGE);
  const shown = new Set(messages.map(({ id }) => id));
  const all = await readMessages(clients, agent, PAGE, true);
  const blocks = await ask(clients, { method: "GET", path: `/v1/agents/${agent.id}/core-memory/blocks` });
  const passages = await ask(clients, { method: "GET", path: `/v1/agents/${agent.id}/archival-memory?limit=1000` });
  const values = [...((blocks?.body ?? []) as readonly StoredBlock[])];
  for (const id of agent.isolatedBlockIds) {
    const own = await fetched<StoredBlock>(clients, { method: "GET", path: `/v1/blocks/${id}` });
    if (own === undefined)
      clients.oracle.fail("S1 acknowledged", `Block ${id} of conversation ${agent.number} is gone`);
    else values.push(own);
  }
  return {
    agent,
    messages,
    replaced: all.filter(({ id }) => !shown.has(id)),
    blocks: new Map(values.map((block) => [block.label, block.value])),
    passages: (passages?.body ?? []) as readonly StoredText[],
  };
}

/** Every walk through the messages, at whatever moment, must be how the last one begins. */
function checkWalks(oracle: Oracle, { agent, messages, replaced }: Found): void {
  const name = (message: WireMessage | undefined) => `${message?.message_type} ${message?.id}`;
  const gone = new Set(replaced.map(({ id }) => id));
  for (const walked of oracle.walks.filter((one) => one.agent === agent.number)) {
    oracle.checked(walked.messages.length);
    const kept = walked.messages.filter(({ id }) => !gone.has(id));
    const before = agent.conversationId === null ? kept : kept.filter((message) => !isSummary(message));
    const now = agent.conversationId === null ? messages : messages.filter((message) => !isSummary(message));
    const at = before.findIndex((message, index) => name(message) !== name(now[index]));
    if (at >= 0)
      oracle.fail(
        "S6 history",
        `Message ${at} of agent ${agent.number} was ${name(before[at])} and is ${name(now[at])} now`,
      );
  }
}

/** A message gives way only to the same, sent again: an answer to a request for approval, or what a person typed. */
function checkReplaced(oracle: Oracle, { agent, messages, replaced }: Found): void {
  const isSame = (message: WireMessage, other: WireMessage) =>
    isApprovalAnswer(message)
      ? isApprovalAnswer(other) && answersOf(other) === answersOf(message)
      : other.message_type === "user_message" && wireText(other) === wireText(message);
  for (const message of replaced) {
    oracle.checked();
    if (!messages.some((other) => isSame(message, other)))
      oracle.fail("S6 history", `${message.message_type} ${message.id} of agent ${agent.number} gave way to nothing`);
  }
}

function isApprovalAnswer({ message_type }: WireMessage): boolean {
  return message_type === "approval_response_message";
}

function answersOf({ approvals }: WireMessage): string {
  return (approvals ?? []).map(({ tool_call_id }) => tool_call_id).join(" ");
}

function checkTurns(oracle: Oracle, { agent, messages }: Found): void {
  const ids = new Set(messages.map((message) => message.id));
  const users = messages.filter((message) => message.message_type === "user_message").map(wireText);
  const words = messages.filter((message) => message.message_type === "assistant_message").map(wireText);
  for (const turn of oracle.turns.filter(({ plan }) => plan.agent === agent.number)) {
    checkTurn(oracle, turn, users.filter((text) => text.startsWith(turn.plan.mark)).length);
    const ends = words.filter((text) => text.includes(`end-${turn.plan.mark}`));
    if (ends.length > turn.copies)
      oracle.fail("S3 once", `The answer to ${turn.plan.mark} is stored ${ends.length} times`);
    for (const text of ends) checkEnd(oracle, turn, text);
  }
  const own = String(agent.number);
  const isForeign = (text: string) => (/^mk-(\d+)-/.exec(text)?.[1] ?? own) !== own;
  const isTaken = (text: string) => agent.inherited.some((mark) => text.startsWith(mark));
  const foreign = users.filter((text) => isForeign(text) && !isTaken(text));
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

function checkTurn(oracle: Oracle, { plan, isAcknowledged, isUnclear, copies }: SentTurn, stored: number): void {
  oracle.checked();
  if (stored > copies) oracle.fail("S3 once", `${plan.mark} is stored ${stored} times`);
  if (stored === 0 && isAcknowledged) oracle.fail("S1 acknowledged", `${plan.mark} was acknowledged and is not stored`);
  if (stored > 0 && !isAcknowledged && !isUnclear) oracle.fail("S2 refused", `${plan.mark} was refused and is stored`);
}

/** Whole messages that a stream showed must be stored. */
function checkStream(oracle: Oracle, turn: SentTurn, ids: ReadonlySet<string>): void {
  const stream = turn.runId === undefined ? undefined : oracle.runs.streams.get(turn.runId);
  for (const line of stream?.lines.values() ?? []) {
    const { id, message_type } = (line.startsWith("{") ? JSON.parse(line) : {}) as Partial<WireMessage>;
    const isWhole = turn.showsSteps ? message_type?.endsWith("_message") : message_type === "tool_return_message";
    // What is told of an error, or of a compaction that begins, is no message of the conversation.
    if (id === undefined || isWhole !== true || NO_MESSAGES.has(message_type ?? "")) continue;
    oracle.checked();
    if (!ids.has(id))
      oracle.fail("S1 acknowledged", `${message_type} ${id} of ${turn.runId} was shown and is not stored`);
  }
}

function checkPassages(oracle: Oracle, { agent, passages }: Found): void {
  for (const { text, fate } of oracle.passages.filter((passage) => passage.agent === agent.number)) {
    oracle.checked();
    const times = passages.filter((passage) => passage.text === text).length;
    if (times > 1) oracle.fail("S3 once", `The passage ${text} is stored ${times} times`);
    if (times === 0 && fate === "acknowledged") oracle.fail("S1 acknowledged", `The passage ${text} is not stored`);
    if (times > 0 && fate === "refused") oracle.fail("S2 refused", `The passage ${text} was refused and is stored`);
  }
}

/** Every call has one answer, which says what is true. */
function checkCalls(oracle: Oracle, { agent, messages, blocks }: Found): void {
  const calls = new Map(messages.flatMap(callsOf).map((call) => [call.tool_call_id, call]));
  const returns = messages.filter((message) => message.message_type === "tool_return_message").flatMap(returnsOf);
  for (const [id, call] of calls) {
    const answers = returns.filter((answer) => answer.tool_call_id === id);
    oracle.checked();
    // Where the disk refused what came from outside, the run failed, and every prompt says that the outcome is unknown.
    const isLost = answers.length === 0 && isAfar(call);
    if (answers.length !== 1 && !isLost)
      oracle.fail("S6 history", `The call ${id} of agent ${agent.number} (${call.name}) has ${answers.length} answers`);
    for (const answer of answers.filter(({ status }) => status === "success")) checkSuccess(oracle, call, answer);
  }
  const small = blocks.get(SMALL_BLOCK) ?? "";
  if ([...small].length > SMALL_CHARS_MAX)
    oracle.fail("S8 block", `A block of ${SMALL_CHARS_MAX} characters holds ${[...small].length}: ${small}`);
  const stray = returns.filter((answer) => !calls.has(answer.tool_call_id));
  if (stray.length > 0) oracle.fail("S6 history", `Answers without a call: ${JSON.stringify(stray)}`);
}

/** A tool that says it wrote had room for it, and what a client's tool printed is what is stored. */
function checkSuccess(oracle: Oracle, { tool_call_id, name, arguments: json }: WireCall, { stdout }: WireReturn): void {
  if (name === "memory_rethink" && charsOf(json) > SMALL_CHARS_MAX)
    oracle.fail("S8 block", `A tool says that it wrote ${charsOf(json)} characters: ${json}`);
  const prints = oracle.prints.get(tool_call_id);
  if (prints !== undefined && !prints.has(stdout?.[0] ?? ""))
    oracle.fail("S1 acknowledged", `A client's tool printed ${[...prints].join(" or ")}, and ${stdout} is stored`);
}

function charsOf(json: string): number {
  return [...(JSON.parse(json) as { readonly new_memory: string }).new_memory].length;
}

/** How often each token was said to be written: by each conversation's own ids of calls, shared messages counted once. */
function successesIn(conversations: readonly (readonly WireMessage[])[]): ReadonlyMap<string, number> {
  const successes = new Map<string, number>();
  const add = (token: string, count: number) => successes.set(token, (successes.get(token) ?? 0) + count);
  const seen = new Set<string>();
  for (const messages of conversations) {
    const tokens = new Map(messages.flatMap(callsOf).map((call) => [call.tool_call_id, tokensOf(call.arguments)]));
    for (const token of [...tokens.values()].flat()) add(token, 0);
    const answers = messages.flatMap(answersWithKeys).filter(([key]) => !seen.has(key));
    for (const [key, { tool_call_id, status }] of answers) {
      seen.add(key);
      for (const token of tokens.get(tool_call_id) ?? []) add(token, status === "success" ? 1 : 0);
    }
  }
  return successes;
}

function tokensOf(text: string): readonly string[] {
  return text.match(TOKEN) ?? [];
}

function answersWithKeys(message: WireMessage): readonly (readonly [string, WireReturn])[] {
  if (message.message_type !== "tool_return_message") return [];
  return returnsOf(message).map((answer) => [`${message.id} ${answer.tool_call_id}`, answer] as const);
}

/** A call runs once, also where two conversations have it because one is a fork of the other. */
function checkEffects(oracle: Oracle, conversations: readonly (readonly WireMessage[])[]): void {
  const ran = new Map<string, string>();
  const returns = conversations.flat().filter((message) => message.message_type === "tool_return_message");
  for (const message of returns)
    for (const { tool_call_id, status } of returnsOf(message)) {
      if (status !== "success") continue;
      oracle.checked();
      const other = ran.get(tool_call_id) ?? message.id;
      if (other !== message.id)
        oracle.fail("S4 effects", `The call ${tool_call_id} ran twice, answered in ${other} and in ${message.id}`);
      ran.set(tool_call_id, message.id);
    }
}

/** What a tool said it wrote is there once; nothing else is. */
function checkTokens(
  { oracle, options }: Clients,
  found: readonly Found[],
  successes: ReadonlyMap<string, number>,
): void {
  const shared = found[0]?.blocks.get(SHARED_BLOCK) ?? "";
  const passages = new Map(found.flatMap((one) => one.passages.map(({ id, text }) => [id, text] as const)));
  const blocks = found
    .filter(({ agent }) => agent.conversationId === null || agent.isolatedBlockIds.length > 0)
    .map((one) => one.blocks.get(OWN_BLOCK) ?? "");
  const written = [shared, ...blocks, ...passages.values()].flatMap((text) => text.match(TOKEN) ?? []);
  // A model that is asked in a fork what it was asked in the original makes the same calls once more.
  const runsMax = options.enabled.includes("fork") ? Number.POSITIVE_INFINITY : 1;
  // So may the calls of a turn that was tried again after a failure, which may have come late.
  const copies = new Map(oracle.turns.map((turn) => [turn.plan.mark.slice(3), turn.copies]));
  const counts = new Map<string, number>();
  for (const token of written) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of new Set([...counts.keys(), ...successes.keys()])) {
    oracle.checked();
    const [done, said] = [counts.get(token) ?? 0, successes.get(token) ?? 0];
    if (done !== said)
      oracle.fail("S4 effects", `${token} was written ${done} times, and its tool said so ${said} times`);
    const timesMax = runsMax * (copies.get(/^tk-(.*;)-/.exec(token)?.[1] ?? "") ?? 1);
    if (said > timesMax) oracle.fail("S4 effects", `The tool that writes ${token} ran ${said} times`);
  }
}

/** What tools write in a conversation that has the block for itself is there, and in no block of its agent. */
function checkOwnBlocks({ oracle, options }: Clients, found: readonly Found[]): void {
  const isolated = new Set(found.flatMap(({ agent }) => (agent.isolatedBlockIds.length > 0 ? [agent.number] : [])));
  // In a fork, which has no block for itself, a model makes the calls of the original once more.
  const isCertain = !options.enabled.includes("fork");
  for (const { agent, blocks } of found) {
    const isOwn = isolated.has(agent.number);
    if (!isOwn && (agent.conversationId !== null || !isCertain)) continue;
    const writers = (blocks.get(OWN_BLOCK) ?? "").matchAll(/tk-(\d+)-\d+;-\d+;/g);
    for (const [token, number] of writers) {
      oracle.checked();
      if (isOwn ? Number(number) !== agent.number : isolated.has(Number(number)))
        oracle.fail("S12 scope", `The block of conversation ${agent.number} holds ${token}, written in another`);
    }
  }
}

/** The last prompt shows what the blocks hold. */
function checkPrompts(oracle: Oracle, found: readonly Found[]): void {
  for (const { agent, blocks } of found) {
    const prompt = oracle.lastSystem(agent.number);
    const values = [OWN_BLOCK, SHARED_BLOCK].map((label) => blocks.get(label) ?? "");
    const missing = values
      .flatMap((value) => value.match(TOKEN) ?? [])
      .filter((token) => !WRITTEN_BY_COMPANION.test(token) && !prompt.includes(token));
    oracle.checked();
    if (missing.length > 0)
      oracle.fail("S8 block", `The prompt of agent ${agent.number} does not show ${missing.join(" ")}`);
  }
}

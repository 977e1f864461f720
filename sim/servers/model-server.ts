// A package that is loaded lazily would be loaded by a thread, at a moment that no seed decides.
import "@ai-sdk/anthropic";
// Whoever cannot list a provider's models goes by the names that are built in: of OpenAI's, one for which it is needed.
import "@ai-sdk/openai";
import type { Fetch } from "../../src/core/world.ts";
import { chargedFor, SPENDER } from "../judge/budget-book.ts";
import type { ShownPrompt } from "../judge/context-book.ts";
import { saidIn } from "../judge/context-checks.ts";
import { COMPANION, type Oracle } from "../judge/oracle.ts";
import { PUNCTUAL } from "../judge/schedules/schedule-book.ts";
import { promptTokensOf, windowProblem } from "../judge/window-checks.ts";
import { fills, type SimOptions } from "../plan/options.ts";
import { drawCompanionReply, type PlannedReply, words } from "../plan/plan.ts";
import type { Faults } from "../world/faults.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Incarnation } from "../world/world.ts";
import { CHAT_WIRE, type ChatRequest, chatText, type ProviderWire, transcriptProblem } from "./chat-wire.ts";
import { CLAUDE_WIRE } from "./claude-wire.ts";
import { answerEmbeddings } from "./embedding-server.ts";
import { filerReply, isOfFiler } from "./filer-model.ts";
import { createHookServer, HOOK_ADDRESS } from "./hook-server.ts";
import { isSilent, MODEL_FAULTS, type ModelFault, writeAnswer } from "./model-answer.ts";
import { CHAT_URL, MODEL_NAMES, reveals } from "./providers.ts";
import { isUnspeakable } from "./unspeakable.ts";
import { isOfWriter, writerReply } from "./writer-model.ts";

/** Only at the head of a message: summaries may quote others. */
const MARK = /^mk-\d+-\d+;/;
const ANY_MARK = /mk-\d+-\d+;/g;
/** How a note begins that takes the place of a summary. */
const NO_SUMMARY = "No summary could be made of these messages";
/** Part of the note that stands for all that was said before, where it could not be told what of it was refused. */
const BEGUN_ANEW = "refused requests that held these messages";
const PERSONA = /cn-(\d+);/;
const CONVERSATION = /conv-[0-9a-f-]{36}/;
const WIRES = { openai: CHAT_WIRE, anthropic: CLAUDE_WIRE } as const;
const LAST_WORDS: PlannedReply = { text: "Nothing to add.", calls: [] };
/** A tool that only agents have that look after the memory of others. */
const COMPANION_TOOL = "memory_finish_edits";
/** What nobody ends but a limit of time is drawn more often, as it shows only where nothing else ends it. */
const WRITER_FAULTS = ["server_error", "rate_limit", "reset"] as const;
const STALLS = ["stall", "stall", "stall_midway"] as const;
/** Times that one process may send the same request: a call is tried thrice, and a client sends a message four times. */
const SAME_REQUESTS_MAX = 20;

/** Simulated providers, in two wire formats over the injected fetch, driven by plans and never by our wording. */
export interface ModelServer {
  /** The network of one incarnation. */
  fetchFor(incarnation: Incarnation): Fetch;
  /** Model calls that were answered in full. */
  replies(): number;
}

/** What the providers are made of. */
export interface ModelServerOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
}

/** A request that has arrived and is not over. */
interface InFlight {
  readonly wire: ProviderWire;
  readonly incarnation: Incarnation;
  readonly signal: AbortSignal | null;
}

/** What to say to a request, for which conversation, and what to do when that is over. */
interface Answer {
  readonly reply: PlannedReply;
  readonly agent: number | null;
  readonly over: () => void;
}

/** What the plan says next, by the replies since the last message. */
function nextReply({ messages }: ChatRequest, replies: readonly PlannedReply[], isLast: boolean): PlannedReply {
  const lastUser = messages.findLastIndex((message) => message.role === "user");
  const said = messages.slice(lastUser).filter(({ role }) => role === "assistant").length;
  return replies[isLast ? replies.length - 1 : Math.min(said, replies.length - 1)] ?? LAST_WORDS;
}

/** The one {@link ModelServer}. */
export function createModelServer(made: ModelServerOptions): ModelServer {
  const { options, scheduler, random, faults, oracle } = made;
  const hooks = createHookServer(made);
  const traffic = createTraffic(oracle);
  const answerTo = createSpeaker(made, traffic);
  let replies = 0;
  let bills = 0;

  function faultOf(): ModelFault | undefined {
    const nowMs = scheduler.nowMs();
    if (faults.areOn && options.outages.some(([from, to]) => nowMs >= from && nowMs < to))
      return random.pick(["server_error", "reset", "rate_limit"]);
    if (faults.chance(random, options.fillRate / 2)) return "too_long";
    return faults.chance(random, options.modelFaultRate) ? random.pick([...MODEL_FAULTS, ...STALLS]) : undefined;
  }

  async function think(agent: number | null, call: InFlight): Promise<void> {
    const thinkMs = random.between(1, options.thinkMs);
    await scheduler.wait("model thinks", thinkMs, call.incarnation, call.signal ?? undefined);
    if (agent !== null && isAtWork(call)) oracle.modelWorks(agent);
  }

  async function answer(body: string, call: InFlight): Promise<Response> {
    traffic.count(body, call);
    const request = heard(made, body, call.wire);
    if (request === undefined) return call.wire.refusal("server_error", "");
    const promptTokens = promptTokensOf(body);
    const answerApart = apartFor(request);
    if (answerApart !== undefined)
      return think(null, call).then(() => answerApart(made, { body, request, completionTokens: ++bills }, call));
    const { reply, agent, over } = answerTo(request, call);
    await think(agent, call);
    const fault = isUnspeakable(request) ? "refused" : faultOf();
    if (fault !== undefined) faults.applied(`model ${fault}`);
    // A process that another has replaced keeps nothing of what it hears: for the words that waited nothing was said.
    if (agent !== null && !call.incarnation.isReplaced) noteFate(oracle, agent, fault);
    noteFailure(oracle, request.model, fault);
    const completionTokens = ++bills;
    oracle.bills.billed(completionTokens, agent, fault === undefined);
    oracle.bills.asked(completionTokens, saidIn(request));
    const thought = request.thinks === true && options.thinks ? words(random) : "";
    const end = () => {
      over();
      if (fault === undefined) replies++;
    };
    const isStreamed = request.stream === true;
    return writeAnswer(made, { ...call, isStreamed, reply, thought, promptTokens, completionTokens, fault, end });
  }

  return {
    replies: () => replies,
    fetchFor: (incarnation) => (input, init) => {
      const url = String(input);
      const signal = init?.signal ?? null;
      if (url.includes(HOOK_ADDRESS)) return untilAborted(hooks.take(url, init ?? {}, incarnation), signal);
      return takeCall(url, String(init?.body), { incarnation, signal });
    },
  };

  async function takeCall(url: string, body: string, call: Omit<InFlight, "wire">): Promise<Response> {
    const { incarnation, signal } = call;
    await scheduler.wait("to the model", random.between(0, options.networkMs), incarnation, signal ?? undefined);
    signal?.throwIfAborted();
    // What a replaced process asks comes from a history that is old, and of an answer it could keep nothing.
    if (incarnation.isReplaced) throw new TypeError("The socket connection was closed unexpectedly");
    const provider = url.startsWith(CHAT_URL) ? "openai" : "anthropic";
    const isListing = /\/models(\?|$)/.test(url);
    if (isListing) return Response.json({ data: MODEL_NAMES[provider].map((id) => ({ id, type: "model" })) });
    if (url.endsWith("/embeddings")) return untilAborted(answerEmbeddings(made, body, incarnation, signal), signal);
    return untilAborted(answer(body, { ...call, wire: WIRES[provider] }), signal);
  }
}

/** Reads what a provider is sent, and looks whether it may be; undefined where nobody could read it. */
function heard({ options, oracle }: ModelServerOptions, body: string, wire: ProviderWire): ChatRequest | undefined {
  if (reveals(body)) oracle.fail("S16 secret", "The model was sent the key of its provider");
  const request = wire.read(JSON.parse(body));
  const problem = typeof request === "string" ? request : transcriptProblem(request.messages);
  if (problem !== undefined) oracle.fail("S6 transcript", `The model was sent a broken transcript: ${problem}`);
  if (typeof request === "string") return undefined;
  const excess = options.windowTokens === null ? undefined : windowProblem(body, request, options.windowTokens);
  if (excess !== undefined) oracle.fail("S7 context", excess);
  return request;
}

/** The calls that are at work. */
interface Traffic {
  /** Notes that a call for a conversation is at work; returns what ends it. */
  begin(agent: number, call: InFlight): () => void;
  /** A request that is made again and again would never end, and keep others from being answered. */
  count(body: string, call: InFlight): void;
}

function createTraffic(oracle: Oracle): Traffic {
  const inFlight = new Map<number, InFlight>();
  const sent = new Map<string, number>();
  return {
    begin(agent, call) {
      const other = inFlight.get(agent);
      if (other !== undefined && isAtWork(other))
        oracle.fail("S5 one run", `Two model calls were made at once for conversation ${agent}`);
      inFlight.set(agent, call);
      return () => {
        if (inFlight.get(agent) === call) inFlight.delete(agent);
      };
    },
    count(body, { incarnation }) {
      const key = `${incarnation.number} ${Bun.hash(body)}`;
      const times = (sent.get(key) ?? 0) + 1;
      sent.set(key, times);
      oracle.checked();
      if (times > SAME_REQUESTS_MAX) oracle.fail("S18 bounded", `One request was sent to the model ${times} times`);
    },
  };
}

/** Decides what is said to a request, and tells the oracle of it. */
function createSpeaker(
  { options, random, faults, oracle }: ModelServerOptions,
  { begin }: Traffic,
): (request: ChatRequest, call: InFlight) => Answer {
  return (request, call) => {
    const [head] = request.messages;
    const system = head === undefined ? "" : chatText(head);
    const persona = PERSONA.exec(system)?.[1];
    const tools = request.tools ?? [];
    if (persona === undefined) {
      faults.applied("compaction");
      oracle.contexts.summarised(request.messages.flatMap((message) => chatText(message).match(ANY_MARK) ?? []));
      // Who summarises is given no tools: with them it is an agent's prompt without the agent's blocks.
      if (!options.forgets || tools.length > 0)
        oracle.fail("S6 transcript", "The model was sent what no client had begun");
      return { reply: LAST_WORDS, agent: null, over: () => {} };
    }
    if (tools.some((tool) => tool.function.name === COMPANION_TOOL)) {
      const agent = COMPANION + Number(persona);
      const replies = [drawCompanionReply(random, Number(persona)), LAST_WORDS];
      return { reply: nextReply(request, replies, false), agent, over: begin(agent, call) };
    }
    const marks = request.messages
      .filter(({ role }) => role === "user")
      .flatMap((message) => MARK.exec(chatText(message)) ?? []);
    const agent = oracle.conversationOf(Number(persona), CONVERSATION.exec(system)?.[0]);
    oracle.modelWasSent(agent, marks, { system, request, isWhole: isWhole(options, request) });
    oracle.contexts.sent({ conversation: agent, marks, ...shownIn(request), process: call.incarnation.number });
    const plan = oracle.planOf(marks.at(-1) ?? "");
    // Where contexts fill, the plan's beginning may be gone; so that it ends all the same, it sometimes jumps there.
    const isLast = fills(options) && random.chance(0.3);
    return { reply: nextReply(request, plan?.replies ?? [LAST_WORDS], isLast), agent, over: begin(agent, call) };
  };
}

/** Answers the agent that has a budget, and charges about as much as any provider could. */
function answerSpender(
  made: ModelServerOptions,
  asked: { readonly body: string; readonly request: ChatRequest; readonly completionTokens: number },
  call: InFlight,
): Promise<Response> {
  const { oracle } = made;
  const { body, request, completionTokens } = asked;
  const charged = chargedFor(body);
  // What an answer takes tells one from another; what is left of the charge is said to be the prompt's.
  const promptTokens = charged - completionTokens;
  oracle.bills.billed(completionTokens, null, true);
  oracle.budget.charged(charged);
  const said = { reply: LAST_WORDS, thought: "", fault: undefined, end: () => {} };
  const isStreamed = request.stream === true;
  return writeAnswer(made, { ...call, ...said, isExact: true, promptTokens, completionTokens, isStreamed });
}

/** Answers an agent that writes to others, or works with files: sometimes with an error, never without an end. */
function answerWriter(
  made: ModelServerOptions,
  { body, request, completionTokens }: Parameters<typeof answerSpender>[1],
  call: InFlight,
): Promise<Response> {
  const { options, random, faults, oracle } = made;
  const fault = faults.chance(random, options.modelFaultRate) ? random.pick(WRITER_FAULTS) : undefined;
  oracle.bills.billed(completionTokens, null, fault === undefined);
  const reply = isOfFiler(request) ? filerReply(oracle, request) : writerReply(oracle, request);
  const said = { reply, thought: "", fault, end: () => {} };
  const isStreamed = request.stream === true;
  const promptTokens = promptTokensOf(body);
  return writeAnswer(made, { ...call, ...said, promptTokens, completionTokens, isStreamed });
}

/** How agents are answered that no other check knows of. */
function apartFor(request: ChatRequest): typeof answerSpender | undefined {
  if (isOf(request, SPENDER)) return answerSpender;
  return isOfWriter(request) || isOfFiler(request) || isOf(request, PUNCTUAL) ? answerWriter : undefined;
}

function isOf({ messages: [head] }: ChatRequest, number: number): boolean {
  return head !== undefined && chatText(head).includes(`cn-${number};`);
}

function noteFate({ contexts }: Oracle, agent: number, fault: ModelFault | undefined): void {
  if (fault === "refused") contexts.refused(agent);
  // Where nothing was said, what waits for a reply still does.
  if (fault === undefined || !isSilent(fault)) contexts.replied(agent);
}

/** What is the provider's fault, and not that of what it was sent, lets another model be asked. */
function noteFailure(oracle: Oracle, model: string, fault: ModelFault | undefined): void {
  if (fault !== undefined && fault !== "refused" && fault !== "too_long") oracle.modelFailed(model);
}

/** Whether a prompt must hold all that was said: not where contexts fill, or a provider refuses what was said. */
function isWhole(options: SimOptions, request: ChatRequest): boolean {
  const isBegunAnew = request.messages.some((message) => chatText(message).includes(BEGUN_ANEW));
  return !fills(options) && !isUnspeakable(request) && !isBegunAnew;
}

/** What a prompt tells beside the marks that it holds. */
function shownIn({ messages }: ChatRequest): Pick<ShownPrompt, "waiting" | "lacksSummary"> {
  const last = messages.slice(messages.findLastIndex(({ role }) => role !== "user") + 1);
  return {
    waiting: last.flatMap((message) => MARK.exec(chatText(message)) ?? []),
    lacksSummary: messages.some((message) => chatText(message).includes(NO_SUMMARY)),
  };
}

/** What a process hears that another has replaced, it can keep nothing of. */
function isAtWork({ incarnation, signal }: InFlight): boolean {
  return incarnation.isAlive && !incarnation.isReplaced && signal?.aborted !== true;
}

/** What `fetch` does with its signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | null): Promise<T> {
  if (signal === null) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject);
  });
}

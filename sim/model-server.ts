import type { Fetch } from "../src/core/world.ts";
import { type ChatRequest, chatText, transcriptProblem } from "./chat-wire.ts";
import type { Faults } from "./faults.ts";
import { MODEL_FAULTS, writeAnswer } from "./model-answer.ts";
import type { SimOptions } from "./options.ts";
import type { Oracle } from "./oracle.ts";
import type { Plan, PlannedReply } from "./plan.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Incarnation } from "./world.ts";

/** Where the simulated provider answers. */
export const MODEL_URL = "https://model.sim/v1";
/** Only at the head of a message: summaries may quote others. */
const MARK = /^mk-\d+-\d+;/;
const PERSONA = /cn-\d+;/;
const LAST_WORDS: PlannedReply = { text: "Nothing to add.", calls: [] };

/** A simulated provider: OpenAI's chat wire format over the injected fetch, driven by plans and never by our wording. */
export interface ModelServer {
  /** The network of one incarnation. */
  fetchFor(incarnation: Incarnation): Fetch;
  /** Model calls that were answered in full. */
  replies(): number;
}

/** What the provider is made of. */
export interface ModelServerOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
}

/** A request that has arrived and is not over. */
interface InFlight {
  readonly incarnation: Incarnation;
  readonly signal: AbortSignal | null;
}

/** What the plan says next, by the replies since the last message. */
function nextReply({ messages }: ChatRequest, { replies }: Plan, isLast: boolean): PlannedReply {
  const lastUser = messages.findLastIndex((message) => message.role === "user");
  const said = messages.slice(lastUser).filter(({ role }) => role === "assistant").length;
  return replies[isLast ? replies.length - 1 : Math.min(said, replies.length - 1)] ?? LAST_WORDS;
}

/** The one {@link ModelServer}. */
export function createModelServer(made: ModelServerOptions): ModelServer {
  const { options, scheduler, random, faults, oracle } = made;
  const inFlight = new Map<number, InFlight>();
  let replies = 0;

  async function answer(request: ChatRequest, call: InFlight): Promise<Response> {
    const problem = transcriptProblem(request.messages);
    if (problem !== undefined) oracle.fail("S6 transcript", `The model was sent a broken transcript: ${problem}`);
    const marks = request.messages
      .filter(({ role }) => role === "user")
      .flatMap((message) => MARK.exec(chatText(message)) ?? []);
    const plan = oracle.planOf(marks.at(-1) ?? "");
    const [system] = request.messages;
    const isSummary = system !== undefined && !PERSONA.test(chatText(system));
    if (isSummary) faults.applied("compaction");
    if (options.fillRate === 0 && (plan === undefined || isSummary))
      oracle.fail("S6 transcript", "The model was sent something else than a conversation that a client began");
    if (plan === undefined || isSummary) return reply(request, LAST_WORDS, call, () => {});
    oracle.modelWasSent(plan.agent, marks, { system, isWhole: options.fillRate === 0 });
    // Where contexts fill, the plan's beginning may be gone; so that it ends all the same, it sometimes jumps there.
    const isLast = options.fillRate > 0 && random.chance(0.3);
    return reply(request, nextReply(request, plan, isLast), call, begin(plan, call));
  }

  /** Notes that a call for a conversation is at work; returns what ends it. */
  function begin({ agent, mark }: Plan, call: InFlight): () => void {
    const other = inFlight.get(agent);
    if (other !== undefined && isAtWork(other))
      oracle.fail("S5 one run", `Two model calls were made at once for agent ${agent}, the later for ${mark}`);
    inFlight.set(agent, call);
    return () => {
      if (inFlight.get(agent) === call) inFlight.delete(agent);
    };
  }

  async function reply(
    request: ChatRequest,
    planned: PlannedReply,
    call: InFlight,
    over: () => void,
  ): Promise<Response> {
    await scheduler.wait(
      "model thinks",
      random.between(1, options.thinkMs),
      call.incarnation,
      call.signal ?? undefined,
    );
    const isFull = faults.chance(random, options.fillRate / 2);
    const isFaulty = faults.chance(random, options.modelFaultRate);
    const fault = isFull ? "too_long" : isFaulty ? random.pick(MODEL_FAULTS) : undefined;
    if (fault !== undefined) faults.applied(`model ${fault}`);
    const end = () => {
      over();
      if (fault === undefined) replies++;
    };
    return writeAnswer(made, {
      isStreamed: request.stream === true,
      reply: planned,
      fault,
      signal: call.signal,
      incarnation: call.incarnation,
      end,
    });
  }

  return {
    replies: () => replies,
    fetchFor: (incarnation) => async (input, init) => {
      const url = String(input);
      const signal = init?.signal ?? null;
      await scheduler.wait("to the model", random.between(0, options.networkMs), incarnation, signal ?? undefined);
      signal?.throwIfAborted();
      // What a replaced process asks comes from a history that is old, and of an answer it could keep nothing.
      if (incarnation.isReplaced) throw new TypeError("The socket connection was closed unexpectedly");
      if (url === `${MODEL_URL}/models`) return Response.json({ data: [{ id: "gpt-4o-mini" }] });
      const request = JSON.parse(String(init?.body)) as ChatRequest;
      return untilAborted(answer(request, { incarnation, signal }), signal);
    },
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

import type { Note, RunUsage, TurnError, TurnEvent } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { Readers, Repositories } from "../../agent/ports/ports.ts";
import { type Run, type Step, type StopReason, statusOf } from "../../agent/run.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import { assert } from "../../core/assert.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { ConversationId, MessageId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { goOn } from "../among/round-turns.ts";
import type { Settlement } from "../budget/budget.ts";
import { sentContext } from "../manifest/sent.ts";
import { type CallResult, callIdsOf } from "./model-call.ts";
import { NOTHING_ASIDE, type SetAside, setAside } from "./set-aside.ts";
import { noteTurn } from "./sleeptime.ts";
import { traceOf } from "./trace-step.ts";
import type { Turn, TurnState } from "./turn-state.ts";

/** What one commit adds to a run. */
export interface Change {
  readonly messages: readonly Message[];
  /** A message that an earlier commit stored, with the answers that `work` has added to it; null when it added to none. */
  readonly grown: Message | null;
  /** What answers the calls of a reply, told as soon as each of them has its answer: one message, as in Letta. */
  readonly answers: readonly Message[];
  /** What its tools did, told before their answer. */
  readonly notes: readonly Note[];
  readonly step: Step | null;
  readonly usage: RunUsage;
  readonly calledTools: readonly string[];
  readonly lastAnswer: string | null;
  /** The system message, compiled again; null when memory did not change. */
  readonly system: Message | null;
  readonly stopReason: StopReason | null;
  /** A stop reason that is held back until the context has been compacted. */
  readonly ending: StopReason | null;
  /** The context that a compaction left, which `work` has stored; null when the context only grew. */
  readonly compacted: Compacted | null;
  /** What a provider refused, or accepted the rest without. */
  readonly aside: SetAside;
  readonly error: TurnError | null;
  /** The model call that the step stands for; null when it failed, or there is no step. */
  readonly call: CallResult | null;
  /** What that call held, to be settled with it; null where no limit was on its way. */
  readonly settlement: Settlement | null;
  /** Whether the deltas of the reply were passed on already. */
  readonly wasStreamed: boolean;
}

/** What a compaction left. */
export interface Compacted {
  readonly summary: Message;
  readonly context: readonly Message[];
}

const NOTHING_COUNTED: ReadonlyMap<MessageId, number> = new Map();

const NONE_DOUBTED: ReadonlySet<string> = new Set();

/** A change that adds nothing; the start of others. */
export function noChange(state: TurnState): Change {
  const { usage, calledTools, lastAnswer, ending, aside } = state;
  return {
    messages: [],
    grown: null,
    answers: [],
    notes: [],
    step: null,
    usage,
    calledTools,
    lastAnswer,
    system: null,
    stopReason: null,
    ending,
    compacted: null,
    aside,
    error: null,
    call: null,
    settlement: null,
    wasStreamed: false,
  };
}

/**
 * Stores what `work` makes, in one transaction together with what it writes itself, then moves `state` on and tells
 * whoever watches. A stop reason ends the run in the same commit. Of a run that is gone, or whose conversation is,
 * everything is undone.
 */
export async function commit(
  turn: Turn,
  state: TurnState,
  work: (repositories: Repositories) => Promise<Change>,
): Promise<void> {
  const isTold = await hearsOfSteps(turn);
  const { change, run } = await logged(turn, async (repositories) => {
    const made = inGroup(turn, await work(repositories));
    await setAside(repositories, turn.threadId, made.aside);
    await repositories.messages.append(turn.threadId, made.messages);
    if (state.counted.size > 0) await repositories.messages.saveTokenCounts(state.counted);
    if (made.step !== null) await storeStep(turn, state, { step: made.step, isTold, repositories });
    await turn.budget.settle(repositories, made.settlement);
    const trace = turn.tracksProvider ? traceOf(turn, made.step, made.call) : null;
    if (trace !== null) await repositories.traces.insert(trace);
    const saved = await savedRun(turn, state.run, made, repositories);
    // A run that ends is looked for as its end is stored.
    if (saved.completedAt === null) await requirePlace(saved, repositories);
    const runIds = await noteTurn(turn, saved, repositories);
    if (saved.completedAt !== null) await oweMemory(turn, repositories);
    return { change: runIds === null ? made : { ...made, usage: { ...made.usage, runIds } }, run: saved };
  });
  state.run = run;
  state.isPlaced = true;
  state.context = contextAfter(state, change);
  // No provider has counted what is left.
  if (change.compacted !== null) state.contextTokens = null;
  if (change.step !== null) {
    state.sent = null;
    state.hooked = [];
    state.tries = [];
    state.passedOver = [];
    state.stepsTaken++;
    state.contextTokens = change.step.usage?.totalTokens ?? 0;
    state.overflows = 0;
    state.doubted = NONE_DOUBTED;
  }
  state.counted = NOTHING_COUNTED;
  state.refusal = null;
  state.aside = NOTHING_ASIDE;
  state.calledTools = change.calledTools;
  state.callIds = state.callIds.union(callIdsOf(change.messages));
  state.lastAnswer = change.lastAnswer;
  state.usage = change.usage;
  state.stopReason = change.stopReason;
  state.ending = change.ending;
}

/**
 * Throws a `not_found` Failure when the run is gone, which it is with its agent, or its conversation is: then no model is
 * asked any more, and nothing is written.
 */
export async function requirePlace(run: Run, repositories: Readers): Promise<void> {
  if ((await repositories.runs.find(run.id)) === undefined)
    throw new Failure("not_found", `Agent ${run.agentId} was deleted while a run was at work`);
  await requireConversation(run.conversationId, repositories);
}

/** Nothing is written into a conversation that was deleted meanwhile, nor into the blocks that it had for itself. */
export async function requireConversation(
  conversationId: ConversationId | null,
  { conversations }: Readers,
): Promise<void> {
  if (conversationId !== null && (await conversations.find(conversationId)) === undefined)
    throw new Failure("not_found", `Conversation ${conversationId} was deleted while a run was at work in it`);
}

/** One transaction with its events in the run's log, so that neither is there without the other. */
async function logged<T extends { readonly change: Change; readonly run: Run }>(
  turn: Turn,
  work: (repositories: Repositories) => Promise<T>,
): Promise<T> {
  const entry = turn.log.begin();
  try {
    const made = await turn.store.write(turn.actor, async (repositories) => {
      const result = await work(repositories);
      await entry.append(repositories, eventsOf(result.change, result.run));
      return result;
    });
    entry.committed();
    return made;
  } catch (error) {
    entry.rolledBack();
    throw error;
  }
}

/** Whether hooks are to be told of steps of the agent; known without asking the store once it is known who there are. */
async function hearsOfSteps({ hooks, actor, agent }: Turn): Promise<boolean> {
  return hooks !== null && (await hooks.of({ actor, agentId: agent.id, event: "after_step" })).length > 0;
}

async function storeStep(
  turn: Turn,
  state: TurnState,
  {
    step,
    isTold,
    repositories,
  }: { readonly step: Step; readonly isTold: boolean; readonly repositories: Repositories },
): Promise<void> {
  const { steps, notices, backlog } = repositories;
  await steps.insert(step, state.sent && sentContext(turn, state, state.sent));
  if (!isTold) return;
  await notices.add(step.agentId, step.id);
  await backlog.owe(step.agentId, "tell");
}

/** What the agent's memory needs after a turn: words to be read for facts, and vectors of them where there is a model. */
async function oweMemory({ agent }: Turn, { backlog }: Repositories): Promise<void> {
  const { memorySettings, embeddingConfig } = agent;
  if (memorySettings?.learns === true) await backlog.owe(agent.id, "learn");
  if (memorySettings?.recalls === true && embeddingConfig !== null) await backlog.owe(agent.id, "embed");
}

/**
 * The context as the rows have it after the change. The run goes on with it, so that no step reads the history again.
 */
function contextAfter(state: TurnState, { compacted, system, grown, messages }: Change): readonly Message[] {
  if (compacted !== null) return [...compacted.context, ...messages];
  const [head, ...rest] = state.context;
  const before = system === null || head === undefined ? state.context : [system, ...rest];
  const whole = grown === null ? before : before.map((message) => (message.id === grown.id ? grown : message));
  return [...whole, ...messages];
}

/**
 * The run as it stands after the change, its end stored if this is it. Throws what {@link requirePlace} throws when
 * there is nothing left to end.
 */
async function savedRun(turn: Turn, run: Run, change: Change, repositories: Repositories): Promise<Run> {
  const { stopReason, error } = change;
  if (stopReason === null) return run;
  const inRound = await roundEndOf(turn, run, change, repositories);
  const completedAt = turn.clock.now();
  const totalDurationNs = Math.round((completedAt - run.createdAt) * 1e6);
  const failed = error === null ? {} : { error: errorRecord(run, error) };
  const metadata = { ...run.metadata, ...inRound, ...failed };
  const status = statusOf(stopReason);
  const approvalDueAt = stopReason === "requires_approval" ? approvalDue(turn.options, completedAt) : null;
  const ended: Run = { ...run, status, stopReason, completedAt, totalDurationNs, metadata, approvalDueAt };
  const isThere = await repositories.runs.finish(ended);
  if (!isThere) await requirePlace(run, repositories);
  assert(isThere, `run ${run.id} and its conversation are there, and its end is stored`);
  await repositories.agents.noteRun(run.agentId, stopReason);
  return ended;
}

/** Goes on with the round that an ending run is in; gives what its row tells where it is the last. */
async function roundEndOf(
  turn: Turn,
  run: Run,
  { stopReason, lastAnswer }: Change,
  repositories: Repositories,
): Promise<JsonObject> {
  if (turn.round === null || stopReason === null) return {};
  const ended = { ...run, status: statusOf(stopReason), stopReason };
  const end = await goOn(turn, { run: ended, lastAnswer, isCancelled: turn.signal.aborted }, repositories);
  return end === null ? {} : { group_end: end };
}

/** What is said in the round of a group is part of what was said there, and tells who says it. */
function inGroup({ round, agent }: Turn, change: Change): Change {
  if (round === null || round.place.part === "group_choice") return change;
  const { groupId } = round.place;
  const messages = change.messages.map((message) => {
    if (message.role === "user" || message.role === "summary") return message;
    return { ...message, groupId, senderId: message.role === "tool" ? null : agent.id };
  });
  // What is told at once are the same messages.
  const byId = new Map(messages.map((message) => [message.id, message]));
  return { ...change, messages, answers: change.answers.map((message) => byId.get(message.id) ?? message) };
}

/** When an approval that was asked for now expires; null when it never does. */
export function approvalDue({ approvalTimeoutMs }: TurnOptions, askedAt: Instant): Instant | null {
  return approvalTimeoutMs === null ? null : instantOf(askedAt + approvalTimeoutMs);
}

/** What went wrong as clients read it from the run, which is also what its stream ended with. */
export function errorRecord(run: Run, error: TurnError): JsonObject {
  const { type: error_type, message, detail } = error;
  return { message_type: "error_message", run_id: run.id, error_type, message, detail, seq_id: null };
}

/**
 * What the log is told of a change, in the order in which it happened: what tools did before their answers, the step
 * behind its messages, the end last.
 */
function eventsOf(change: Change, { approvalDueAt }: Run): readonly TurnEvent[] {
  const { messages, answers, notes, wasStreamed, stopReason, compacted, usage, error, step } = change;
  const replies = messages.filter(isReply);
  const woken = messages.filter((message) => message.role !== "tool" && !isReply(message));
  const said: TurnEvent[] = [
    ...replies.map((message) => ({ kind: "message", message, wasStreamed }) as const),
    ...notes,
    ...[...answers, ...woken].map((message) => ({ kind: "message", message, wasStreamed: false }) as const),
  ];
  if (compacted !== null) said.push({ kind: "compacted", summary: compacted.summary });
  if (step !== null) said.push(stepEnded(step));
  if (stopReason === "requires_approval")
    said.push({ kind: "approval.asked", calls: callsAskedFor(messages), dueAt: approvalDueAt });
  return stopReason === null ? said : [...said, { kind: "ended", stopReason, usage, error }];
}

function isReply({ role, toolCalls }: Message): boolean {
  return role === "assistant" || (role === "approval" && toolCalls.length > 0);
}

function stepEnded({ id, usage, llmRequestNs, stopReason }: Step): TurnEvent {
  const modelMs = llmRequestNs === null ? null : llmRequestNs / 1e6;
  return { kind: "step.ended", stepId: id, usage, modelMs, stop: stopReason };
}

function callsAskedFor(messages: readonly Message[]): readonly string[] {
  return messages.flatMap(({ role, toolCalls }) => (role === "approval" ? toolCalls.map((call) => call.id) : []));
}

import type { TurnError } from "../agent/events.ts";
import type { Message } from "../agent/message.ts";
import { newMessage } from "../agent/new-message.ts";
import type { Repositories } from "../agent/ports/ports.ts";
import { withSkills } from "../agent/prompt/client-skills.ts";
import type { Step, StopReason } from "../agent/run.ts";
import { answerCharsMax, openCalls, toTranscript } from "../agent/transcript.ts";
import { addUsage } from "../agent/usage.ts";
import { Failure } from "../core/failure.ts";
import { newId, type StepId } from "../core/id.ts";
import { answerFormatOf } from "../llm/config.ts";
import { ModelFailure, refusesInput } from "../llm/failure.ts";
import type { FinishReason, ModelRequest, ToolCall } from "../llm/model.ts";
import { type Settlement, settlementOf, settlementOfFailure } from "./budget/budget.ts";
import { isCrowded, madeRoomFor, makeRoom, mayBeFull, needsRoom, systemOverflow } from "./compaction/make-room.ts";
import { answeringTurn, failureOfOwn, noteAnswer, passOn, whyOf } from "./fallback/answering.ts";
import { askBeforeModel, HookRefusal, withNotes } from "./hooks/before-model.ts";
import { askOfOpenCalls, askOfReply } from "./hooks/memory-writes.ts";
import { sentRequest } from "./manifest/sent.ts";
import { type Change, commit, noChange, requirePlace } from "./step/commit.ts";
import { holdCall, stopOverLimit } from "./step/held-step.ts";
import { type CallResult, callIdsOf, callModel } from "./step/model-call.ts";
import { callOutside, NONE_OUTSIDE } from "./step/outside-calls.ts";
import { embedQueries } from "./step/query-vectors.ts";
import { isToRecall, recall, recalledBy, withRecalled } from "./step/recalled-memory.ts";
import { leaveOut, ownAside } from "./step/refusal.ts";
import { NOTHING_ASIDE, type SetAside } from "./step/set-aside.ts";
import { type HeardReply, hear, withHeartbeat } from "./step/speech.ts";
import { speechStream } from "./step/speech-stream.ts";
import { asksApproval, missingTools, toolOffer } from "./step/tool-offer.ts";
import { answerCalls, heartbeatMessage } from "./step/tool-round.ts";
import { placeOf, type ToolOffer, type Turn, type TurnResult, type TurnState } from "./step/turn-state.ts";
import { stepRow, triedIn } from "./step-row.ts";

/**
 * The agent loop, the only one: takes a run from where its rows say it stands to its end. Every step is one commit,
 * and what a built-in tool changes is in the same commit as its answer. Calls that run outside are left open by it; they
 * run in no transaction, and their answers are a commit of their own. Nothing is kept between steps but what the
 * rows hold too, or what is looked up anew when it is missing (what was recalled, counts of tokens), so a run that a crash
 * cut off is continued by calling this again.
 */
export async function advance(turn: Turn, state: TurnState): Promise<TurnResult> {
  // What is not read any more would be cut without a word.
  if (isCrowded(state.context)) state.contextTokens ??= 0;
  for (;;) {
    if (state.stopReason !== null) return { run: state.run, failure: state.failure };
    // What a resumed run read may have been deleted piece by piece while it read; a prompt of that must not go out.
    if (!state.isPlaced) await requirePlace(state.run, turn.store.reader(turn.actor));
    state.isPlaced = false;
    await goOn(turn, state);
  }
}

/** The next commit of a run, or what must come before it. */
async function goOn(turn: Turn, state: TurnState): Promise<void> {
  const isOpen = state.ending === null && openCalls(state.context).length > 0;
  if (isOpen) await answerOpenCalls(turn, state);
  else if (turn.signal.aborted) await stop(turn, state, state.ending ?? "cancelled");
  else if (await needsRoom(turn, state)) await makeRoom(turn, state);
  else if (state.ending !== null) await stop(turn, state, state.ending);
  else if (state.stepsTaken >= turn.options.maxSteps) await stop(turn, state, "max_steps");
  else await takeStep(turn, state);
}

/** Ends the run without asking the model once more. What it was to be tried without, no provider has accepted. */
function stop(turn: Turn, state: TurnState, stopReason: StopReason): Promise<void> {
  return commit(turn, state, async () => ({ ...noChange(state), stopReason, aside: NOTHING_ASIDE }));
}

/**
 * Answers calls that an earlier commit left open: those that run outside, after which come back here those behind them;
 * and all of them after an approval, or after a crash. A run that was cancelled meanwhile ends with their answers.
 */
async function answerOpenCalls(turn: Turn, state: TurnState): Promise<void> {
  const outside = await callOutside(turn, state);
  await askOfOpenCalls(turn, state, openCalls(state.context));
  await commit(turn, state, async (repositories) => {
    const isCancelled = turn.signal.aborted;
    const round = await answerCalls(turn, state, { context: state.context, repositories, outside, isCancelled });
    return { ...noChange(state), ...round, ...(isCancelled ? { stopReason: "cancelled" as const } : {}) };
  });
}

/** One model call, and the commit of what it said with the answers to what it called. */
async function takeStep(turn: Turn, state: TurnState): Promise<void> {
  const stepId = state.nextStepId ?? newId("step", turn.random);
  state.nextStepId = null;
  const notes = await askBeforeModel(turn, state, stepId);
  if (notes === undefined || notes instanceof HookRefusal) return stopByHook(turn, state, { stepId, refusal: notes });
  state.hooked = notes.hooks;
  if (isToRecall(turn)) await recall(turn, state);
  const answering = await answeringTurn(turn, state);
  if (answering === undefined)
    return failStep(turn, state, { stepId, llmRequestNs: 0, failure: failureOfOwn(turn, state) });
  const isStreamed = turn.options.stream === "tokens";
  const request = withNotes(requestFor(answering, state, { offer: toolOffer(turn, state), stream: isStreamed }), notes);
  const held = await holdCall(answering, request);
  if (held instanceof Failure) {
    if (answering === turn) return stopOverLimit(turn, state, { stepId, failure: held });
    return afterFailure(turn, state, { answering, stepId, llmRequestNs: 0, failure: held, isHeard: false });
  }
  const { llmConfig } = answering.agent;
  turn.log.note({ kind: "step.started", stepId, model: llmConfig.handle ?? llmConfig.model });
  const startedMs = turn.clock.elapsedMs();
  let isHeard = false;
  const emit = speechStream(turn.speech, turn.speakingTool, (event) => {
    isHeard = true;
    turn.log.publish(event);
  });
  state.sent = sentRequest(turn, state, request);
  const [result, failure] = await settled(
    callModel(
      {
        model: answering.model,
        request,
        signal: turn.signal,
        stepId,
        knownCallIds: state.callIds.union(callIdsOf(state.context)),
        asksApproval: (name) => asksApproval(turn, name),
        ...(isStreamed ? { emit } : {}),
      },
      turn.random,
    ),
  );
  const llmRequestNs = Math.round((turn.clock.elapsedMs() - startedMs) * 1e6);
  if (result !== undefined) {
    noteAnswer(turn, answering);
    const settlement = held && settlementOf(held, result);
    return storeStep(answering, state, { stepId, llmRequestNs, result, isStreamed, settlement });
  }
  // Before a compaction, or another model, holds something of its own.
  if (held !== null) await turn.budget.settleNow(turn.actor, settlementOfFailure(held, failure));
  await afterFailure(turn, state, { answering, stepId, llmRequestNs, failure, isHeard });
}

/** A model call that failed. */
interface FailedCall extends FailedStep {
  /** The turn as the model that failed took it. */
  readonly answering: Turn;
  /** Whether a client was told some of an answer, which cannot be unsaid. */
  readonly isHeard: boolean;
}

/** The same step once more, with less or by another model; or its end. Nothing is left out for a model that only stands in. */
async function afterFailure(turn: Turn, state: TurnState, call: FailedCall): Promise<void> {
  const { answering, stepId, failure, isHeard } = call;
  const isOwn = answering === turn;
  const isLess =
    isOwn && ((await madeRoomFor(turn, state, failure)) || (!isHeard && (await leaveOut(turn, state, failure))));
  if (isLess || (!isHeard && !turn.signal.aborted && passOn(turn, state, { answering, failure }))) {
    state.nextStepId = stepId;
    turn.log.note({ kind: "retry", stepId, why: whyOf(failure), afterMs: 0 });
  } else if (isOwn || isHeard) await failStep(answering, state, call);
  else await failStep(turn, state, { ...call, failure: failureOfOwn(turn, state, failure) });
}

/** Ends a run whose model a hook would not have asked; one that was cancelled meanwhile ends as such. */
async function stopByHook(
  turn: Turn,
  state: TurnState,
  { stepId, refusal }: { readonly stepId: StepId; readonly refusal: HookRefusal | undefined },
): Promise<void> {
  if (refusal === undefined) state.nextStepId = stepId;
  else await failStep(turn, state, { stepId, llmRequestNs: 0, failure: refusal });
}

/** The commit of what a model said, with the answers to what it called. */
async function storeStep(turn: Turn, state: TurnState, taken: TakenStep): Promise<void> {
  try {
    const { stepId, result } = taken;
    await askOfReply(turn, state, { stepId, toolCalls: result.reply.toolCalls });
    await embedQueries(turn, result.reply.toolCalls);
    await commit(turn, state, async (repositories) =>
      withheld(turn, state, await changeOf(turn, state, taken, repositories)),
    );
  } catch (error) {
    // What the model took it took, whatever becomes of what it said.
    if (taken.settlement !== null) await turn.budget.settleNow(turn.actor, taken.settlement);
    throw error;
  }
}

/** The change of a step that ends the run, its end held back when it leaves a context that may have to be compacted first. */
function withheld(turn: Turn, state: TurnState, change: Change): Change {
  if (change.stopReason === null) return change;
  const context = [...state.context, ...change.messages];
  const mustWait = mayBeFull(turn, state, { context, usage: change.step?.usage ?? null });
  return mustWait ? { ...change, stopReason: null, ending: change.stopReason } : change;
}

/** What a promise gave, or what it threw. */
async function settled<T>(promise: Promise<T>): Promise<readonly [T, undefined] | readonly [undefined, unknown]> {
  try {
    return [await promise, undefined];
  } catch (error) {
    return [undefined, error];
  }
}

/** What the model is asked where the run stands. */
export function requestFor(
  turn: Turn,
  state: TurnState,
  { offer, stream }: { readonly offer: ToolOffer; readonly stream: boolean },
): ModelRequest {
  const { agent, options } = turn;
  const transcript = toTranscript(state.context, answerCharsMax(agent.llmConfig.contextWindow));
  // The field of the agent itself is the older one.
  const format = answerFormatOf(agent.llmConfig) ?? agent.responseFormat;
  const hasRules = agent.toolRules.some((rule) => rule.type !== "requires_approval");
  return {
    system: withSkills(options.overrideSystem ?? transcript.system, options.clientSkills),
    messages: withRecalled(transcript.messages, recalledBy(turn)),
    tools: offer.schemas,
    toolChoice: offer.choice,
    parallelToolCalls: !hasRules && !turn.speech.isByTool && agent.llmConfig.parallelToolCalls,
    stream,
    ...(format === null ? {} : { responseFormat: format }),
  };
}

/** A model call that was answered, and how long the model took. */
interface TakenStep {
  readonly stepId: StepId;
  readonly llmRequestNs: number;
  readonly result: CallResult;
  readonly isStreamed: boolean;
  readonly settlement: Settlement | null;
}

/**
 * What a reply comes to: its rows, the answers to what it called, and whether the run is over. Inside the transaction
 * of the step, which the built-in tools among those calls write in.
 */
async function changeOf(turn: Turn, state: TurnState, taken: TakenStep, repositories: Repositories): Promise<Change> {
  const { result, isStreamed, settlement } = taken;
  const heard = hear(result.reply, turn.speech);
  const said = rowsOf(turn, state, taken, heard);
  const usage = usageAfter(turn, state, result);
  const before = { ...noChange(state), usage, call: result, settlement, wasStreamed: isStreamed };
  if (heard.toolCalls.length === 0) {
    const { stopReason, messages } = afterText(turn, state, taken, said);
    return { ...before, messages, stopReason, step: stepRow(turn, state, { ...taken, stopReason }) };
  }
  const context = [...state.context, ...said];
  const means = { context, repositories, outside: NONE_OUTSIDE, isCancelled: false };
  const round = await answerCalls(turn, state, means);
  const goesOn = round.stopReason === null;
  // While calls are open nobody knows, and what the model asked for is still to be read.
  const isKnown = turn.speech.isByTool && !round.isOpen;
  const kept = isKnown
    ? said.map((message) => ({ ...message, toolCalls: message.toolCalls.map((call) => withHeartbeat(call, goesOn)) }))
    : said;
  return {
    ...before,
    ...round,
    messages: [...kept, ...round.messages],
    step: stepRow(turn, state, { ...taken, stopReason: round.stopReason }),
  };
}

function usageAfter(turn: Turn, state: TurnState, result: CallResult) {
  const usage = addUsage(state.usage, result.reply.usage);
  // Older types never tracked the size of their context, and their clients are told so.
  return turn.speech.isByTool ? { ...usage, contextTokens: null } : usage;
}

/** What a reply without calls means: the end, unless a tool must still be called. */
function afterText(
  turn: Turn,
  state: TurnState,
  taken: TakenStep,
  said: readonly Message[],
): { stopReason: StopReason | null; messages: readonly Message[] } {
  if (turn.speech.isByTool) return { stopReason: "no_tool_call", messages: said };
  const missing = missingTools(turn, state.calledTools);
  if (missing.length > 0) {
    const reason = `Call these tools before you end your turn: ${missing.join(", ")}`;
    return { stopReason: null, messages: [...said, heartbeatMessage(turn, state, { stepId: taken.stepId, reason })] };
  }
  return {
    stopReason: END_REASONS[taken.result.reply.finishReason] ?? "end_turn",
    messages: said,
  };
}

/** How a text ends the turn that is no finished answer. */
const END_REASONS: Partial<Readonly<Record<FinishReason, StopReason>>> = {
  length: "max_tokens_exceeded",
  filtered: "invalid_llm_response",
};

/**
 * The rows a reply becomes: the calls that may run, then those that wait for an approval. What was said stands with the
 * first call, as its deltas did.
 */
function rowsOf(turn: Turn, state: TurnState, { stepId, result }: TakenStep, heard: HeardReply): readonly Message[] {
  const { parts, toolCalls } = heard;
  const place = placeOf(turn, state, stepId);
  const asks = (call: ToolCall) => asksApproval(turn, call.name);
  const firstAsks = toolCalls[0] !== undefined && asks(toolCalls[0]);
  const row = (role: "assistant" | "approval", isFirst: boolean): Message => ({
    ...newMessage(turn, place, { role, content: isFirst ? parts : [] }),
    id: isFirst ? result.messageId : result.otherCallsId,
    toolCalls: toolCalls.filter((call) => asks(call) === (role === "approval")),
  });
  const rows = [row("assistant", !firstAsks), row("approval", firstAsks)];
  return rows.filter((message) => message.toolCalls.length > 0 || message.content.length > 0);
}

/** A model call that failed, or was broken off when the run was cancelled. */
interface FailedStep {
  readonly stepId: StepId;
  readonly llmRequestNs: number;
  readonly failure: unknown;
}

/** Ends the run after a model call that failed or was cancelled. What the person wrote stays. */
async function failStep(turn: Turn, state: TurnState, failed: FailedStep): Promise<void> {
  const isCancelled = turn.signal.aborted;
  const { stopReason, error, failure, aside } = isCancelled ? CANCELLED : await endOf(turn, state, failed.failure);
  const step: Step = {
    ...stepRow(turn, state, { ...failed, stopReason }),
    status: isCancelled ? "cancelled" : "failed",
    errorType: error?.type ?? null,
    errorData: error === null ? null : { message: error.message, detail: error.detail, ...triedIn(state) },
  };
  state.failure = failure;
  await commit(turn, state, async () => ({ ...noChange(state), step, stopReason, error, aside }));
}

/** How a failed call ends its run. */
interface FailedEnd {
  readonly stopReason: StopReason;
  readonly error: TurnError | null;
  readonly failure: unknown;
  readonly aside: SetAside;
}

const CANCELLED: FailedEnd = { stopReason: "cancelled", error: null, failure: null, aside: NOTHING_ASIDE };

/**
 * What clients are told of a failure, a model's in its own words, anything else only that it happened; and what the next
 * message goes on without.
 */
async function endOf(turn: Turn, state: TurnState, thrown: unknown): Promise<FailedEnd> {
  if (thrown instanceof HookRefusal) {
    const error = { type: "refused_by_hook", message: thrown.message, detail: "" };
    return { stopReason: "error", error, failure: thrown, aside: NOTHING_ASIDE };
  }
  if (thrown instanceof ModelFailure) {
    const isRefused = refusesInput(thrown);
    const failure = isRefused ? (state.refusal?.failure ?? thrown) : thrown;
    const overflow = await systemOverflow(turn, state, failure);
    const { type, message, detail } = overflow ?? failure;
    if (overflow === undefined) {
      const aside = isRefused ? ownAside(state) : NOTHING_ASIDE;
      return { stopReason: "llm_api_error", error: { type, message, detail }, failure, aside };
    }
    const stopReason = "context_window_overflow_in_system_prompt";
    return { stopReason, error: { type: stopReason, message, detail }, failure: overflow, aside: NOTHING_ASIDE };
  }
  // What a caller can cause says what it is: a provider of their own that is gone, or whose key cannot be read.
  const isKnown = thrown instanceof Failure;
  const message = isKnown ? thrown.message : "An unknown error occurred with the LLM streaming request.";
  const detail = thrown instanceof Error ? thrown.name : "unknown";
  const error = { type: "internal_error", message, detail };
  return { stopReason: "error", error, failure: thrown, aside: NOTHING_ASIDE };
}

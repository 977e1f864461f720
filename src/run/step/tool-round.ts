import type { Note } from "../../agent/events.ts";
import type { Approval, Message, ToolReturn } from "../../agent/message.ts";
import { newMessage } from "../../agent/new-message.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { agentsShowing, recompileAgents, recompileHead } from "../../agent/prompt/recompile.ts";
import type { StopReason } from "../../agent/run.ts";
import { answersToLast, joinAnswers } from "../../agent/tool-answers.ts";
import { lastCalls, openCalls } from "../../agent/transcript.ts";
import { unreachable } from "../../core/assert.ts";
import type { StepId } from "../../core/id.ts";
import type { ToolCall } from "../../llm/model.ts";
import { isTerminal, mustContinue } from "../../tools/tool-rules.ts";
import { toolContext } from "../calls/tool-context.ts";
import { type BuiltinPlan, type CallPlan, decisionsIn, planOf, waitsForSomebody } from "./call-plan.ts";
import type { Change } from "./commit.ts";
import { doubtOf, type OutsideResults } from "./outside-calls.ts";
import {
  type Answered,
  clientAnswer,
  limited,
  notCalled,
  outsideAnswer,
  packed,
  withoutStderr,
} from "./round-answers.ts";
import { lastAnswerOf } from "./run-state.ts";
import { argumentsOf, HEARTBEAT } from "./speech.ts";
import { becauseOf, endNote, type MemoryChanges, startOf } from "./tool-notes.ts";
import { askedTool, missingTools } from "./tool-offer.ts";
import { placeOf, type Turn, type TurnState } from "./turn-state.ts";

/** What came of the calls that were open. Without a reason to stop the model speaks next, or calls are still open. */
export interface Round
  extends Pick<
    Change,
    "messages" | "grown" | "answers" | "notes" | "system" | "calledTools" | "lastAnswer" | "stopReason"
  > {
  /** Whether calls are open that run outside, and come next. */
  readonly isOpen: boolean;
}

/** What the calls of a round are answered with. */
export interface RoundMeans {
  readonly context: readonly Message[];
  /** Of the transaction that stores the answers. */
  readonly repositories: Repositories;
  /** What came of calls that ran outside. */
  readonly outside: OutsideResults;
  /** Whether nothing is to be begun any more: then every call that is open is answered. */
  readonly isCancelled: boolean;
}

/**
 * Answers open calls of a context in their order, as many as can be in this transaction: runs built-in tools inside it,
 * takes what clients and people answered and what came from outside, and refuses the rest in words for the model. The
 * first that is still to run outside stays open, with all after it. While a call waits for a person nothing is answered.
 */
export async function answerCalls(turn: Turn, state: TurnState, means: RoundMeans): Promise<Round> {
  const { context, repositories } = means;
  const stepId = context.findLast((message) => message.toolCalls.length > 0)?.stepId ?? null;
  const blocks = becauseOf(repositories.blocks, { runId: state.run.id, stepId });
  const own = { ...means, repositories: { ...repositories, blocks } };
  const decisions = decisionsIn(context);
  let { calledTools, lastAnswer } = state;
  if (waitsForSomebody(turn, context, decisions))
    return {
      messages: [],
      grown: null,
      answers: [],
      notes: [],
      system: null,
      calledTools,
      lastAnswer,
      stopReason: "requires_approval",
      isOpen: false,
    };

  const open = openCalls(context);
  const returns: ToolReturn[] = [];
  const notes: Note[] = [];
  let promptChanged = false;
  for (const call of open) {
    // Rules look at what was called before, so each call is planned once those before it have their answers.
    const at = { ...state, calledTools, lastAnswer };
    const plan = planOf(turn, at, { call, decision: decisions.get(call.id) });
    const began = startOf(turn, call);
    const answered = await answerCall(turn, at, { call, plan }, own);
    // It runs outside. What is behind it waits, for answers stand in the order of their calls.
    if (answered === undefined) break;
    if (plan.how === "builtin") notes.push(began.note, endNote(turn, began, answered.toolReturn.status === "success"));
    const { changes } = answered;
    if (changes.length > 0) notes.push({ kind: "memory.changed", call: call.id, changes });
    calledTools = [...calledTools, call.name];
    promptChanged ||= answered.promptChanged;
    returns.push(answered.toolReturn);
    lastAnswer = lastAnswerOf(returns);
  }
  const isOpen = returns.length < open.length;
  const system = promptChanged ? await recompiled(turn, context, repositories) : null;
  const answer: Message = {
    ...newMessage(turn, placeOf(turn, state, stepId), { role: "tool", content: [] }),
    toolReturns: returns,
    name: nameOf(returns, decisions),
  };
  const calls = lastCalls(context);
  const isAnswered = returns.some(({ status }) => status === "success");
  const stopReason = isOpen ? null : stopAfter(turn, { calls, isAnswered }, calledTools);
  const isOver = isOpen || means.isCancelled || stopReason !== null;
  const heartbeat = isOver ? [] : heartbeatAfter(turn, state, stepId, calls, calledTools);
  const stored = await storedAnswers(turn, repositories, { context, answer });
  const answers = isOpen ? [] : stored.answers;
  const { grown, messages } = stored;
  return {
    messages: [...messages, ...heartbeat],
    grown,
    answers,
    notes,
    system,
    calledTools,
    lastAnswer,
    stopReason,
    isOpen,
  };
}

/** Where the answers of an act of a round are kept: with those before them, or in a message that is still to be appended. */
async function storedAnswers(
  turn: Turn,
  { messages }: Repositories,
  { context, answer }: { readonly context: readonly Message[]; readonly answer: Message },
): Promise<Pick<Change, "messages" | "grown" | "answers">> {
  const before = answersToLast(context).filter(({ runId }) => runId === answer.runId);
  if (answer.toolReturns.length === 0) return { messages: [], grown: null, answers: before };
  const grown = await joinAnswers(messages, turn.threadId, { context, more: answer });
  if (grown !== undefined) return { messages: [], grown, answers: [...before.slice(0, -1), grown] };
  return { messages: [answer], grown: null, answers: [...before, answer] };
}

/** The name of the first tool that ran here; what a client ran, or a person denied, has none, as in Letta. */
function nameOf(returns: readonly ToolReturn[], decisions: ReadonlyMap<string, Approval>): string | null {
  return returns.find(({ toolCallId }) => !isElsewhere(decisions.get(toolCallId)))?.name ?? null;
}

function isElsewhere(decision: Approval | undefined): boolean {
  return decision !== undefined && (decision.type === "tool" || !decision.approve);
}

/** One open call, and what is to be done about it. */
interface PlannedCall {
  readonly call: ToolCall;
  readonly plan: CallPlan;
}

/** The answer to one call; undefined when it is still to run outside. */
async function answerCall(
  turn: Turn,
  state: TurnState,
  { call, plan }: PlannedCall,
  { repositories, outside, isCancelled }: RoundMeans,
): Promise<Answered | undefined> {
  switch (plan.how) {
    case "answered":
      return clientAnswer(turn, call, plan.decision);
    case "denied":
      return withoutStderr(packed(turn, call, { ok: false, message: plan.message }));
    case "refused":
      return packed(turn, call, { ok: false, message: plan.message });
    case "builtin":
      if (isCancelled) return notCalled(turn, call, undefined);
      return runTool(turn, state, { call, plan }, repositories);
    case "outside": {
      const result = outside.get(call.id);
      if (result !== undefined) return outsideAnswer(turn, { call, result }, repositories);
      return isCancelled ? notCalled(turn, call, doubtOf(state, call.id)) : undefined;
    }
    default:
      return unreachable(plan);
  }
}

/** Runs one built-in tool; what it wrote is undone when its answer is an error. */
async function runTool(
  turn: Turn,
  state: TurnState,
  { call, plan: { builtin, args } }: { readonly call: ToolCall; readonly plan: BuiltinPlan },
  repositories: Repositories,
): Promise<Answered> {
  const changes: MemoryChanges = new Map();
  const context = toolContext(turn, repositories, { changes, exceptRunId: state.run.id });
  const result = await repositories.attempt(() => builtin.call(args, context));
  if (!result.ok) return packed(turn, call, result);
  const kept = builtin.unlimited ? result : limited(turn, call, result);
  return { ...packed(turn, call, kept), changes: [...changes.values()] };
}

/** The system message after memory changed, stored; agents that share memory with this one are brought up to date too. */
async function recompiled(
  turn: Turn,
  context: readonly Message[],
  repositories: Repositories,
): Promise<Message | null> {
  const { agent, clock, timeFormat: times } = turn;
  const blocks = await repositories.blocks.listForAgent(agent.id);
  const shared = { blockIds: blocks.map(({ id }) => id), archiveId: await repositories.passages.archiveOf(agent.id) };
  const others = (await agentsShowing(repositories, shared)).filter((id) => id !== agent.id);
  const [head] = context;
  const elsewhere = head?.conversationId === null ? others : [agent.id, ...others];
  await recompileAgents(repositories, elsewhere, { clock, times });
  if (head?.role !== "system") return null;
  return recompileHead(repositories, agent, { head, inContext: context.length, times });
}

/** Whether the run is over after these calls were answered. */
function stopAfter(
  turn: Turn,
  { calls, isAnswered }: { readonly calls: readonly ToolCall[]; readonly isAnswered: boolean },
  calledTools: readonly string[],
): StopReason | null {
  const rules = turn.agent.toolRules;
  // What was asked for is answered; a choice that makes no sense is asked for once more.
  if (askedTool(turn) !== undefined) return isAnswered ? "tool_rule" : null;
  if (missingTools(turn, calledTools).length > 0) return null;
  const last = calls.find((call) => isTerminal(rules, call.name));
  if (!turn.speech.isByTool) return last === undefined ? null : "tool_rule";
  const wantsMore = calls.some((call) => argumentsOf(call)[HEARTBEAT] === true);
  if (last !== undefined) return wantsMore ? "tool_rule" : "end_turn";
  return wantsMore || calls.some((call) => mustContinue(rules, call.name)) ? null : "end_turn";
}

/** Older agent types are woken for their next step by a message that no person sees. */
function heartbeatAfter(
  turn: Turn,
  state: TurnState,
  stepId: StepId | null,
  calls: readonly ToolCall[],
  calledTools: readonly string[],
): readonly Message[] {
  if (!turn.speech.isByTool) return [];
  const missing = missingTools(turn, calledTools);
  const names = calls.map((call) => call.name).join(", ");
  const reason =
    missing.length > 0
      ? `Call these tools before you end your turn: ${missing.join(", ")}`
      : `${names} has answered; you may act again`;
  return [heartbeatMessage(turn, state, { stepId, reason })];
}

/** A message that wakes the model without anybody having spoken, in Letta's packing. */
export function heartbeatMessage(
  turn: Turn,
  state: TurnState,
  { stepId, reason }: { readonly stepId: StepId | null; readonly reason: string },
): Message {
  const note = `[This is an automated system message hidden from the user] ${reason}`;
  const time = turn.timeFormat.localTime(turn.clock.now(), turn.agent.timezone);
  const text = JSON.stringify({ type: "heartbeat", reason: note, time });
  return newMessage(turn, placeOf(turn, state, stepId), { role: "user", content: [{ type: "text", text }] });
}

import { type Approval, type Message, type ToolReturn, textOf } from "../../agent/message.ts";
import { searchMessages } from "../../agent/message-search.ts";
import { newMessage } from "../../agent/new-message.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { withIsolated } from "../../agent/prompt/isolated-blocks.ts";
import { compilePrompt, recompileAgents } from "../../agent/prompt/recompile.ts";
import type { StopReason } from "../../agent/run.ts";
import { openCalls } from "../../agent/transcript.ts";
import type { StepId } from "../../core/id.ts";
import type { ToolCall } from "../../llm/model.ts";
import { cannotRun, NO_CODE } from "../../tools/builtin/unavailable.ts";
import type { ToolContext, ToolResult } from "../../tools/builtin.ts";
import { RETURN_CHARS_DEFAULT } from "../../tools/tool.ts";
import { errorLine, limitMessage, limitParts, packAnswer } from "../../tools/tool-answer.ts";
import { isTerminal, mustContinue, prefilledArgs, refusalOf } from "../../tools/tool-rules.ts";
import { searchPassages } from "../../umi/archive/passage-search.ts";
import { lastAnswerOf } from "./run-state.ts";
import { argumentsOf, HEARTBEAT, readArguments } from "./speech.ts";
import { asksApproval, hasTool, missingTools, toolOffer } from "./tool-offer.ts";
import { placeOf, type Turn, type TurnState } from "./turn-state.ts";

/** What came of the calls that were open. */
export interface Round {
  readonly messages: readonly Message[];
  readonly system: Message | null;
  readonly calledTools: readonly string[];
  readonly lastAnswer: string | null;
  /** Null when the model should speak next. */
  readonly stopReason: StopReason | null;
}

/**
 * Answers every open call of `context`: runs built-in tools inside the transaction of `repositories`, takes what
 * clients and people answered, and refuses the rest in words for the model. While a call waits for a person nothing
 * is answered.
 */
export async function answerCalls(
  turn: Turn,
  state: TurnState,
  context: readonly Message[],
  repositories: Repositories,
): Promise<Round> {
  const calls = openCalls(context);
  const decisions = new Map(
    context.flatMap((message) => message.approvals.map((approval) => [approval.toolCallId, approval] as const)),
  );
  const waits = calls.some((call) => asksApproval(turn, call.name) && !decisions.has(call.id));
  if (waits)
    return {
      messages: [],
      system: null,
      calledTools: state.calledTools,
      lastAnswer: state.lastAnswer,
      stopReason: "requires_approval",
    };

  const returns: ToolReturn[] = [];
  let calledTools = state.calledTools;
  let lastAnswer = state.lastAnswer;
  let promptChanged = false;
  for (const call of calls) {
    const answered = await answerCall(
      turn,
      { ...state, calledTools, lastAnswer },
      call,
      decisions.get(call.id),
      repositories,
    );
    calledTools = [...calledTools, call.name];
    promptChanged ||= answered.promptChanged;
    returns.push(answered.toolReturn);
    lastAnswer = lastAnswerOf(returns);
  }
  const stepId = context.findLast((message) => message.toolCalls.length > 0)?.stepId ?? null;
  const system = promptChanged ? await recompiled(turn, context, repositories) : null;
  const answer: Message = {
    ...newMessage(turn, placeOf(turn, state, stepId), "tool", []),
    toolReturns: returns,
    name: nameOf(returns, decisions),
  };
  const stopReason = stopAfter(turn, calls, calledTools);
  const heartbeat = stopReason === null ? heartbeatAfter(turn, state, stepId, calls, calledTools) : [];
  return { messages: [answer, ...heartbeat], system, calledTools, lastAnswer, stopReason };
}

/** The name of the first tool that ran here; what a client ran, or a person denied, has none, as in Letta. */
function nameOf(returns: readonly ToolReturn[], decisions: ReadonlyMap<string, Approval>): string | null {
  return returns.find(({ toolCallId }) => !isElsewhere(decisions.get(toolCallId)))?.name ?? null;
}

function isElsewhere(decision: Approval | undefined): boolean {
  return decision !== undefined && (decision.type === "tool" || !decision.approve);
}

interface Answered {
  readonly toolReturn: ToolReturn;
  readonly promptChanged: boolean;
}

async function answerCall(
  turn: Turn,
  state: TurnState,
  call: ToolCall,
  decision: Approval | undefined,
  repositories: Repositories,
): Promise<Answered> {
  if (decision?.type === "tool") return clientAnswer(turn, call, decision);
  if (decision?.type === "approval" && !decision.approve) {
    const message = `Error: request to call tool denied. User reason: ${decision.reason ?? "None"}`;
    return withoutStderr(packed(turn, call, { ok: false, message }));
  }
  return packed(turn, call, await runTool(turn, state, call, repositories));
}

/** Runs one built-in tool; what it wrote is undone when its answer is an error. */
async function runTool(turn: Turn, state: TurnState, call: ToolCall, repositories: Repositories): Promise<ToolResult> {
  const offer = toolOffer(turn, state);
  if (!offer.allowed.includes(call.name)) {
    return { ok: false, message: refusalOf(call.name, offer.allowed, hasTool(turn, call.name)) };
  }
  const builtin = turn.builtins.get(call.name);
  if (builtin === undefined) return { ok: false, message: cannotRun(call.name, NO_CODE) };
  const written = readArguments(call);
  if (written === undefined) return { ok: false, message: unreadable(call) };
  const { [HEARTBEAT]: _, ...given } = written;
  const args = { ...given, ...prefilledArgs(turn.agent.toolRules, state.calledTools, call.name) };
  const result = await repositories.attempt(() => builtin.call(args, toolContext(turn, state, repositories)));
  return result.ok && !builtin.unlimited ? limited(turn, call, result) : result;
}

function unreadable({ name }: ToolCall): string {
  return `The arguments of '${name}' are not valid JSON, so it was not called. Write them again as one JSON object`;
}

function limited(turn: Turn, call: ToolCall, result: ToolResult & { ok: true }): ToolResult {
  const charsMax = turn.tools.find((tool) => tool.name === call.name)?.returnCharLimit ?? RETURN_CHARS_DEFAULT;
  return { ...result, message: limitMessage(result.message, charsMax) };
}

function packed(turn: Turn, call: ToolCall, result: ToolResult): Answered {
  const response = pack(turn, result.ok, result.message);
  const text = typeof result.message === "string" ? result.message : JSON.stringify(result.message);
  const stderr = result.ok ? null : [errorLine(call.name, text)];
  const toolReturn: ToolReturn = {
    toolCallId: call.id,
    name: call.name,
    status: result.ok ? "success" : "error",
    response,
    stdout: null,
    stderr,
  };
  return { toolReturn, promptChanged: result.ok && result.promptChanged };
}

/** What did not run has written nothing. */
function withoutStderr(answered: Answered): Answered {
  return { ...answered, toolReturn: { ...answered.toolReturn, stderr: null } };
}

function clientAnswer(turn: Turn, call: ToolCall, decision: Approval & { type: "tool" }): Answered {
  const { status, parts, stdout, stderr } = decision;
  const charsMax = Math.max(RETURN_CHARS_DEFAULT, Math.floor(turn.agent.llmConfig.contextWindow * 0.2 * 4));
  const message = limitMessage(decision.text, charsMax);
  const response = pack(turn, status === "success", message);
  return {
    toolReturn: {
      toolCallId: call.id,
      name: call.name,
      status,
      response,
      ...(parts !== undefined && { parts: limitParts(parts, charsMax) }),
      stdout,
      stderr,
    },
    promptChanged: false,
  };
}

function toolContext(turn: Turn, state: TurnState, repositories: Repositories): ToolContext {
  const { agent, actor, clock, random } = turn;
  return {
    agentId: agent.id,
    agentName: agent.name,
    timezone: agent.timezone,
    userId: actor.userId,
    blocks: withIsolated(repositories.blocks, agent.id, turn.isolatedBlockIds),
    passages: repositories.passages,
    clock,
    random,
    async searchPassages(text, filter, limit) {
      const archiveId = await repositories.passages.archiveOf(agent.id);
      if (archiveId === undefined) return [];
      const query = { text, filter, limit, at: clock.now(), vector: turn.queryVectors.get(text) };
      const { hits } = await searchPassages(repositories, archiveId, query);
      return hits.map(({ passage }) => passage);
    },
    async searchConversation(query) {
      const { text, roles, limit, start, end } = query;
      const found = await searchMessages(repositories, {
        agentId: agent.id,
        exceptRunId: state.run.id,
        text: text ?? "",
        isLiteral: true,
        limit,
        at: clock.now(),
        ...(roles === null ? {} : { roles }),
        ...(start === null ? {} : { start }),
        ...(end === null ? {} : { end }),
      });
      // What a provider refused it would refuse again as the answer to a search.
      const shown = found.filter(({ message }) => message.isError !== true);
      // The best of all, but told as Letta tells them.
      const newestFirst = shown.toSorted((a, b) => b.message.createdAt - a.message.createdAt);
      return newestFirst.map(({ message }) => ({
        createdAt: message.createdAt,
        role: message.role === "approval" ? "assistant" : message.role,
        text: textOf(message),
      }));
    },
  };
}

/** The system message after memory changed, stored; agents that share a block with this one are brought up to date too. */
async function recompiled(
  turn: Turn,
  context: readonly Message[],
  repositories: Repositories,
): Promise<Message | null> {
  const { agent, clock, timeFormat: times } = turn;
  const blocks = await repositories.blocks.listForAgent(agent.id);
  const sharing = await Promise.all(blocks.map((block) => repositories.blocks.agentsOf(block.id)));
  const others = new Set(sharing.flat().filter((id) => id !== agent.id));
  const elsewhere = context[0]?.conversationId === null ? [...others] : [agent.id, ...others];
  await recompileAgents(repositories, elsewhere, { clock, times });
  const [head] = context;
  if (head?.role !== "system") return null;
  const text = await compilePrompt(repositories, agent, {
    recompiledAt: head.createdAt,
    inContext: context.length,
    times,
    conversationId: head.conversationId,
  });
  await repositories.messages.saveSystem(head.id, text);
  return { ...head, content: [{ type: "text", text }] };
}

/** Whether the run is over after these calls were answered. */
function stopAfter(turn: Turn, calls: readonly ToolCall[], calledTools: readonly string[]): StopReason | null {
  const rules = turn.agent.toolRules;
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
  return [heartbeatMessage(turn, state, stepId, reason)];
}

/** A message that wakes the model without anybody having spoken, in Letta's packing. */
export function heartbeatMessage(turn: Turn, state: TurnState, stepId: StepId | null, reason: string): Message {
  const note = `[This is an automated system message hidden from the user] ${reason}`;
  const time = turn.timeFormat.localTime(turn.clock.now(), turn.agent.timezone);
  const text = JSON.stringify({ type: "heartbeat", reason: note, time });
  return newMessage(turn, placeOf(turn, state, stepId), "user", [{ type: "text", text }]);
}

function pack(turn: Turn, ok: boolean, message: ToolResult["message"]): string {
  return packAnswer({ ok, message, at: turn.clock.now(), zone: turn.agent.timezone }, turn.timeFormat);
}

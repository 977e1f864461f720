import type { ConversationId, RunId, StepId } from "../../core/id.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import { packAnswer } from "../../tools/tool-answer.ts";
import type { Agent } from "../agent.ts";
import type { Message, ToolReturn } from "../message.ts";
import { type MessageSources, newMessage } from "../new-message.ts";
import type { Repositories } from "../ports/ports.ts";
import { joinAnswers } from "../tool-answers.ts";
import { openCalls } from "../transcript.ts";
import { pendingRequest } from "./admission.ts";

/** What answers are made with. */
export interface DenialSources extends MessageSources {
  readonly times: TimeFormat;
}

/** Calls that nobody will answer any more. */
export interface Denial {
  readonly agent: Agent;
  /** The conversation that waits for them; null is the agent's own. */
  readonly conversationId: ConversationId | null;
  /** What it has in its context. */
  readonly context: readonly Message[];
  /** The run and the step that their answers belong to, if any. */
  readonly runId: RunId | null;
  readonly stepId: StepId | null;
  /** What the model reads in place of each answer. */
  readonly reason: string;
}

/**
 * Denies every call that a conversation waits for, so that no history holds a call without an answer; false when there
 * is none. Nobody sent these answers: they have no otid, and one that comes later does not take their place.
 */
export async function denyCalls(
  { messages }: Pick<Repositories, "messages">,
  sources: DenialSources,
  { agent, context, reason, ...belongs }: Denial,
): Promise<boolean> {
  const calls = openCalls(context);
  if (calls.length === 0) return false;
  const place = { ...belongs, agentId: agent.id, model: null };
  const asked = pendingRequest(context)?.toolCalls ?? [];
  const approvals = asked.map(({ id }) => ({ type: "approval", toolCallId: id, approve: false, reason }) as const);
  const denial = { ...newMessage(sources, place, { role: "approval", content: [] }), approvals };
  const packed = { ok: false, message: reason, at: sources.clock.now(), zone: agent.timezone };
  const response = packAnswer(packed, sources.times);
  const toolReturns = calls.map(
    ({ id, name }): ToolReturn => ({ toolCallId: id, name, status: "error", response, stdout: null, stderr: null }),
  );
  const returned = { ...newMessage(sources, place, { role: "tool", content: [] }), toolReturns };
  const threadId = belongs.conversationId ?? agent.id;
  const isJoined = (await joinAnswers(messages, threadId, { context, more: returned })) !== undefined;
  await messages.append(threadId, [...(asked.length === 0 ? [] : [denial]), ...(isJoined ? [] : [returned])]);
  return true;
}

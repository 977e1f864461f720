import type { Clock } from "../core/clock.ts";
import { type AgentId, type ConversationId, newId, type RunId, type StepId } from "../core/id.ts";
import type { Random } from "../core/random.ts";
import type { InputPart } from "../llm/model.ts";
import type { Approval, ContentPart, Message, MessageRole } from "./message.ts";

/** One message of a request. */
export interface InputMessage {
  readonly role: "user" | "system" | "assistant";
  readonly parts: readonly InputPart[];
  readonly name: string | null;
  readonly otid: string | null;
  readonly senderId: string | null;
  readonly groupId: string | null;
}

/** What a request brings: messages, answers to tool calls that wait for one, or answers followed by messages. */
export interface TurnInput {
  readonly approvals: readonly Approval[];
  readonly approvalOtid: string | null;
  readonly messages: readonly InputMessage[];
}

/** Where new messages belong. */
export interface MessagePlace {
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly runId: RunId | null;
  readonly stepId: StepId | null;
  readonly model: string | null;
}

/** What makes ids and times. */
export interface MessageSources {
  readonly clock: Clock;
  readonly random: Random;
}

/** A message of `role` with everything else empty. */
export function newMessage(
  sources: MessageSources,
  place: MessagePlace,
  { role, content }: { readonly role: MessageRole; readonly content: readonly ContentPart[] },
): Message {
  return {
    id: newId("message", sources.random),
    ...place,
    role,
    content,
    toolCalls: [],
    toolReturns: [],
    approvals: [],
    name: null,
    otid: null,
    senderId: null,
    groupId: null,
    isError: null,
    blocksShown: null,
    createdAt: sources.clock.now(),
  };
}

/** The rows that a request's input becomes. */
export function inputMessages(sources: MessageSources, place: MessagePlace, input: TurnInput): readonly Message[] {
  const unmodelled = { ...place, model: null };
  const answers = input.approvals.length === 0 ? [] : [approvalMessage(sources, unmodelled, input)];
  return [...answers, ...input.messages.map((message) => toMessage(sources, unmodelled, message))];
}

function approvalMessage(sources: MessageSources, place: MessagePlace, input: TurnInput): Message {
  const message = newMessage(sources, place, { role: "approval", content: [] });
  return { ...message, approvals: input.approvals, otid: input.approvalOtid ?? sources.random.uuid() };
}

/** A message without an otid gets one of ours: it tells what was sent from what the run made. */
function toMessage(sources: MessageSources, place: MessagePlace, input: InputMessage): Message {
  const { role, parts, name, otid, senderId, groupId } = input;
  return {
    ...newMessage(sources, place, { role, content: parts }),
    name,
    otid: otid ?? sources.random.uuid(),
    senderId,
    groupId,
  };
}

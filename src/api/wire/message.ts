import { z } from "zod";
import type { Agent } from "../../agent/agent.ts";
import type { Approval, ContentPart, Message, ToolReturn } from "../../agent/message.ts";
import type { Instant } from "../../core/clock.ts";
import type { RunId, StepId } from "../../core/id.ts";
import { isRecord, type Json, type JsonObject, parseJson } from "../../core/json.ts";
import type { ReasoningPart, ToolCall } from "../../llm/model.ts";
import { speechOf } from "../../run/step/speech.ts";
import { packedStatsOf, summaryTextOf } from "../../run/step/summary-message.ts";
import { unpackAnswer } from "../../tools/tool-answer.ts";
import { answer } from "./answers/answer.ts";
import type { LettaOptions } from "./letta-face.ts";
import { toWireSeconds } from "./time.ts";

/** How stored messages are shown. */
export interface MessageView {
  /** Text of the agent is its reply; false for older agent types, where it is inner monologue. */
  readonly assistantText: boolean;
  /** Show a call of the speaking tool as what it says, and hide its answer. */
  readonly useAssistantMessage: boolean;
  readonly assistantMessageToolName?: string;
  readonly assistantMessageToolKwarg?: string;
  /** Show a summary as what it is; otherwise it is what the model reads, a message to it. */
  readonly showsSummaries?: boolean;
  /** Newest first within each stored message too. */
  readonly reverse?: boolean;
}

/** Letta's name for what older agent types speak with, and the argument that holds what they say. */
const SPEAKING_TOOL = "send_message";
const SPEAKING_ARGUMENT = "message";
/** The low bits of a message's id that number the pieces it is shown as. */
const PIECE_BITS = 0x7f;

/** Stored messages as clients see them: each becomes none, one or several, all with its id and a number in the otid. */
export function toWireMessages(messages: readonly Message[], view: MessageView): readonly JsonObject[] {
  return messages.flatMap((message) => {
    const shown = toWireMessage(message, view);
    return view.reverse === true ? shown.toReversed() : shown;
  });
}

/** What an agent says to the person in a message, its first `from` pieces left out. */
export function spokenTexts(message: Message, view: MessageView, from = 0): readonly string[] {
  if (message.role !== "assistant" && message.role !== "approval") return [];
  return toWireMessage(message, view)
    .slice(from)
    .flatMap(({ message_type: type, content }) =>
      type === "assistant_message" && typeof content === "string" ? [content] : [],
    );
}

/** What every message on the wire starts with. */
export function envelope(message: Message, type: string, otid: string | null): JsonObject {
  return {
    id: message.id,
    date: toWireSeconds(message.createdAt),
    name: message.role === "assistant" || message.role === "approval" ? null : message.name,
    message_type: type,
    otid,
    sender_id: message.senderId,
    step_id: message.stepId,
    is_err: message.isError === true ? true : null,
    seq_id: null,
    run_id: message.runId,
  };
}

/** What every other event on the wire starts with. */
export function eventHead({ id, at, type, otid = null, stepId = null, runId }: EventHead): JsonObject {
  return {
    id,
    date: toWireSeconds(at),
    name: null,
    message_type: type,
    otid,
    sender_id: null,
    step_id: stepId,
    is_err: null,
    seq_id: null,
    run_id: runId,
  };
}

interface EventHead {
  readonly id: string;
  readonly at: Instant;
  readonly type: string;
  readonly otid?: string | null;
  readonly stepId?: StepId | null;
  readonly runId: RunId;
}

/** The otid of the `index`-th piece of a message: its UUID with the low seven bits replaced. */
export function pieceOtid(messageId: string, index: number): string {
  const uuid = messageId.slice(messageId.indexOf("-") + 1);
  const last = Number.parseInt(uuid.slice(-2), 16);
  const byte = (last & ~PIECE_BITS) | (index & PIECE_BITS);
  return uuid.slice(0, -2) + byte.toString(16).padStart(2, "0");
}

/** What {@link toWireCall} shows. */
export const WireCall = answer("ToolCall", {
  name: z.string(),
  arguments: z.string(),
  tool_call_id: z.string(),
});

/** A tool call as clients see it. */
export function toWireCall(call: ToolCall): z.output<typeof WireCall> {
  return { name: call.name, arguments: call.arguments, tool_call_id: call.id };
}

function toWireMessage(message: Message, view: MessageView): readonly JsonObject[] {
  switch (message.role) {
    case "system":
      return [{ ...envelope(message, "system_message", message.otid), content: textContent(message) }];
    case "user":
      return [{ ...envelope(message, "user_message", message.otid), content: userContent(message) }];
    case "summary":
      return [summaryPiece(message, view)];
    case "assistant":
      return spokenMessages(message, view);
    case "tool":
      return toolReturnMessages(message, view);
    case "approval":
      return message.toolCalls.length > 0
        ? [...saidPieces(message, view), approvalRequest(message)]
        : [approvalResponse(message)];
  }
}

function summaryPiece(message: Message, view: MessageView): JsonObject {
  if (view.showsSummaries !== true)
    return { ...envelope(message, "user_message", message.otid), content: userContent(message) };
  return {
    ...envelope(message, "summary_message", message.otid),
    summary: summaryTextOf(message),
    compaction_stats: packedStatsOf(message),
  };
}

function textContent(message: Message): string {
  return message.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/** One text is shown as text, and what older versions packed in JSON is taken out of it; anything else as parts. */
function userContent(message: Message): Json {
  const [only, ...more] = message.content;
  if (only?.type !== "text" || more.length > 0) return message.content.map(toWirePart);
  const packed = only.text.startsWith("{") ? parseJson(only.text) : undefined;
  return isRecord(packed) && packed["type"] === "user_message" && typeof packed["message"] === "string"
    ? packed["message"]
    : only.text;
}

/** A part of a message as clients see it. */
export function toWirePart(part: ContentPart): JsonObject {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type === "image")
    return { type: "image", source: { type: "base64", media_type: part.mediaType, data: part.data, detail: null } };
  return { type: "reasoning", is_native: true, reasoning: part.text, signature: part.signature ?? null };
}

/** What a model said, in pieces that its calls, if any, come after. */
function saidPieces(message: Message, view: MessageView): JsonObject[] {
  const pieces: JsonObject[] = [];
  for (const part of message.content) addSpoken(part, view, (...piece) => addPiece(pieces, message, ...piece));
  return pieces;
}

/** Pieces are numbered as they come, and streams number theirs alike: a client joins the two by the otid. */
function addPiece(pieces: JsonObject[], message: Message, type: string, rest: JsonObject): void {
  pieces.push({ ...envelope(message, type, pieceOtid(message.id, pieces.length)), ...rest });
}

function spokenMessages(message: Message, view: MessageView): readonly JsonObject[] {
  const pieces = saidPieces(message, view);
  const add = (type: string, rest: JsonObject) => addPiece(pieces, message, type, rest);
  const { said, calls } = splitCalls(message.toolCalls, view);
  for (const text of said) add("assistant_message", { content: text });
  const [first] = calls;
  if (first !== undefined)
    add("tool_call_message", { tool_call: toWireCall(first), tool_calls: calls.map(toWireCall) });
  return pieces;
}

/** Text is what newer agents say, and what older ones think, which speak by a tool. */
function addSpoken(part: ContentPart, view: MessageView, add: (type: string, rest: JsonObject) => void): void {
  if (part.type === "reasoning") {
    add(...reasoningPiece(part));
  } else if (part.type === "text") {
    if (view.assistantText) add("assistant_message", { content: part.text });
    else add("reasoning_message", { source: "non_reasoner_model", reasoning: part.text, signature: null });
  }
}

/** A thought, or the sign that there was one which the provider shows to nobody. */
function reasoningPiece(part: ReasoningPart): [string, JsonObject] {
  if (part.redacted !== undefined)
    return ["hidden_reasoning_message", { state: "redacted", hidden_reasoning: part.redacted }];
  if (part.text === "") return ["hidden_reasoning_message", { state: "omitted", hidden_reasoning: null }];
  return ["reasoning_message", { source: "reasoner_model", reasoning: part.text, signature: part.signature ?? null }];
}

/** Calls of the speaking tool as what they say, apart from the other calls. */
function splitCalls(
  calls: readonly ToolCall[],
  view: MessageView,
): { readonly said: readonly string[]; readonly calls: readonly ToolCall[] } {
  const said: string[] = [];
  const others: ToolCall[] = [];
  for (const call of calls) {
    const text = speech(call, view);
    if (text === undefined) others.push(call);
    else said.push(text);
  }
  return { said, calls: others };
}

/** What a call says where it is speech; undefined where its arguments hold no text, and it is shown as a call. */
function speech(call: ToolCall, view: MessageView): string | undefined {
  if (!speaks(call.name, view)) return undefined;
  const args = parseJson(call.arguments);
  const text = isRecord(args) ? args[view.assistantMessageToolKwarg ?? SPEAKING_ARGUMENT] : undefined;
  return typeof text === "string" ? text : undefined;
}

function speaks(toolName: string, view: MessageView): boolean {
  return view.useAssistantMessage && toolName === (view.assistantMessageToolName ?? SPEAKING_TOOL);
}

/**
 * The answers of a round in one message, as Letta shows them. That of the speaking tool says nothing, unless it failed.
 */
function toolReturnMessages(message: Message, view: MessageView): readonly JsonObject[] {
  const shown = message.toolReturns.filter((answer) => !speaks(answer.name, view) || answer.status === "error");
  const [first] = shown;
  if (first === undefined) return [];
  const { status, toolCallId: tool_call_id, stdout, stderr } = first;
  return [
    {
      ...envelope(message, "tool_return_message", pieceOtid(message.id, 0)),
      // This older field holds words alone.
      tool_return: unpackAnswer(first.response).text,
      status,
      tool_call_id,
      stdout,
      stderr,
      tool_returns: shown.map(toWireReturn),
    },
  ];
}

interface WireReturn extends JsonObject {
  readonly tool_return: string | readonly JsonObject[];
  readonly status: string;
  readonly tool_call_id: string;
  readonly stdout: readonly string[] | null;
  readonly stderr: readonly string[] | null;
}

function toWireReturn(answer: ToolReturn): WireReturn {
  return {
    type: "tool",
    tool_return: answer.parts?.map(toWirePart) ?? unpackAnswer(answer.response).text,
    status: answer.status,
    tool_call_id: answer.toolCallId,
    stdout: answer.stdout,
    stderr: answer.stderr,
  };
}

function approvalRequest(message: Message): JsonObject {
  const calls = message.toolCalls.map(toWireCall);
  return {
    ...envelope(message, "approval_request_message", message.id),
    tool_call: calls[0] ?? null,
    tool_calls: calls,
  };
}

function approvalResponse(message: Message): JsonObject {
  const approvals = message.approvals.map(toWireApproval);
  return {
    ...envelope(message, "approval_response_message", message.otid),
    approvals,
    approve: null,
    approval_request_id: null,
    reason: null,
  };
}

function toWireApproval(approval: Approval): JsonObject {
  const { toolCallId: tool_call_id } = approval;
  if (approval.type === "approval")
    return { type: "approval", tool_call_id, approve: approval.approve, reason: approval.reason };
  const { status, text, parts, stdout, stderr } = approval;
  return { type: "tool", tool_call_id, tool_return: parts?.map(toWirePart) ?? text, status, stdout, stderr };
}

/** How a run's own messages are shown: as its agent speaks, and as its request asked. */
export function viewOf(agent: Pick<Agent, "agentType">, options: LettaOptions): MessageView {
  const { useAssistantMessage, assistantMessageToolName, assistantMessageToolKwarg } = options;
  const isByTool = speechOf(agent.agentType, false).isByTool;
  return {
    assistantText: !isByTool,
    useAssistantMessage: useAssistantMessage && isByTool,
    assistantMessageToolName,
    assistantMessageToolKwarg,
    showsSummaries: options.includeCompactionMessages,
  };
}

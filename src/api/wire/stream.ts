import { z } from "zod";
import type { Agent } from "../../agent/agent.ts";
import type { Compacting, Delta, Ended, RunEvent, RunUsage, Said } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { Run } from "../../agent/run.ts";
import type { Instant } from "../../core/clock.ts";
import type { RunId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import { optionsOf } from "../../run/step/run-state.ts";
import { answer, list } from "./answers/answer.ts";
import { type LettaOptions, lettaOptionsOf } from "./letta-face.ts";
import { eventHead, type MessageView, pieceOtid, toWireMessages, viewOf } from "./message.ts";

/** The last event of every stream. */
export const DONE = "data: [DONE]\n\n";

/** What an encoder is made of. */
export interface EncoderOptions {
  readonly run: Pick<Run, "id" | "createdAt">;
  readonly options: LettaOptions;
  readonly view: MessageView;
}

/** How a run is shown to Letta's clients: as its request asked, and as its agent speaks. */
export function shownRun(run: Run, agent: Pick<Agent, "agentType">): EncoderOptions {
  const options = lettaOptionsOf(optionsOf(run).face);
  return { run, options, view: viewOf(agent, options) };
}

/** What a frame holds, or the end of the stream. */
type Shown = JsonObject | typeof DONE;
type At<Event> = Event & Pick<RunEvent, "at" | "pieces">;

/** One event as server-sent events frame it. Letta's clients want bare `data:` lines, errors aside. */
export function frame(body: JsonObject, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(body)}\n\n`;
}

/**
 * Makes a function that gives the frames of each event of a run, numbered on request. It asks neither clock nor chance:
 * the same events give the same frames, whenever and from wherever they are read.
 */
export function createEncoder(
  encoder: EncoderOptions,
): (logged: LoggedEvent, isNumbered: boolean) => readonly string[] {
  const textFrame = createTextFrames(encoder);
  return ({ event, framesBefore }, isNumbered) => {
    if (event.kind === "text_delta") return textFrame(event, isNumbered ? framesBefore + 1 : null);
    if (event.kind === "forgotten") return [];
    if (event.kind === "frame") return [isNumbered ? numberedText(event.text, framesBefore + 1) : event.text];
    return shownOf(encoder, event).map((body, index) => frameOf(body, isNumbered ? framesBefore + index + 1 : null));
  };
}

/** How many frames an event is. */
export function countFrames(encoder: EncoderOptions): (event: RunEvent) => number {
  const textFrames = wanted([{ message_type: TEXT }], encoder.options).length;
  return (event) => (event.kind === "text_delta" ? textFrames : shownOf(encoder, event).length);
}

/** Writes a number into the place that a frame of an older version keeps for it. Quotes inside texts are escaped, so this finds no text. */
function numberedText(text: string, number: number): string {
  return text.replace('"seq_id":null', `"seq_id":${number}`);
}

function frameOf(shown: Shown, number: number | null): string {
  if (shown === DONE) return DONE;
  const body = number === null || !("seq_id" in shown) ? shown : { ...shown, seq_id: number };
  return frame(body, body["message_type"] === "error_message" ? "error" : undefined);
}

/**
 * What clients see of an event; nothing of steps, tools and what else has no place in Letta's stream. Depends on the
 * event alone, so that it is counted when it is written as it is shown when it is read.
 */
function shownOf(encoder: EncoderOptions, event: RunEvent): readonly Shown[] {
  const { run, options, view } = encoder;
  switch (event.kind) {
    case "started":
      return [ping({ runId: run.id, name: run.id.replace("run-", ""), at: run.createdAt })];
    case "message":
      return wanted(piecesLeft(event, view), options);
    case "compacting":
      return options.includeCompactionMessages ? wanted([compactionPiece(event)], options) : [];
    case "compacted":
      return options.includeCompactionMessages ? wanted(toWireMessages([event.summary], view), options) : [];
    case "ended":
      return endOf(run, event);
    default:
      return "messageId" in event ? wanted([deltaPiece(run, event)], options) : [];
  }
}

/** A sign of life that also tells the run's id. `name` is what tells it from others. */
export function ping({ runId, name, at }: { runId: RunId; name: string; at: Instant }): JsonObject {
  return eventHead({ id: `ping-${name}`, at, type: "ping", runId });
}

/** What {@link toWireUsage} shows. */
export const WireUsage = answer("Usage", {
  message_type: z.literal("usage_statistics"),
  completion_tokens: z.number(),
  prompt_tokens: z.number(),
  total_tokens: z.number(),
  step_count: z.number(),
  run_ids: list(z.string()).nullable(),
  cached_input_tokens: z.number().nullable(),
  cache_write_tokens: z.number().nullable(),
  reasoning_tokens: z.number().nullable(),
  context_tokens: z.number().nullable(),
});

/** A run's usage as clients see it. */
export function toWireUsage(usage: RunUsage): z.output<typeof WireUsage> {
  return {
    message_type: "usage_statistics",
    completion_tokens: usage.completionTokens,
    prompt_tokens: usage.promptTokens,
    total_tokens: usage.totalTokens,
    step_count: usage.stepCount,
    run_ids: usage.runIds,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    reasoning_tokens: usage.reasoningTokens,
    context_tokens: usage.contextTokens,
  };
}

/** The messages that the request wants to see. */
export function wanted(
  shown: readonly JsonObject[],
  options: Pick<LettaOptions, "includeReturnMessageTypes">,
): readonly JsonObject[] {
  const types = options.includeReturnMessageTypes;
  return types === null ? shown : shown.filter((message) => types.includes(String(message["message_type"])));
}

/** Whether a message is what the agent made of the request, and not the request itself. */
export function isOwn({ role, toolCalls }: Message): boolean {
  return role !== "user" && role !== "system" && (role !== "approval" || toolCalls.length > 0);
}

/** The pieces of a stored message; of one whose deltas were passed on, those that they did not carry. */
function piecesLeft({ message, wasStreamed, pieces = 0 }: At<Said>, view: MessageView): readonly JsonObject[] {
  // Deltas carry everything but the calls of agents that talk by tool.
  if (!isOwn(message) || (wasStreamed && view.assistantText)) return [];
  const shown = toWireMessages([message], view);
  return wasStreamed ? shown.slice(pieces) : shown;
}

/** The last frames of a stream. As in Letta, usage is told only of a run that came to its own end. */
function endOf({ id }: EncoderOptions["run"], { stopReason, usage, error }: Ended): readonly Shown[] {
  const reason = { message_type: "stop_reason", stop_reason: stopReason };
  if (error !== null) {
    const { type, message, detail } = error;
    return [
      reason,
      { message_type: "error_message", run_id: id, error_type: type, message, detail, seq_id: null },
      DONE,
    ];
  }
  return stopReason === "cancelled" ? [reason, DONE] : [reason, toWireUsage(usage), DONE];
}

/** Tells that a compaction begins, and why. */
function compactionPiece(event: At<Compacting>): JsonObject {
  const { id, at, runId, stepId, trigger, contextTokens, contextWindow } = event;
  return {
    ...eventHead({ id, at, type: "event_message", stepId, runId }),
    event_type: "compaction",
    event_data: { trigger, context_token_estimate: contextTokens, context_window: contextWindow },
  };
}

/** How the agent's own words are called. */
const TEXT = "assistant_message";
/** What follows the text, the last field, of a text delta's frame. */
const AFTER_TEXT = "}\n\n";
/** Where the number of a frame stands. */
const NO_NUMBER = '"seq_id":null';

/** Frames of text deltas: those of one piece differ in their text and number alone, and there is one for every token. */
function createTextFrames(encoder: EncoderOptions) {
  const isWanted = wanted([{ message_type: TEXT }], encoder.options).length > 0;
  let messageId = "";
  let pieces = -1;
  let opening: readonly [string, string] = ["", ""];

  return (event: At<Delta & { kind: "text_delta" }>, number: number | null): readonly string[] => {
    if (!isWanted) return [];
    if (event.messageId !== messageId || event.pieces !== pieces) {
      const text = frame(deltaPiece(encoder.run, { ...event, text: "" })).slice(0, -`""${AFTER_TEXT}`.length);
      const at = text.indexOf(NO_NUMBER);
      opening = [text.slice(0, at), text.slice(at + NO_NUMBER.length)];
      messageId = event.messageId;
      pieces = event.pieces ?? 0;
    }
    const [before, after] = opening;
    return [`${before}"seq_id":${number}${after}${JSON.stringify(event.text)}${AFTER_TEXT}`];
  };
}

function deltaPiece({ id }: EncoderOptions["run"], event: At<Delta>): JsonObject {
  const type = wireType(event);
  const asks = type === "approval_request_message";
  const otid = asks ? event.messageId : pieceOtid(event.messageId, event.pieces ?? 0);
  const { messageId, at, stepId } = event;
  return { ...eventHead({ id: messageId, at, type, otid, stepId, runId: id }), ...deltaBody(event) };
}

function wireType(event: Delta): string {
  if (event.kind === "text_delta") return TEXT;
  if (event.kind === "reasoning_delta") return "reasoning_message";
  return event.asksApproval ? "approval_request_message" : "tool_call_message";
}

/** The part of a delta that differs by its kind. A call has two fields for one thing, as Letta's had. */
function deltaBody(event: Delta): JsonObject {
  if (event.kind === "text_delta") return { content: event.text };
  if (event.kind === "reasoning_delta")
    return {
      source: event.isNative ? "reasoner_model" : "non_reasoner_model",
      reasoning: event.text,
      signature: event.signature ?? null,
    };
  const call = callDelta(event);
  return { tool_call: call, tool_calls: call };
}

/** Approval requests carry every key, other calls only those that have a value: as Letta wrote them. */
function callDelta(event: Delta & { kind: "tool_call_start" | "tool_call_delta" }): JsonObject {
  const isStart = event.kind === "tool_call_start";
  if (event.asksApproval)
    return { name: isStart ? event.name : null, arguments: isStart ? null : event.text, tool_call_id: event.id };
  return isStart ? { name: event.name, tool_call_id: event.id } : { arguments: event.text, tool_call_id: event.id };
}

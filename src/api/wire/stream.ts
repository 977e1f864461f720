import type { Compacting, DeltaTarget, EventEncoder, RunUsage, TurnEvent } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { Run } from "../../agent/run.ts";
import type { TurnOptions } from "../../agent/turn-options.ts";
import type { Clock, Instant } from "../../core/clock.ts";
import type { RunId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import { type MessageView, pieceOtid, toWireMessages } from "./message.ts";
import { toWireSeconds } from "./time.ts";

/** The last event of every stream. */
export const DONE = "data: [DONE]\n\n";

/** What an encoder is made of. */
export interface EncoderOptions {
  readonly run: Pick<Run, "id" | "createdAt">;
  readonly options: TurnOptions;
  readonly view: MessageView;
  readonly clock: Clock;
  readonly random: Random;
}

/** One event as server-sent events frame it. Letta's clients want bare `data:` lines, errors aside. */
export function frame(body: JsonObject, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(body)}\n\n`;
}

/** Turns a run's events into the frames of its stream. All pieces of one message share its id, each piece one otid. */
export function createEncoder(encoder: EncoderOptions): EventEncoder {
  const { run } = encoder;
  const deltas = createDeltaEncoder(encoder);
  return (event) => {
    switch (event.type) {
      case "started":
        return [frame(ping({ runId: run.id, name: run.id.replace("run-", ""), at: run.createdAt }))];
      case "message":
        return messageFrames(encoder, event.message, event.wasStreamed ? deltas : undefined);
      case "compacting":
        return encoder.options.includeCompactionMessages ? compactionFrames(encoder, event) : [];
      case "compacted":
        return encoder.options.includeCompactionMessages ? messageFrames(encoder, event.summary, undefined) : [];
      case "ended":
        return endFrames(encoder, event);
      default:
        return deltas.encode(event);
    }
  };
}

/** A sign of life that also tells the run's id. `name` is what tells it from others. */
export function ping({ runId, name, at }: { runId: RunId; name: string; at: Instant }): JsonObject {
  const nothing = {
    name: null,
    message_type: "ping",
    otid: null,
    sender_id: null,
    step_id: null,
    is_err: null,
    seq_id: null,
  };
  return { id: `ping-${name}`, date: toWireSeconds(at), ...nothing, run_id: runId };
}

/** A run's usage as clients see it. */
export function toWireUsage(usage: RunUsage): JsonObject {
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
  options: Pick<TurnOptions, "includeReturnMessageTypes">,
): readonly JsonObject[] {
  const types = options.includeReturnMessageTypes;
  return types === null ? shown : shown.filter((message) => types.includes(String(message["message_type"])));
}

/** The frames of a stored message; of one whose deltas were passed on, what they did not carry. */
function messageFrames(
  { view, options }: EncoderOptions,
  message: Message,
  deltas: DeltaEncoder | undefined,
): readonly string[] {
  const isHidden =
    message.role === "user" ||
    message.role === "system" ||
    (message.role === "approval" && message.toolCalls.length === 0);
  if (isHidden) return [];
  const shown = toWireMessages([message], view);
  const left = deltas === undefined ? shown : shown.filter((piece) => isLeft(piece, deltas, view));
  return wanted(left, options).map((piece) => frame(piece));
}

/** Deltas carry everything but the calls of agents that talk by tool. */
function isLeft(piece: JsonObject, deltas: DeltaEncoder, view: MessageView): boolean {
  return !view.assistantText && !deltas.hasBegun(piece["otid"]);
}

function endFrames(
  { run }: EncoderOptions,
  { stopReason, usage, error }: TurnEvent & { type: "ended" },
): readonly string[] {
  const reason = frame({ message_type: "stop_reason", stop_reason: stopReason });
  if (error !== null) {
    const { type, message, detail } = error;
    return [
      reason,
      frame(
        { message_type: "error_message", run_id: run.id, error_type: type, message, detail, seq_id: null },
        "error",
      ),
      DONE,
    ];
  }
  return stopReason === "cancelled" ? [reason, DONE] : [reason, frame(toWireUsage(usage)), DONE];
}

/** Tells that a compaction begins, and why. */
function compactionFrames({ clock, options }: EncoderOptions, event: Compacting): readonly string[] {
  const { id, runId, stepId, trigger, contextTokens, contextWindow } = event;
  const start = { id, date: toWireSeconds(clock.now()), name: null, message_type: "event_message", otid: null };
  const shown = {
    ...start,
    sender_id: null,
    step_id: stepId,
    is_err: null,
    seq_id: null,
    run_id: runId,
    event_type: "compaction",
    event_data: { trigger, context_token_estimate: contextTokens, context_window: contextWindow },
  };
  return wanted([shown], options).map((piece) => frame(piece));
}

type Delta = Exclude<TurnEvent, { type: "started" | "message" | "compacting" | "compacted" | "ended" }>;

/** Makes frames of deltas. */
interface DeltaEncoder {
  encode(event: Delta): readonly string[];
  /** Whether some of the piece with this otid, of the message that came last, was passed on. */
  hasBegun(otid: unknown): boolean;
}

/** Numbers the pieces of a streamed message: a new one begins whenever the kind of delta changes. */
function createDeltaEncoder(encoder: EncoderOptions): DeltaEncoder {
  let messageId = "";
  let kind = "";
  let index = -1;
  let date = "";
  const begun = new Set<string>();
  /** The frames of the piece at hand up to their text, when that is all in which its deltas differ. */
  let openings: readonly string[] = [];

  /** Moves on to the piece that this delta belongs to. */
  function turnTo(event: Delta, type: string): void {
    const isThought = event.type === "reasoning_delta";
    const kindNow = isThought && !event.isNative ? "thought" : type;
    if (event.messageId !== messageId) {
      messageId = event.messageId;
      kind = "";
      index = -1;
      begun.clear();
      date = toWireSeconds(encoder.clock.now());
    }
    // The pieces are numbered as in the stored message, where no text stands before this thought.
    if (isThought && event.takesBack === true) index = -1;
    if (kindNow !== kind) index++;
    // What follows a signature is another thought.
    kind = isThought && event.signature !== undefined ? "" : kindNow;
  }

  function encode(event: Delta): readonly string[] {
    const type = wireType(event);
    if (event.type === "text_delta" && event.messageId === messageId && type === kind)
      return openings.map((opening) => `${opening}${JSON.stringify(event.text)}${AFTER_TEXT}`);
    turnTo(event, type);
    const otid = type === "approval_request_message" ? messageId : pieceOtid(messageId, index);
    begun.add(otid);
    const start = deltaEnvelope(encoder.run.id, event, { type, otid, date });
    const pieces = wanted([{ ...start, ...deltaBody(event) }], encoder.options);
    openings = pieces.map((piece) => frame({ ...piece, content: "" }).slice(0, -`""${AFTER_TEXT}`.length));
    return pieces.map((piece) => frame(piece));
  }

  return {
    encode,
    hasBegun: (otid) => typeof otid === "string" && begun.has(otid),
  };
}

/** What follows the text, the last field, of a text delta's frame. */
const AFTER_TEXT = "}\n\n";

function deltaEnvelope(
  runId: RunId,
  target: DeltaTarget,
  { type, otid, date }: { type: string; otid: string; date: string },
): JsonObject {
  const start = { id: target.messageId, date, name: null, message_type: type, otid, sender_id: null };
  return { ...start, step_id: target.stepId, is_err: null, seq_id: null, run_id: runId };
}

function wireType(event: Delta): string {
  if (event.type === "text_delta") return "assistant_message";
  if (event.type === "reasoning_delta") return "reasoning_message";
  return event.asksApproval ? "approval_request_message" : "tool_call_message";
}

function deltaBody(event: Delta): JsonObject {
  if (event.type === "text_delta") return { content: event.text };
  if (event.type === "reasoning_delta")
    return {
      source: event.isNative ? "reasoner_model" : "non_reasoner_model",
      reasoning: event.text,
      signature: event.signature ?? null,
    };
  const call = callDelta(event);
  return { tool_call: call, tool_calls: call };
}

/** Approval requests carry every key, other calls only those that have a value: as Letta wrote them. */
function callDelta(event: Delta & { type: "tool_call_start" | "tool_call_delta" }): JsonObject {
  const isStart = event.type === "tool_call_start";
  if (event.asksApproval)
    return { name: isStart ? event.name : null, arguments: isStart ? null : event.text, tool_call_id: event.id };
  return isStart ? { name: event.name, tool_call_id: event.id } : { arguments: event.text, tool_call_id: event.id };
}

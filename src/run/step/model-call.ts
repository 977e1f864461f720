import type { Delta } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { MessageId } from "../../core/id.ts";
import { newId, type StepId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import { isCounter } from "../../llm/call/tool-call-id.ts";
import type { Exchange, LanguageModel, ModelDelta, ModelReply, ModelRequest } from "../../llm/model.ts";

/** One call of a model, with what its deltas are named after. */
export interface ModelCall {
  readonly model: LanguageModel;
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  readonly stepId: StepId;
  /** Call ids that the conversation or the run knows already; some providers count from zero in every reply. */
  readonly knownCallIds: ReadonlySet<string>;
  readonly asksApproval: (toolName: string) => boolean;
  /** Takes deltas as they come; absent when nobody watches. */
  readonly emit?: (delta: Delta) => void;
}

/** What a model said, and the ids that its deltas carried. */
export interface CallResult {
  readonly reply: ModelReply;
  /** Of what it said, with the first call and those that are like it: whether they ask for approval. */
  readonly messageId: MessageId;
  /** Of the other calls, if any. */
  readonly otherCallsId: MessageId;
  /** See `ModelAnswer`. */
  readonly lostTries: number;
  /** What went to the provider and came back; null when the model does not say. */
  readonly exchange: Exchange | null;
}

/** Calls the model once and passes its deltas on. Throws what the model throws. */
export async function callModel(call: ModelCall, random: Random): Promise<CallResult> {
  const messageId = newId("message", random);
  const otherCallsId = newId("message", random);
  const rename = callIdRenamer(call.knownCallIds, random);
  // Calls that ask for an approval are a message of their own. Which of the two ids a delta gets, the first call
  // decides.
  const asking = new Set<string>();
  let firstAsks: boolean | undefined;
  const { emit } = call;
  const hear = emit && ((delta: ModelDelta) => emit(toDelta(delta)));
  const { reply, exchange, lostTries = 0 } = await call.model.call(call.request, call.signal, hear);
  const toolCalls = reply.toolCalls.map((made) => ({ ...made, id: rename(made.id) }));
  return { reply: { ...reply, toolCalls }, messageId, otherCallsId, lostTries, exchange: exchange ?? null };

  function toDelta(delta: ModelDelta): Delta {
    const target = { messageId, stepId: call.stepId };
    if (delta.type === "text_delta") return { kind: "text_delta", text: delta.text, ...target };
    if (delta.type === "reasoning_delta") {
      const { type: kind, ...thought } = delta;
      return { kind, ...thought, isNative: true, ...target };
    }
    const id = rename(delta.id);
    if (delta.type === "tool_call_start" && call.asksApproval(delta.name)) asking.add(id);
    const asksApproval = asking.has(id);
    firstAsks ??= asksApproval;
    const place = { ...target, messageId: asksApproval === firstAsks ? messageId : otherCallsId };
    return delta.type === "tool_call_start"
      ? { kind: delta.type, id, name: delta.name, asksApproval, ...place }
      : { kind: delta.type, id, text: delta.text, asksApproval, ...place };
  }
}

/** Shorter ids are counters ("call_0") that a provider begins anew in every reply; Mistral's, the shortest real ones, have nine. */
const CALL_ID_CHARS_MIN = 9;

/**
 * Gives each call id of a reply a name that no other call of the conversation has, the same one every time. What only
 * counts is never kept: a compaction takes calls out of the context, but not out of the history.
 */
function callIdRenamer(known: ReadonlySet<string>, random: Random): (id: string) => string {
  const names = new Map<string, string>();
  return (id) => {
    const isTaken = known.has(id) || id.length < CALL_ID_CHARS_MIN || isCounter(id);
    const name = names.get(id) ?? (isTaken ? `call_${random.uuid().replaceAll("-", "").slice(0, 24)}` : id);
    names.set(id, name);
    return name;
  };
}

/** Ids of every call that these messages make or answer. */
export function callIdsOf(messages: readonly Pick<Message, "toolCalls" | "toolReturns">[]): ReadonlySet<string> {
  return new Set(
    messages.flatMap(({ toolCalls, toolReturns }) => [
      ...toolCalls.map((call) => call.id),
      ...toolReturns.map((answer) => answer.toolCallId),
    ]),
  );
}

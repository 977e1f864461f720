import type { InputPart, ModelMessage, OutputPart, ToolAnswer, ToolCall } from "../llm/model.ts";
import { limitParts } from "../tools/tool-answer.ts";
import { type Message, type ToolReturn, textOf } from "./message.ts";

/** Characters of a tool's answer that a model is shown, whatever its context window. */
const ANSWER_CHARS_MIN = 5_000;
/** Part of the context window, at four characters a token, that one tool's answer may fill. */
const ANSWER_WINDOW_SHARE = 0.2;

/** What a model is told when the answer to one of its calls is lost. */
const UNKNOWN_OUTCOME =
  '{"status": "Failed", "message": "The answer to this call was lost; whether it took effect is unknown."}';

/** What a model is told in place of an answer that its provider refused. */
const REFUSED_ANSWER =
  '{"status": "Failed", "message": "The model\'s provider refused to read what this call returned, so it cannot be shown."}';
/** What stands in the place of an image, or of words with an answer, that a provider refused. */
const REFUSED_PART = "[left out, because the model's provider refused it]";

/** What a model reads before the images of a call that failed. */
const FAILED_CALL = "[the call failed]";

/** The prompt and the conversation, ready for a model. */
export interface Transcript {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
}

/** Characters of each tool's answer that a model of this context window, in tokens, is shown. */
export function answerCharsMax(contextWindow: number): number {
  return Math.max(ANSWER_CHARS_MIN, Math.floor(contextWindow * ANSWER_WINDOW_SHARE * 4));
}

/**
 * Turns a context into what a provider accepts: every tool call has exactly one answer right after it, whatever a
 * crash, a cancel or an import left behind. Calls without an answer get {@link UNKNOWN_OUTCOME}; answers without a
 * call are left out. `answerChars` bounds each tool answer.
 */
export function toTranscript(stored: readonly Message[], answerChars: number): Transcript {
  const context = stored.map(asShown);
  const [head, ...rest] = context;
  const hasSystem = head?.role === "system";
  const answers = answersOf(context, answerChars);
  const messages: ModelMessage[] = [];
  let before: Message | undefined;
  for (const message of hasSystem ? rest : context) {
    const shown = toModelMessage(message);
    const last = messages.at(-1);
    if (shown?.role === "assistant" && last?.role === "assistant" && isSplitFrom(before, message)) {
      messages[messages.length - 1] = joined(last, shown);
    } else if (shown !== undefined) {
      messages.push(shown);
    }
    before = message;
  }
  return {
    system: hasSystem ? textOf(head) : "",
    messages: messages.flatMap((message) => withAnswers(message, answers)),
  };
}

/** A message as models may see it: what a provider refused of it, where it stays in the context, is taken out. */
export function asShown(message: Message): Message {
  if (message.isError !== true) return message;
  return {
    ...message,
    content: message.content.map((part) => (part.type === "image" ? { type: "text", text: REFUSED_PART } : part)),
    toolReturns: message.toolReturns.map(({ parts: _, ...answer }) => {
      return { ...answer, status: "error", response: REFUSED_ANSWER };
    }),
    approvals: message.approvals.map((approval) => {
      if (approval.type === "approval") return { ...approval, reason: REFUSED_PART };
      const { parts: _, ...answer } = approval;
      return { ...answer, text: REFUSED_PART };
    }),
  };
}

/** The calls of the last reply that called something, answered or not. */
export function lastCalls(context: readonly Message[]): readonly ToolCall[] {
  const at = context.findLastIndex((message) => message.toolCalls.length > 0);
  const last = context[at];
  if (last === undefined) return [];
  const before = context[at - 1];
  return [...(isSplitFrom(before, last) ? (before?.toolCalls ?? []) : []), ...last.toolCalls];
}

/**
 * Calls that wait for an answer, oldest first: those of the last reply that called something, unless the talk went on
 * without them. Earlier ones without an answer are lost, in a damaged history; they are never run later.
 */
export function openCalls(context: readonly Message[]): readonly ToolCall[] {
  const calls = lastCalls(context);
  if (calls.length === 0) return [];
  const after = context.slice(context.findLastIndex((message) => message.toolCalls.length > 0) + 1);
  const answered = new Set(after.flatMap((message) => message.toolReturns.map((answer) => answer.toolCallId)));
  return isLeftBehind(calls, after) ? [] : calls.filter((call) => !answered.has(call.id));
}

/** Whether somebody spoke after these calls. Words that came together with the answers do not count. */
function isLeftBehind(calls: readonly ToolCall[], after: readonly Message[]): boolean {
  const decided = new Set(after.flatMap((message) => message.approvals.map((approval) => approval.toolCallId)));
  const isDecided = calls.some((call) => decided.has(call.id));
  return after.some(({ role }) => role === "assistant" || ((role === "user" || role === "system") && !isDecided));
}

function toModelMessage(message: Message): ModelMessage | undefined {
  switch (message.role) {
    case "system":
      return { role: "system", text: textOf(message) };
    case "user":
    case "summary":
      return { role: "user", parts: onlyInput(message.content) };
    case "assistant":
    case "approval":
      return isSpoken(message)
        ? { role: "assistant", parts: message.content.filter(isOutput), toolCalls: message.toolCalls }
        : undefined;
    case "tool":
      return undefined;
  }
}

/** Whether both rows were one reply of the model: a step whose calls were split, because some ask for approval. */
function isSplitFrom(before: Message | undefined, message: Message): boolean {
  return message.role === "approval" && before?.role === "assistant" && before.stepId === message.stepId;
}

/** Whether a model said it: an approval row that only answers a request is a person's. */
function isSpoken(message: Message): boolean {
  return message.toolCalls.length > 0 || (message.role === "assistant" && message.content.length > 0);
}

function isInput(part: Message["content"][number]): part is InputPart {
  return part.type === "text" || part.type === "image";
}

/** The same list where nothing is to be left out, as mostly. */
function onlyInput(content: Message["content"]): readonly InputPart[] {
  return content.every(isInput) ? content : content.filter(isInput);
}

function isOutput(part: Message["content"][number]): part is OutputPart {
  return part.type === "text" || part.type === "reasoning";
}

function joined(
  first: ModelMessage & { role: "assistant" },
  second: ModelMessage & { role: "assistant" },
): ModelMessage {
  return {
    role: "assistant",
    parts: [...first.parts, ...second.parts],
    toolCalls: [...first.toolCalls, ...second.toolCalls],
  };
}

/** The answers of a context by the calls that they belong to. A call that was answered twice has the later one. */
function answersOf(context: readonly Message[], charsMax: number): ReadonlyMap<string, ToolAnswer> {
  const answers = new Map<string, ToolAnswer>();
  for (const { toolReturns } of context) {
    for (const answer of toolReturns) {
      answers.set(answer.toolCallId, {
        toolCallId: answer.toolCallId,
        toolName: answer.name,
        parts: shownParts(answer, charsMax),
        isError: answer.status === "error",
      });
    }
  }
  return answers;
}

/** What a model reads of an answer: the parts where there are images among them, else the packed text. */
function shownParts({ status, response, parts = [] }: ToolReturn, charsMax: number): readonly InputPart[] {
  if (parts.some((part) => part.type === "image")) {
    const shown = limitParts(parts, charsMax);
    // No provider takes a mark for failures beside images.
    return status === "error" ? [{ type: "text", text: FAILED_CALL }, ...shown] : shown;
  }
  const text =
    response.length > charsMax
      ? `${response.slice(0, charsMax).toWellFormed()}... [cut to ${charsMax} characters]`
      : response;
  return [{ type: "text", text }];
}

/**
 * A reply with an answer to each of its calls right behind it, as providers demand; one that is missing is told as
 * unknown.
 */
function withAnswers(message: ModelMessage, answers: ReadonlyMap<string, ToolAnswer>): readonly ModelMessage[] {
  if (message.role !== "assistant" || message.toolCalls.length === 0) return [message];
  const given = message.toolCalls.map(
    (call): ToolAnswer =>
      answers.get(call.id) ?? {
        toolCallId: call.id,
        toolName: call.name,
        parts: [{ type: "text", text: UNKNOWN_OUTCOME }],
        isError: true,
      },
  );
  return [message, { role: "tool", answers: given }];
}

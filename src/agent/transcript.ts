import type { InputPart, ModelMessage, OutputPart, ToolAnswer, ToolCall } from "../llm/model.ts";
import { type Message, textOf } from "./message.ts";

/** What a model is told when the answer to one of its calls is lost. */
const UNKNOWN_OUTCOME =
  '{"status": "Failed", "message": "The answer to this call was lost; whether it took effect is unknown."}';

/** The prompt and the conversation, ready for a model. */
export interface Transcript {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
}

/**
 * Turns a context into what a provider accepts: every tool call has exactly one answer right after it, whatever a
 * crash, a cancel or an import left behind. Calls without an answer get {@link UNKNOWN_OUTCOME}; answers without a
 * call are left out. `answerCharsMax` bounds each tool answer.
 */
export function toTranscript(context: readonly Message[], answerCharsMax: number): Transcript {
  const [head, ...rest] = context;
  const hasSystem = head?.role === "system";
  const answers = answersOf(context, answerCharsMax);
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

/** Calls in the context that nothing has answered yet, oldest first. */
export function openCalls(context: readonly Message[]): readonly ToolCall[] {
  const answered = new Set(context.flatMap((message) => message.toolReturns.map((answer) => answer.toolCallId)));
  return context.flatMap((message) => message.toolCalls.filter((call) => !answered.has(call.id)));
}

function toModelMessage(message: Message): ModelMessage | undefined {
  switch (message.role) {
    case "system":
      return { role: "system", text: textOf(message) };
    case "user":
    case "summary":
      return { role: "user", parts: message.content.filter(isInput) };
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

function answersOf(context: readonly Message[], charsMax: number): ReadonlyMap<string, ToolAnswer> {
  const answers = new Map<string, ToolAnswer>();
  for (const { toolReturns } of context) {
    for (const { toolCallId, name, status, response } of toolReturns) {
      const text =
        response.length > charsMax
          ? `${response.slice(0, charsMax).toWellFormed()}... [cut to ${charsMax} characters]`
          : response;
      answers.set(toolCallId, {
        toolCallId,
        toolName: name,
        parts: [{ type: "text", text }],
        isError: status === "error",
      });
    }
  }
  return answers;
}

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

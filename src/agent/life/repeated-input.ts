import type { Approval, Message } from "../message.ts";
import type { InputMessage, TurnInput } from "../new-message.ts";

/** Messages of one request that are recognised when they come again. */
const REPEATED_MAX = 100;

/**
 * What of the context a request brings once more: a run that failed or was cancelled before its model answered keeps
 * what was sent to it, and clients that try again, under new otids, know nothing of that.
 */
export function repeatedBy(context: readonly Message[], input: TurnInput): readonly Message[] {
  const left = unanswered(context);
  return [...left.filter((message) => answersAlike(message, input.approvals)), ...overlap(left, input.messages)];
}

/** What stands after the last thing that a model said: all that it has not answered yet. */
function unanswered(context: readonly Message[]): readonly Message[] {
  const said = context.findLastIndex(({ role, otid, toolCalls }) => {
    return toolCalls.length > 0 || role === "system" || (role === "assistant" && otid === null);
  });
  return context.slice(said + 1);
}

/** Whether a client answered the same calls with the message. What was denied for want of an answer stays so. */
function answersAlike(message: Message, approvals: readonly Approval[]): boolean {
  const ids = new Set(message.approvals.map((approval) => approval.toolCallId));
  return (
    message.otid !== null &&
    ids.size > 0 &&
    ids.size === approvals.length &&
    approvals.every(({ toolCallId }) => ids.has(toolCallId))
  );
}

/** The last messages that were sent, as far as the new ones begin with the same. */
function overlap(left: readonly Message[], messages: readonly InputMessage[]): readonly Message[] {
  const sent = left.filter((message) => message.otid !== null && message.approvals.length === 0);
  const before = sent.slice(-REPEATED_MAX).map((message) => textOf(message.role, message.content, message.name));
  const now = messages.slice(0, REPEATED_MAX).map((message) => textOf(message.role, message.parts, message.name));
  for (let count = Math.min(before.length, now.length); count > 0; count--) {
    if (before.slice(-count).every((text, index) => text === now[index])) return sent.slice(-count);
  }
  return [];
}

function textOf(...contents: readonly unknown[]): string {
  return JSON.stringify(contents);
}

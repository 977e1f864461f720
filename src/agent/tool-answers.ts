import type { Message } from "./message.ts";
import type { MessageStore, ThreadId } from "./ports/ports.ts";

/** The messages that answer the calls of the last reply, oldest first. One, but where a fork took it before it was whole. */
export function answersToLast(context: readonly Message[]): readonly Message[] {
  const at = context.findLastIndex((message) => message.toolCalls.length > 0);
  return context.slice(at + 1).filter(({ role }) => role === "tool");
}

/**
 * Stores answers in the message that the same run began for the same reply, so that a reply is answered by one message
 * though each answer is stored when it comes. Gives that message as it is now; undefined when there is none, or a fork has
 * it too: then `more` is a message of its own, which is still to be appended.
 */
export async function joinAnswers(
  messages: Pick<MessageStore, "addAnswers">,
  threadId: ThreadId,
  { context, more }: { readonly context: readonly Message[]; readonly more: Message },
): Promise<Message | undefined> {
  const begun = answersToLast(context).at(-1);
  if (begun === undefined || begun.runId === null || begun.runId !== more.runId) return undefined;
  const name = begun.name ?? more.name;
  const whole = { ...begun, name, toolReturns: [...begun.toolReturns, ...more.toolReturns] };
  return (await messages.addAnswers(threadId, whole)) ? whole : undefined;
}

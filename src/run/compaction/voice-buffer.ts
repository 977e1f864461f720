import { type Group, VOICE_BUFFER } from "../../agent/group.ts";
import type { Message } from "../../agent/message.ts";
import type { Repositories, ThreadId } from "../../agent/ports/ports.ts";
import { lineOf } from "../step/script.ts";

/** What left a context and what stays there, in words. */
export interface Leaving {
  readonly leaving: readonly string[];
  readonly staying: readonly string[];
  readonly last: Message;
}

/**
 * Takes the oldest messages out of a context that holds more than its group wants, so that a voice agent answers quickly;
 * null where it holds no more. What stays begins with what the person said, and the calls before it have their answers.
 * Everything stays stored, and is found.
 */
export async function makeQuick(
  { messages }: Pick<Repositories, "messages">,
  threadId: ThreadId,
  { maxMessageBufferLength, minMessageBufferLength }: Group,
): Promise<Leaving | null> {
  const [head, ...rest] = await messages.context(threadId);
  if (head?.role !== "system" || rest.length <= (maxMessageBufferLength ?? VOICE_BUFFER.maxMessageBufferLength))
    return null;
  const kept = minMessageBufferLength ?? VOICE_BUFFER.minMessageBufferLength;
  const at = rest.findIndex(({ role, otid }, index) => index >= rest.length - kept && role === "user" && otid !== null);
  const first = rest[at];
  const left = rest.slice(0, Math.max(at, 0));
  const last = left.at(-1);
  if (first === undefined || last === undefined) return null;
  await messages.evict(threadId, first.id, null);
  return { leaving: left.map(lineOf), staying: rest.slice(at).map(lineOf), last };
}

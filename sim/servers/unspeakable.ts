import type { ChatRequest } from "./chat-wire.ts";

/** Words that every provider refuses to read, whoever says them, for ever. */
export const UNSPEAKABLE = "un-speak-able;";

/** Whether a conversation holds {@link UNSPEAKABLE}, its instructions aside. */
export function isUnspeakable({ messages }: ChatRequest): boolean {
  return JSON.stringify(messages.slice(1)).includes(UNSPEAKABLE);
}

import type { Random } from "../../core/random.ts";

/** The longest tool call id every provider accepts back. */
export const TOOL_CALL_ID_CHARS_MAX = 40;
const HASH_CHARS = 8;
const PLAIN = /^[a-zA-Z0-9_-]{1,40}$/;
/** Ends in a number of its own, as "call_0" and "functions.search:0" do. */
const COUNTER = /(?:^|[._:-])\d{1,6}$/;

/** Whether a provider's id only counts, so that it may use the same one again for another call. */
export function isCounter(id: string): boolean {
  return COUNTER.test(id);
}

/** `id` in the alphabet and length that every provider accepts; the same input always gives the same output. */
export function sanitizeToolCallId(id: string): string {
  if (PLAIN.test(id)) return id;
  const plain = id.replace(/[^a-zA-Z0-9_-]/g, "_");
  if (plain === id && plain.length <= TOOL_CALL_ID_CHARS_MAX) return plain;
  // What was replaced or cut off still tells two ids apart.
  return `${plain.slice(0, TOOL_CALL_ID_CHARS_MAX - HASH_CHARS - 1)}_${hashOf(id)}`;
}

/** FNV-1a, as eight hexadecimal digits. Enough to tell the ids of one conversation apart; not for secrets. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(HASH_CHARS, "0");
}

/** Names the tool calls of one reply so that no two of a conversation are alike. */
export interface ToolCallIds {
  /** The id under which the call that the provider names `providerId` is kept. */
  claim(providerId: string): string;
}

/** A namer that avoids the ids in `used`. */
export function createToolCallIds(used: ReadonlySet<string>, random: Random): ToolCallIds {
  const claimed = new Set<string>();
  const free = (id: string): boolean => !used.has(id) && !claimed.has(id);
  return {
    claim(providerId) {
      const plain = sanitizeToolCallId(providerId);
      // What is cut or written anew does not show any more that it only counts.
      const wanted = plain !== providerId && isCounter(providerId) ? "" : plain;
      const id = wanted !== "" && free(wanted) ? wanted : `call_${random.uuid().replaceAll("-", "").slice(0, 24)}`;
      claimed.add(id);
      return id;
    },
  };
}

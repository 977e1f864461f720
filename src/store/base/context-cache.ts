import type { Message } from "../../agent/message.ts";

/** Messages kept in memory, and the characters of their rows. */
const CACHED_MESSAGES_MAX = 20_000;
const CACHED_CHARS_MAX = 4_000_000;
/** Characters of one that is kept. */
const ONE_CHARS_MAX = 100_000;

interface CachedMessage {
  readonly message: Message;
  readonly organizationId: string;
  readonly chars: number;
}

/**
 * Messages that transactions read lately, by their place in the order of all messages. What was said does not change,
 * and the next turn of a conversation reads it all again. System messages do change, and are not kept.
 *
 * Only for transactions, which take turns. Whoever stores a message forgets what stood at its place: a place that was
 * left, because its message was deleted or its transaction undone, is given away again.
 */
export interface ContextCache {
  get(sequenceId: number, organizationId: string): Message | undefined;
  set(sequenceId: number, cached: CachedMessage): void;
  forget(sequenceId: number): void;
  clear(): void;
}

/** An empty {@link ContextCache}; what was kept first goes first. */
export function createContextCache(): ContextCache {
  const cached = new Map<number, CachedMessage>();
  let chars = 0;

  function forget(sequenceId: number): void {
    chars -= cached.get(sequenceId)?.chars ?? 0;
    cached.delete(sequenceId);
  }

  return {
    get(sequenceId, organizationId) {
      const found = cached.get(sequenceId);
      return found?.organizationId === organizationId ? found.message : undefined;
    },
    set(sequenceId, one) {
      if (one.message.role === "system" || one.chars > ONE_CHARS_MAX) return;
      forget(sequenceId);
      cached.set(sequenceId, one);
      chars += one.chars;
      for (const oldest of cached.keys()) {
        if (cached.size <= CACHED_MESSAGES_MAX && chars <= CACHED_CHARS_MAX) break;
        forget(oldest);
      }
    },
    forget,
    clear() {
      cached.clear();
      chars = 0;
    },
  };
}

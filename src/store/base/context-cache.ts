import type { Message } from "../../agent/message.ts";

/** Messages kept in memory, and the characters of their rows. */
const CACHED_MESSAGES_MAX = 20_000;
const CACHED_CHARS_MAX = 4_000_000;
/** Characters of one that is kept. */
const ONE_CHARS_MAX = 100_000;

interface CachedMessage {
  readonly message: Message;
  readonly organizationId: string;
  /** Characters of its row. */
  readonly chars: number;
}

/**
 * Messages that transactions read or stored lately, by their place in the order of all messages: what was said does not
 * change, and the next turn of a conversation reads it all again. Only for transactions, which take turns.
 *
 * A place that was left, because its message was deleted or its transaction undone, is given away again: whoever stores
 * a message there sets it here. Of system messages, which do change, nobody knows before the commit what they will be.
 */
export interface ContextCache {
  /** Call when a transaction begins. */
  begin(): void;
  get(sequenceId: number, organizationId: string): Message | undefined;
  set(sequenceId: number, cached: CachedMessage): void;
  /** Call when a message is changed: it is not kept any more until the transaction has ended. */
  change(sequenceId: number): void;
  clear(): void;
}

/** An empty {@link ContextCache}; what was kept first goes first. */
export function createContextCache(): ContextCache {
  const cached = new Map<number, CachedMessage>();
  const changed = new Set<number>();
  let chars = 0;

  function forget(sequenceId: number): void {
    chars -= cached.get(sequenceId)?.chars ?? 0;
    cached.delete(sequenceId);
  }

  return {
    begin() {
      changed.clear();
    },
    get(sequenceId, organizationId) {
      const found = cached.get(sequenceId);
      return found?.organizationId === organizationId ? found.message : undefined;
    },
    set(sequenceId, one) {
      forget(sequenceId);
      if (one.chars > ONE_CHARS_MAX || changed.has(sequenceId)) return;
      cached.set(sequenceId, one);
      chars += one.chars;
      for (const oldest of cached.keys()) {
        if (cached.size <= CACHED_MESSAGES_MAX && chars <= CACHED_CHARS_MAX) break;
        forget(oldest);
      }
    },
    change(sequenceId) {
      forget(sequenceId);
      changed.add(sequenceId);
    },
    clear() {
      cached.clear();
      chars = 0;
    },
  };
}

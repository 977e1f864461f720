import type { Message } from "../../agent/message.ts";
import { createBoundedCache } from "./bounded-cache.ts";

const LIMITS = { itemsMax: 20_000, charsMax: 4_000_000, itemCharsMax: 100_000 };

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
  /** Call when messages are deleted: what is stored at their places is not kept, as they are there again if this is undone. */
  pause(): void;
  /** Call when more messages are changed than can be named: none is kept until the transaction has ended. */
  clear(): void;
}

/** An empty {@link ContextCache}. */
export function createContextCache(): ContextCache {
  const cached = createBoundedCache<number, CachedMessage>(LIMITS);
  const changed = new Set<number>();
  let isPaused = false;
  return {
    begin() {
      changed.clear();
      isPaused = false;
    },
    get(sequenceId, organizationId) {
      const found = cached.get(sequenceId);
      return found?.organizationId === organizationId ? found.message : undefined;
    },
    set(sequenceId, one) {
      if (isPaused || changed.has(sequenceId)) cached.delete(sequenceId);
      else cached.set(sequenceId, one, one.chars);
    },
    change(sequenceId) {
      cached.delete(sequenceId);
      changed.add(sequenceId);
    },
    pause() {
      isPaused = true;
    },
    clear() {
      cached.clear();
      isPaused = true;
    },
  };
}

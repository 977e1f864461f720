import type { Message } from "../../agent/message.ts";
import type { Random } from "../../core/random.ts";

/** Messages kept in memory, and the characters of their rows together. */
const MESSAGES_MAX = 16_000;
const CHARS_MAX = 8_000_000;
/** Characters of the row of one that is kept. */
const MESSAGE_CHARS_MAX = 100_000;
/** Threads among which the next to go is drawn. */
const DRAWN_FROM_MAX = 64;
/** How many of the threads that come while there is no room are kept in the place of others. */
const KEPT_WHEN_FULL = 1 / 8;

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
 *
 * Where there is no room few threads come in, and one that is drawn goes for each, as a whole: half a context saves
 * nothing, and of conversations that take turns the one that has waited longest is the next to be needed.
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
export function createContextCache(random: Random): ContextCache {
  const cached = new Map<number, CachedMessage>();
  const threads = new Map<string, Set<number>>();
  const changed = new Set<number>();
  /** Threads that are not let in during this transaction. */
  const refused = new Set<string>();
  let chars = 0;
  let isPaused = false;

  function forget(sequenceId: number): void {
    const known = cached.get(sequenceId);
    if (known === undefined) return;
    const thread = threadOf(known);
    const places = threads.get(thread);
    places?.delete(sequenceId);
    if (places?.size === 0) threads.delete(thread);
    cached.delete(sequenceId);
    chars -= known.chars;
  }

  const isFull = () => cached.size >= MESSAGES_MAX || chars >= CHARS_MAX;

  /** Whether there is room for one more message of this thread, now that others may have gone. */
  function hasRoom(thread: string): boolean {
    if (refused.has(thread)) return false;
    if (isFull() && !threads.has(thread) && random.fraction() >= KEPT_WHEN_FULL) {
      refused.add(thread);
      return false;
    }
    while (isFull()) {
      const drawn = draw(threads, thread, random);
      if (drawn === undefined) return false;
      for (const sequenceId of threads.get(drawn) ?? []) forget(sequenceId);
    }
    return true;
  }

  return {
    begin() {
      changed.clear();
      refused.clear();
      isPaused = false;
    },
    get(sequenceId, organizationId) {
      const found = cached.get(sequenceId);
      return found?.organizationId === organizationId ? found.message : undefined;
    },
    set(sequenceId, one) {
      forget(sequenceId);
      const thread = threadOf(one);
      if (isPaused || changed.has(sequenceId) || one.chars > MESSAGE_CHARS_MAX || !hasRoom(thread)) return;
      cached.set(sequenceId, one);
      chars += one.chars;
      const places = threads.get(thread);
      if (places === undefined) threads.set(thread, new Set([sequenceId]));
      else places.add(sequenceId);
    },
    change(sequenceId) {
      forget(sequenceId);
      changed.add(sequenceId);
    },
    pause() {
      isPaused = true;
    },
    clear() {
      cached.clear();
      threads.clear();
      chars = 0;
      isPaused = true;
    },
  };
}

/** Where a message was said. */
function threadOf({ message }: CachedMessage): string {
  return message.conversationId ?? message.agentId;
}

/** One of the threads that were kept first, but for this one; undefined when there is no other. */
function draw(threads: ReadonlyMap<string, unknown>, own: string, random: Random): string | undefined {
  let left = Math.floor(random.fraction() * Math.min(threads.size, DRAWN_FROM_MAX));
  let drawn: string | undefined;
  for (const thread of threads.keys()) {
    if (thread !== own) drawn = thread;
    if (left-- <= 0 && drawn !== undefined) break;
  }
  return drawn;
}

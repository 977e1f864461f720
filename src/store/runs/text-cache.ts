import type { ThreadId } from "../../agent/ports/ports.ts";
import type { AgentId } from "../../core/id.ts";
import { createBoundedCache } from "../base/bounded-cache.ts";

const TEXTS = { itemsMax: 10_000, charsMax: 8_000_000, itemCharsMax: 200_000 };
const USES = { itemsMax: 50_000, charsMax: 8_000_000, itemCharsMax: 1_000 };

/** A text of a thread with what else its name stands for, and the name that it is kept under. */
export interface KnownText {
  readonly text: string;
  readonly details: string;
  readonly hash: string;
}

/** What of a thread is kept. */
export type ThreadText = "prompt" | "recalled";

/**
 * Texts that steps named lately, so that the next step that has them need not hash them nor look whether they are kept.
 * What a transaction kept is known to the next ones once it is committed.
 */
export interface TextCache {
  /** The name of a text, whoever may have kept it. */
  hash(text: string, make: (text: string) => string): string;
  /** What was kept last for this thread. */
  ofThread(threadId: ThreadId, what: ThreadText): KnownText | undefined;
  keep(threadId: ThreadId, what: ThreadText, known: KnownText): void;
  /** Whether it is known that the text is kept for this agent. */
  isUsed(agentId: AgentId, hash: string): boolean;
  use(agentId: AgentId, hash: string): void;
  /** Call when a transaction is committed. */
  committed(): void;
  /** Call when one is undone. */
  undone(): void;
  /** Call when texts are deleted. */
  clear(): void;
}

/** An empty {@link TextCache}. */
export function createTextCache(): TextCache {
  const hashes = createBoundedCache<string, string>(TEXTS);
  const threads = createBoundedCache<string, KnownText>(TEXTS);
  const uses = createBoundedCache<string, true>(USES);
  let pending: (() => void)[] = [];
  return {
    hash(text, make) {
      const known = hashes.get(text);
      if (known !== undefined) return known;
      const made = make(text);
      hashes.set(text, made, text.length);
      return made;
    },
    ofThread: (threadId, what) => threads.get(`${what} ${threadId}`),
    keep(threadId, what, known) {
      pending.push(() => threads.set(`${what} ${threadId}`, known, known.text.length));
    },
    isUsed: (agentId, hash) => uses.get(`${agentId} ${hash}`) !== undefined,
    use(agentId, hash) {
      const key = `${agentId} ${hash}`;
      pending.push(() => uses.set(key, true, key.length));
    },
    committed() {
      for (const keep of pending) keep();
      pending = [];
    },
    undone() {
      pending = [];
    },
    clear() {
      threads.clear();
      uses.clear();
      pending = [];
    },
  };
}

import type { CountTokens } from "../../agent/prompt/tokens.ts";
import { entryUrl } from "../entries.ts";
import type { Counted, Counting } from "./token-worker.ts";

/** Counts tokens in a thread of its own. */
export interface TokenThread {
  readonly count: CountTokens;
  readonly stop: () => void;
}

interface Waiting {
  readonly resolve: (tokens: number) => void;
  readonly reject: (error: unknown) => void;
}

/** A {@link TokenThread} that begins with the first text that it gets: a server whose contexts stay small has none. */
export function createTokenThread(): TokenThread {
  let worker: Worker | undefined;
  let last = 0;
  const waiting = new Map<number, Waiting>();

  function begin(): Worker {
    const thread = new Worker(entryUrl("serving/token-worker"));
    thread.onmessage = ({ data: { number, tokens } }: MessageEvent<Counted>) => {
      waiting.get(number)?.resolve(tokens);
      waiting.delete(number);
    };
    thread.onerror = (event) => {
      // Whatever it was, the next text gets a new thread.
      worker = undefined;
      const error = new Error(`Tokens could not be counted: ${event.message}`);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    return thread;
  }

  return {
    count(text) {
      worker ??= begin();
      const counting: Counting = { number: ++last, text };
      worker.postMessage(counting);
      return new Promise((resolve, reject) => waiting.set(counting.number, { resolve, reject }));
    },
    stop: () => worker?.terminate(),
  };
}

import type { CountTokens } from "../../agent/prompt/tokens.ts";
import { createNumberedWorker } from "./numbered-worker.ts";

/** Counts tokens in a thread of its own. */
export interface TokenThread {
  readonly count: CountTokens;
  readonly stop: () => void;
}

/** A {@link TokenThread} that begins with the first text that it gets: a server whose contexts stay small has none. */
export function createTokenThread(): TokenThread {
  const worker = createNumberedWorker<string, number>({
    entry: "serving/token-worker",
    failed: "Tokens could not be counted",
  });
  return { count: (text) => worker.ask(text), stop: worker.stop };
}

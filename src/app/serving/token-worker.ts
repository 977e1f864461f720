import { slicedCounter } from "../../agent/prompt/tokens.ts";

declare const self: Worker;

/** A text whose tokens are to be counted, and the number by which the answer is told from others. */
export interface Counting {
  readonly number: number;
  readonly text: string;
}

/** What came of a {@link Counting}. */
export interface Counted {
  readonly number: number;
  readonly tokens: number;
}

// Counts tokens away from the thread that serves requests: loading the table alone would hold that for half a second.
const count = slicedCounter({ sleep: async () => {} });

self.onmessage = async (event: MessageEvent<Counting>) => {
  const { number, text } = event.data;
  const answer: Counted = { number, tokens: await count(text) };
  self.postMessage(answer);
};

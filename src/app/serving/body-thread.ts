import { Failure } from "../../core/failure.ts";
import { entryUrl } from "../entries.ts";
import type { BodyAnswer } from "./body-worker.ts";

/** Parses bodies in a thread of its own, one after another. */
export interface BodyThread {
  readonly parse: (bytes: ArrayBuffer) => Promise<unknown>;
  readonly stop: () => void;
}

/** A {@link BodyThread} that begins with the first body that it gets. */
export function createBodyThread(): BodyThread {
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function ask(bytes: ArrayBuffer): Promise<unknown> {
    worker ??= new Worker(entryUrl("serving/body-worker"));
    const thread = worker;
    const answer = await new Promise<BodyAnswer>((resolve, reject) => {
      thread.onmessage = (event: MessageEvent<BodyAnswer>) => resolve(event.data);
      thread.onerror = (event) => {
        // Whatever it was, the next body gets a new thread.
        worker = undefined;
        reject(new Error(`A body could not be parsed: ${event.message}`));
      };
      thread.postMessage(bytes, [bytes]);
    });
    if ("refusal" in answer) throw new Failure(answer.refusal.kind, answer.refusal.message);
    return answer.value;
  }

  return {
    parse(bytes) {
      const turn = last.then(() => ask(bytes));
      last = turn.catch(() => {});
      return turn;
    },
    stop: () => worker?.terminate(),
  };
}

import { Failure } from "../../core/failure.ts";
import type { BodyAnswer } from "./body-worker.ts";
import { createNumberedWorker } from "./numbered-worker.ts";

/** Parses bodies in a thread of its own, one after another. */
export interface BodyThread {
  readonly parse: (bytes: ArrayBuffer) => Promise<unknown>;
  readonly stop: () => void;
}

/** A {@link BodyThread} that begins with the first body that it gets. */
export function createBodyThread(): BodyThread {
  const worker = createNumberedWorker<ArrayBuffer, BodyAnswer>({
    entry: "serving/body-worker",
    failed: "A body could not be parsed",
  });
  let last: Promise<unknown> = Promise.resolve();

  async function ask(bytes: ArrayBuffer): Promise<unknown> {
    const answer = await worker.ask(bytes, [bytes]);
    if ("refusal" in answer) throw new Failure(answer.refusal.kind, answer.refusal.message);
    return answer.value;
  }

  return {
    // One at a time, so that a thread that fails takes no other body along.
    parse(bytes) {
      const turn = last.then(() => ask(bytes));
      last = turn.catch(() => {});
      return turn;
    },
    stop: worker.stop,
  };
}

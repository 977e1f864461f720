import type { Batch, WaitingBatchCallback } from "../../agent/batch.ts";
import type { JsonObject } from "../../core/json.ts";
import { type CallbackOptions, callBack } from "../chores/callback.ts";
import { createDueWork, type DueWork } from "../chores/due-work.ts";

/** What the sender of batches' callbacks is made of. */
export interface BatchCallbackOptions extends Pick<CallbackOptions, "store" | "clock" | "post" | "log"> {
  /** What a callback tells of a batch. */
  readonly bodyOfBatch: (batch: Batch) => JsonObject;
}

/** Tells the addresses that batches name that they are over. What is to be sent is in the store, so a restart loses none. */
export function createBatchCallbackSender({ store, clock, post, log, bodyOfBatch }: BatchCallbackOptions): DueWork {
  return createDueWork<WaitingBatchCallback>({
    clock,
    waiting: (limit) => store.waitingBatchCallbacks(limit),
    async work(callback) {
      const { actor, id } = callback;
      const batch = await store.reader(actor).batches.find(id);
      if (batch === undefined) return;
      // What is told must not be taken back by a power cut.
      await store.durable();
      const outcome = await callBack({ clock, post }, callback, bodyOfBatch(batch));
      await store.write(actor, ({ batches }) => batches.noteCallback(id, outcome));
    },
    onError: (error) => log("Callbacks of batches could not be sent", error),
  });
}

import type { Store } from "../../agent/ports/ports.ts";
import type { FetchOutside } from "../../core/outside.ts";
import type { BatchCallbackOptions } from "../../run/batches/batch-callbacks.ts";
import type { CallbackOptions } from "../../run/chores/callback.ts";
import type { RunLogs } from "../../run/log/run-log.ts";
import { isoTimeOrNull } from "../wire/time.ts";
import { endOf, replyOf } from "./send.ts";

/** How long an address may take to answer. What does not answer in time is tried again later. */
const CALLBACK_MS_MAX = 5_000;
/** What a callback answers is not looked at; this much of it may come. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** How callbacks are sent, and what they tell: Letta's shape, with the reply that a waiting client would have got. */
export function callbackPorts({
  store,
  logs,
  fetchOutside,
}: {
  readonly store: Store;
  readonly logs: RunLogs;
  readonly fetchOutside: FetchOutside;
}): Pick<CallbackOptions, "post" | "bodyOf"> & Pick<BatchCallbackOptions, "bodyOfBatch"> {
  return {
    bodyOfBatch: ({ id, status, completedAt }) => ({ job_id: id, status, completed_at: isoTimeOrNull(completedAt) }),

    async post(url, body) {
      const answer = await fetchOutside(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        timeoutMs: CALLBACK_MS_MAX,
        bytesMax: ANSWER_BYTES_MAX,
        redirectsMax: 0,
      });
      return answer.status;
    },

    async bodyOf(actor, runId) {
      const reader = store.reader(actor);
      const run = await reader.runs.find(runId);
      const agent = run === undefined ? undefined : await reader.agents.find(run.agentId);
      if (run === undefined || agent === undefined) return undefined;
      const events = await logs.whole(actor, runId);
      const told = endOf(events).error === null ? { result: replyOf({ agent, run }, events) } : {};
      return {
        run_id: run.id,
        status: run.status,
        completed_at: isoTimeOrNull(run.completedAt),
        metadata: { ...run.metadata, ...told },
      };
    },
  };
}

import type { NumberedChange } from "../../agent/ports/changes.ts";
import type { FetchOutside } from "../../core/outside.ts";
import type { Delivery, WebhookSenderOptions } from "../../run/chores/webhook-sender.ts";
import { isoTime } from "../wire/time.ts";

/** How long an address may take to answer. What does not answer in time is tried again later. */
const WEBHOOK_MS_MAX = 5_000;
/** What a webhook answers is not looked at; this much of it may come. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** How webhooks are sent, and what they tell: the shape that Standard Webhooks recommends, with ids alone. */
export function webhookPorts(fetchOutside: FetchOutside): Pick<WebhookSenderOptions, "post" | "textOf"> {
  return {
    async post(url: string, { body, headers }: Delivery) {
      const limits = { timeoutMs: WEBHOOK_MS_MAX, bytesMax: ANSWER_BYTES_MAX, redirectsMax: 0 };
      return (await fetchOutside(url, { method: "POST", headers, body, ...limits })).status;
    },

    textOf({ kind, id, agentId, number, at }: NumberedChange) {
      return JSON.stringify({ type: kind, timestamp: isoTime(at), data: { id, agent_id: agentId, number } });
    },
  };
}

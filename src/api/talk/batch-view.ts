import { z } from "zod";
import type { ShownBatch } from "../../run/batches/create-batch.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { WireRow } from "../wire/context.ts";
import { isoTime, isoTimeOrNull } from "../wire/time.ts";

/** What {@link toWireBatch} shows. */
export const WireBatch = answer("Batch", {
  created_by_id: z.string(),
  last_updated_by_id: z.null(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  status: z.enum(["running", "completed", "cancelled", "failed"]),
  completed_at: time.nullable(),
  stop_reason: z.null(),
  metadata: z.strictObject({
    requests: z.number(),
    waiting: z.number(),
    unfinished: z.number(),
    completed: z.number(),
    failed: z.number(),
    cancelled: z.number(),
  }),
  job_type: z.literal("batch"),
  background: z.literal(true),
  agent_id: z.null(),
  callback_url: z.string().nullable(),
  callback_sent_at: time.nullable(),
  callback_status_code: z.number().nullable(),
  callback_error: z.string().nullable(),
  ttft_ns: z.null(),
  total_duration_ns: z.null(),
});

/** What came of a batch, as messages are stored. */
export const WireBatchMessages = answer("BatchMessages", { messages: list(WireRow) });

/** A batch in the shape of Letta's jobs, with how its requests stand. */
export function toWireBatch({ batch, counts }: ShownBatch): z.output<typeof WireBatch> {
  return {
    created_by_id: batch.createdById,
    last_updated_by_id: null,
    created_at: isoTime(batch.createdAt),
    updated_at: isoTime(batch.completedAt ?? batch.createdAt),
    id: batch.id,
    status: batch.status,
    completed_at: isoTimeOrNull(batch.completedAt),
    stop_reason: null,
    metadata: { requests: batch.size, ...counts },
    job_type: "batch",
    background: true,
    agent_id: null,
    callback_url: batch.callbackUrl,
    callback_sent_at: isoTimeOrNull(batch.callbackSentAt),
    callback_status_code: batch.callbackStatusCode,
    callback_error: batch.callbackError,
    ttft_ns: null,
    total_duration_ns: null,
  };
}

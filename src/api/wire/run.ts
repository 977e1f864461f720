import { z } from "zod";
import type { Run } from "../../agent/run.ts";
import { STOP_REASONS } from "../../agent/run.ts";
import type { JsonObject } from "../../core/json.ts";
import { optionsOf } from "../../run/step/run-state.ts";
import { answer, jsonObject, list, time } from "./answers/answer.ts";
import { lettaOptionsOf } from "./letta-face.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

const WireEnd = answer("RunEnd", {
  callback_url: z.string().nullable(),
  callback_sent_at: time.nullable(),
  callback_status_code: z.number().nullable(),
  callback_error: z.string().nullable(),
  ttft_ns: z.number().nullable(),
  total_duration_ns: z.number().nullable(),
});

const WireRequestConfig = answer("RequestConfig", {
  use_assistant_message: z.boolean(),
  assistant_message_tool_name: z.string(),
  assistant_message_tool_kwarg: z.string(),
  include_return_message_types: list(z.string()).nullable(),
});

/** What {@link toWireRun} shows. */
export const WireRun = answer("Run", {
  id: z.string(),
  status: z.enum(["cancelled", "completed", "failed", "created", "running"]),
  created_at: time,
  completed_at: time.nullable(),
  agent_id: z.string(),
  conversation_id: z.string().nullable(),
  base_template_id: z.null(),
  background: z.boolean(),
  metadata: jsonObject,
  request_config: WireRequestConfig.nullable(),
  stop_reason: z.enum(STOP_REASONS).nullable(),
  ...WireEnd.shape,
});

/** What {@link toWireJob} shows. */
export const WireJob = answer("Job", {
  created_by_id: z.null(),
  last_updated_by_id: z.null(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  status: z.enum(["cancelled", "completed", "failed", "created", "running"]),
  completed_at: time.nullable(),
  stop_reason: z.enum(STOP_REASONS).nullable(),
  metadata: jsonObject,
  job_type: z.literal("run"),
  background: z.boolean(),
  agent_id: z.string(),
  ...WireEnd.shape,
});

/** A run as clients see it. */
export function toWireRun(run: Run): z.output<typeof WireRun> {
  return {
    id: run.id,
    status: run.status,
    created_at: isoTime(run.createdAt),
    completed_at: isoTimeOrNull(run.completedAt),
    agent_id: run.agentId,
    conversation_id: run.conversationId,
    base_template_id: null,
    background: run.background,
    metadata: toWireMetadata(run),
    request_config: toWireRequestConfig(run),
    stop_reason: run.stopReason,
    ...toWireEnd(run),
  };
}

/** A run in the shape of Letta's older, more general jobs. */
export function toWireJob(run: Run): z.output<typeof WireJob> {
  return {
    created_by_id: null,
    last_updated_by_id: null,
    created_at: isoTime(run.createdAt),
    updated_at: isoTime(run.completedAt ?? run.createdAt),
    id: run.id,
    status: run.status,
    completed_at: isoTimeOrNull(run.completedAt),
    stop_reason: run.stopReason,
    metadata: run.metadata,
    job_type: "run",
    background: run.background,
    agent_id: run.agentId,
    ...toWireEnd(run),
  };
}

/** Whom a run's end is told to and what came of that, and how long the run took. */
function toWireEnd(run: Run): z.output<typeof WireEnd> {
  return {
    callback_url: run.callbackUrl,
    callback_sent_at: isoTimeOrNull(run.callbackSentAt),
    callback_status_code: run.callbackStatusCode,
    callback_error: run.callbackError,
    ttft_ns: run.ttftNs,
    total_duration_ns: run.totalDurationNs,
  };
}

/** A run's metadata, with the time at which its request for approval is denied, and the runs that it came of, if any. */
function toWireMetadata({ metadata, approvalDueAt, parentRunId, rootRunId, depth }: Run): JsonObject {
  if (approvalDueAt === null && parentRunId === null) return metadata;
  return {
    ...metadata,
    ...(approvalDueAt === null ? {} : { approval_expires_at: isoTime(approvalDueAt) }),
    ...(parentRunId === null ? {} : { parent_run_id: parentRunId, root_run_id: rootRunId, depth }),
  };
}

/** What of a run's request tells how its messages are shown. */
function toWireRequestConfig(run: Run): z.output<typeof WireRequestConfig> | null {
  if (run.requestConfig === null) return null;
  const options = lettaOptionsOf(optionsOf(run).face);
  return {
    use_assistant_message: options.useAssistantMessage,
    assistant_message_tool_name: options.assistantMessageToolName,
    assistant_message_tool_kwarg: options.assistantMessageToolKwarg,
    include_return_message_types: options.includeReturnMessageTypes,
  };
}

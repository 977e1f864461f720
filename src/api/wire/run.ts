import type { Run } from "../../agent/run.ts";
import type { JsonObject } from "../../core/json.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** How a request's wish to be shown is kept with its run. */
const REQUEST_DEFAULTS: JsonObject = {
  use_assistant_message: true,
  assistant_message_tool_name: "send_message",
  assistant_message_tool_kwarg: "message",
  include_return_message_types: null,
};
const CAMEL: Readonly<Record<string, string>> = {
  use_assistant_message: "useAssistantMessage",
  assistant_message_tool_name: "assistantMessageToolName",
  assistant_message_tool_kwarg: "assistantMessageToolKwarg",
  include_return_message_types: "includeReturnMessageTypes",
};

/** A run as clients see it. */
export function toWireRun(run: Run): JsonObject {
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
    request_config: toWireRequestConfig(run.requestConfig),
    stop_reason: run.stopReason,
    ...toWireEnd(run),
  };
}

/** Whom a run's end is told to and what came of that, and how long the run took. */
export function toWireEnd(run: Run): JsonObject {
  return {
    callback_url: run.callbackUrl,
    callback_sent_at: isoTimeOrNull(run.callbackSentAt),
    callback_status_code: run.callbackStatusCode,
    callback_error: run.callbackError,
    ttft_ns: run.ttftNs,
    total_duration_ns: run.totalDurationNs,
  };
}

/** A run's metadata, with the time at which its request for approval is denied, if at all. */
function toWireMetadata({ metadata, approvalDueAt }: Run): JsonObject {
  return approvalDueAt === null ? metadata : { ...metadata, approval_expires_at: isoTime(approvalDueAt) };
}

/** What of a run's request tells how its messages are shown. */
export function toWireRequestConfig(config: JsonObject | null): JsonObject | null {
  if (config === null) return null;
  const kept = Object.keys(REQUEST_DEFAULTS).map((key) => [
    key,
    config[CAMEL[key] ?? key] ?? config[key] ?? REQUEST_DEFAULTS[key] ?? null,
  ]);
  return Object.fromEntries(kept);
}

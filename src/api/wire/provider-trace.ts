import type { ProviderTrace } from "../../agent/provider-trace.ts";
import type { OrganizationId } from "../../core/id.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import { toWireLlmConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** What one step sent and got back, as clients see it. */
export function toWireTrace(
  trace: ProviderTrace,
  organizationId: OrganizationId,
  agentTags: readonly string[],
): JsonObject {
  const time = isoTime(trace.createdAt);
  return {
    created_by_id: trace.userId,
    last_updated_by_id: trace.userId,
    created_at: time,
    updated_at: time,
    // A step has one trace, so its own number names both.
    id: trace.stepId.replace(/^step-/, "provider_trace-"),
    request_json: bodyOf(trace.requestJson),
    response_json: bodyOf(trace.responseJson),
    step_id: trace.stepId,
    agent_id: trace.agentId,
    agent_tags: agentTags,
    call_type: "agent_step",
    run_id: trace.runId,
    source: null,
    org_id: organizationId,
    user_id: trace.userId,
    compaction_settings: null,
    llm_config: toWireLlmConfig(trace.llmConfig),
    billing_context: null,
  };
}

function bodyOf(text: string): JsonObject {
  const body = parseJson(text);
  return isRecord(body) ? body : { body: body ?? null };
}

import { z } from "zod";
import type { ProviderTrace } from "../../agent/provider-trace.ts";
import type { OrganizationId } from "../../core/id.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import { answer, jsonObject, list, time } from "./answers/answer.ts";
import { toWireLlmConfig, WireLlmConfig } from "./llm-config.ts";
import { isoTime } from "./time.ts";

/** What {@link toWireTrace} shows. */
export const WireTrace = answer("ProviderTrace", {
  created_by_id: z.string(),
  last_updated_by_id: z.string(),
  created_at: time,
  updated_at: time,
  id: z.string(),
  request_json: jsonObject,
  response_json: jsonObject,
  step_id: z.string(),
  agent_id: z.string(),
  agent_tags: list(z.string()),
  call_type: z.literal("agent_step"),
  run_id: z.string(),
  source: z.null(),
  org_id: z.string(),
  user_id: z.string(),
  compaction_settings: z.null(),
  llm_config: WireLlmConfig,
  billing_context: z.null(),
});

/** What one step sent and got back, as clients see it. */
export function toWireTrace(
  trace: ProviderTrace,
  organizationId: OrganizationId,
  agentTags: readonly string[],
): z.output<typeof WireTrace> {
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

import { z } from "zod";
import type { Step } from "../../agent/run.ts";
import { STOP_REASONS } from "../../agent/run.ts";
import { type OrganizationId, parseId, type RunId } from "../../core/id.ts";
import type { Usage } from "../../llm/model.ts";
import { answer, jsonObject, list } from "./answers/answer.ts";

/**
 * A trace as OpenTelemetry names one, of which a run is what it began with: all that came of it in other agents is the same
 * trace. A run's id holds as many digits.
 */
export function traceIdOf(rootRunId: RunId): string {
  return rootRunId.slice("run-".length).replaceAll("-", "");
}

/** The run of a trace; undefined for what names none. */
export function runOfTrace(traceId: string): RunId | undefined {
  const parts = /^([\da-f]{8})([\da-f]{4})([\da-f]{4})([\da-f]{4})([\da-f]{12})$/.exec(traceId)?.slice(1);
  return parts === undefined ? undefined : parseId("run", `run-${parts.join("-")}`);
}

const tokenFields = {
  completion_tokens_details: z.strictObject({ reasoning_tokens: z.number() }).nullable(),
  prompt_tokens_details: z
    .strictObject({ cached_tokens: z.number(), cache_read_tokens: z.number(), cache_creation_tokens: z.number() })
    .nullable(),
};

/** What {@link toWireStep} shows. */
export const WireStep = answer("Step", {
  id: z.string(),
  origin: z.null(),
  organization_id: z.string(),
  provider_id: z.null(),
  run_id: z.string(),
  agent_id: z.string(),
  provider_name: z.string().nullable(),
  provider_category: z.string().nullable(),
  model: z.string().nullable(),
  model_handle: z.string().nullable(),
  model_endpoint: z.string().nullable(),
  context_window_limit: z.number().nullable(),
  completion_tokens: z.number().nullable(),
  prompt_tokens: z.number().nullable(),
  total_tokens: z.number().nullable(),
  cached_input_tokens: z.number().nullable(),
  cache_write_tokens: z.number().nullable(),
  reasoning_tokens: z.number().nullable(),
  ...tokenFields,
  stop_reason: z.enum(STOP_REASONS).nullable(),
  tags: list(z.string()),
  tid: z.string().nullable(),
  trace_id: z.string(),
  request_id: z.null(),
  messages: list(z.string()),
  feedback: z.enum(["positive", "negative"]).nullable(),
  project_id: z.string().nullable(),
  error_type: z.string().nullable(),
  error_data: jsonObject.nullable(),
  status: z.enum(["cancelled", "pending", "success", "failed"]),
});

/** What {@link toWireUsage} shows. */
export const WireUsage = answer("RunUsage", {
  completion_tokens: z.number(),
  prompt_tokens: z.number(),
  total_tokens: z.number(),
  ...tokenFields,
});

/** What {@link toWireStepMetrics} shows. */
export const WireStepMetrics = answer("StepMetrics", {
  id: z.string(),
  organization_id: z.string(),
  provider_id: z.null(),
  run_id: z.string(),
  agent_id: z.string(),
  step_start_ns: z.number(),
  llm_request_start_ns: z.number().nullable(),
  llm_request_ns: z.number().nullable(),
  tool_execution_ns: z.null(),
  step_ns: z.number().nullable(),
  base_template_id: z.null(),
  template_id: z.null(),
  project_id: z.string().nullable(),
});

/** A step as clients see it, with the run that its own run came of, or that itself. */
export function toWireStep(
  step: Step,
  { organizationId, rootRunId }: { readonly organizationId: OrganizationId; readonly rootRunId: RunId },
): z.output<typeof WireStep> {
  const { usage } = step;
  return {
    id: step.id,
    origin: null,
    organization_id: organizationId,
    provider_id: null,
    run_id: step.runId,
    agent_id: step.agentId,
    provider_name: step.providerName,
    provider_category: step.providerCategory,
    model: step.model,
    model_handle: step.modelHandle,
    model_endpoint: step.modelEndpoint,
    context_window_limit: step.contextWindowLimit,
    completion_tokens: usage?.completionTokens ?? null,
    prompt_tokens: usage?.promptTokens ?? null,
    total_tokens: usage?.totalTokens ?? null,
    cached_input_tokens: usage?.cachedInputTokens ?? null,
    cache_write_tokens: usage?.cacheWriteTokens ?? null,
    reasoning_tokens: usage?.reasoningTokens ?? null,
    ...tokenDetails(usage),
    stop_reason: step.stopReason,
    tags: step.tags,
    tid: step.transactionId,
    trace_id: traceIdOf(rootRunId),
    request_id: null,
    messages: [],
    feedback: step.feedback,
    project_id: step.projectId,
    error_type: step.errorType,
    error_data: step.errorData,
    status: step.status,
  };
}

/** What the steps of a run used together, in OpenAI's shape. */
export function toWireUsage(steps: readonly Step[]): z.output<typeof WireUsage> {
  const usages = steps.flatMap((step) => (step.usage === null ? [] : [step.usage]));
  const total: Usage = {
    promptTokens: sum(usages, "promptTokens") ?? 0,
    completionTokens: sum(usages, "completionTokens") ?? 0,
    totalTokens: sum(usages, "totalTokens") ?? 0,
    cachedInputTokens: sum(usages, "cachedInputTokens"),
    cacheWriteTokens: sum(usages, "cacheWriteTokens"),
    reasoningTokens: sum(usages, "reasoningTokens"),
  };
  return {
    completion_tokens: total.completionTokens,
    prompt_tokens: total.promptTokens,
    total_tokens: total.totalTokens,
    ...tokenDetails(total),
  };
}

/** A step's times as clients see them. */
export function toWireStepMetrics(step: Step, organizationId: OrganizationId): z.output<typeof WireStepMetrics> {
  const startNs = Math.round(step.createdAt * 1e6);
  return {
    id: step.id,
    organization_id: organizationId,
    provider_id: null,
    run_id: step.runId,
    agent_id: step.agentId,
    step_start_ns: startNs,
    llm_request_start_ns: step.llmRequestNs === null ? null : startNs,
    llm_request_ns: step.llmRequestNs,
    tool_execution_ns: null,
    step_ns: step.stepNs,
    base_template_id: null,
    template_id: null,
    project_id: step.projectId,
  };
}

/**
 * The same numbers once more in the words of OpenAI; zero where a provider did not tell them, null where there was no
 * answer.
 */
function tokenDetails(usage: Usage | null) {
  if (usage === null) return { completion_tokens_details: null, prompt_tokens_details: null };
  return {
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      cache_read_tokens: usage.cachedInputTokens ?? 0,
      cache_creation_tokens: usage.cacheWriteTokens ?? 0,
    },
  };
}

/** The sum of one number over all, or null when nobody reported it. */
function sum(usages: readonly Usage[], field: keyof Usage): number | null {
  const known = usages.flatMap((usage) => usage[field] ?? []);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}

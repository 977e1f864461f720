import type { Repositories } from "../../../agent/ports/ports.ts";
import { type Run, STOP_REASONS, type Step, type StopReason } from "../../../agent/run.ts";
import type { AgentId } from "../../../core/id.ts";
import type { Usage } from "../../../llm/model.ts";
import { UnusableRow } from "../unusable-row.ts";
import { type AgentTally, eachLink } from "./each-link.ts";
import type { V1Import } from "./each-row.ts";
import { type Row, rowOf } from "./row.ts";

const CUT_OFF = "it was still at work when the database was written, and is told as failed";

/** Stores the runs of an agent, all of them ended, and their steps. */
export async function importRuns(
  work: V1Import,
  { runs, steps }: Repositories,
  { agentId, tally }: { readonly agentId: AgentId; readonly tally: AgentTally },
): Promise<void> {
  await eachLink(work, { table: "runs", id: agentId, tally }, async (row) => {
    const run = runOf(row, agentId);
    if (run.status === "failed" && row.text("status") !== "failed") tally.changed("runs", CUT_OFF);
    await runs.insert(run);
  });
  await eachLink(work, { table: "steps", id: agentId, tally }, async (row) => {
    const step = stepOf(work, row, agentId);
    if ((await runs.find(step.runId)) === undefined) throw new UnusableRow("its run is not here");
    await steps.insert(step);
    if (work.staging.find("step_metrics", step.id) !== undefined) tally.taken("step_metrics");
  });
}

function runOf(row: Row, agentId: AgentId): Run {
  const { createdAt, updatedAt } = row.authorship();
  const told = row.text("status");
  const status = told === "completed" || told === "failed" || told === "cancelled" ? told : "failed";
  return {
    id: row.needId("run", "id"),
    agentId,
    conversationId: row.idOf("conv", "conversation_id"),
    status,
    stopReason: stopReasonOf(row) ?? (status === "failed" ? "error" : null),
    background: row.flag("background") ?? false,
    requestConfig: null,
    metadata: row.object("metadata_") ?? {},
    // Nobody is called back for what another server did.
    callbackUrl: null,
    createdAt,
    completedAt: row.time("completed_at") ?? updatedAt,
    ttftNs: row.number("ttft_ns"),
    totalDurationNs: row.number("total_duration_ns"),
    callbackSentAt: null,
    callbackStatusCode: null,
    callbackError: null,
    approvalDueAt: null,
    parentRunId: null,
    rootRunId: null,
    depth: 0,
  };
}

function stepOf({ staging, now }: V1Import, row: Row, agentId: AgentId): Step {
  const id = row.needId("step", "id");
  const metrics = rowOf(staging.find("step_metrics", id) ?? {}, now);
  const status = row.string("status").toLowerCase();
  const feedback = row.text("feedback");
  return {
    id,
    runId: row.needId("run", "run_id"),
    agentId,
    providerName: row.text("provider_name"),
    providerCategory: row.text("provider_category"),
    model: row.text("model"),
    modelHandle: row.text("model_handle"),
    modelEndpoint: row.text("model_endpoint"),
    contextWindowLimit: row.number("context_window_limit"),
    usage: usageOf(row),
    stopReason: stopReasonOf(row),
    status: status === "success" || status === "cancelled" ? status : "failed",
    errorType: row.text("error_type"),
    errorData: row.object("error_data"),
    feedback: feedback === "positive" || feedback === "negative" ? feedback : null,
    tags: row.texts("tags"),
    projectId: row.text("project_id"),
    transactionId: row.text("tid"),
    createdAt: row.authorship().createdAt,
    stepNs: metrics.number("step_ns"),
    llmRequestNs: metrics.number("llm_request_ns"),
  };
}

function stopReasonOf(row: Row): StopReason | null {
  return STOP_REASONS.find((reason) => reason === row.text("stop_reason")) ?? null;
}

function usageOf(row: Row): Usage {
  const [prompt, completion] = [row.object("prompt_tokens_details"), row.object("completion_tokens_details")];
  const detail = (value: unknown) => (typeof value === "number" ? value : null);
  return {
    promptTokens: row.number("prompt_tokens") ?? 0,
    completionTokens: row.number("completion_tokens") ?? 0,
    totalTokens: row.number("total_tokens") ?? 0,
    cachedInputTokens: row.number("cached_input_tokens") ?? detail(prompt?.["cached_tokens"]),
    cacheWriteTokens: row.number("cache_write_tokens") ?? detail(prompt?.["cache_creation_tokens"]),
    reasoningTokens: row.number("reasoning_tokens") ?? detail(completion?.["reasoning_tokens"]),
  };
}

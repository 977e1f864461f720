import type { Batch } from "../../agent/batch.ts";
import type { ProviderTrace } from "../../agent/provider-trace.ts";
import type { Run, Step } from "../../agent/run.ts";
import type { Schedule } from "../../agent/schedules/schedule.ts";
import { entityTable } from "../base/columns.ts";

/** The table of runs. */
export const RUNS = entityTable<Run>()("runs", {
  id: "id",
  agentId: "id",
  conversationId: "id",
  status: "text",
  stopReason: "text",
  background: "flag",
  requestConfig: "json",
  metadata: "json",
  callbackUrl: "text",
  createdAt: "instant",
  completedAt: "instant",
  ttftNs: "number",
  totalDurationNs: "number",
  callbackSentAt: "instant",
  callbackStatusCode: "number",
  callbackError: "text",
  approvalDueAt: "instant",
  parentRunId: "id",
  rootRunId: "id",
  depth: "number",
});

/** The table of steps. */
export const STEPS = entityTable<Step>()("steps", {
  id: "id",
  runId: "id",
  agentId: "id",
  providerName: "text",
  providerCategory: "text",
  model: "text",
  modelHandle: "text",
  modelEndpoint: "text",
  contextWindowLimit: "number",
  usage: "json",
  stopReason: "text",
  status: "text",
  errorType: "text",
  errorData: "json",
  feedback: "text",
  tags: "json",
  projectId: "text",
  transactionId: "text",
  createdAt: "instant",
  stepNs: "number",
  llmRequestNs: "number",
});

/** The table of provider traces. */
export const PROVIDER_TRACES = entityTable<ProviderTrace>()("provider_traces", {
  stepId: "id",
  runId: "id",
  agentId: "id",
  userId: "text",
  llmConfig: "json",
  requestJson: "text",
  responseJson: "text",
  createdAt: "instant",
});

/** The table of messages that are sent later. */
export const SCHEDULES = entityTable<Schedule>()("schedules", {
  id: "id",
  agentId: "id",
  cron: "text",
  scheduledAt: "instant",
  timezone: "text",
  missedPolicy: "text",
  graceSeconds: "number",
  input: "json",
  options: "json",
  callbackUrl: "text",
  nextDueAt: "instant",
  lastDueAt: "instant",
  lastRunId: "id",
  missedCount: "number",
  lastMissedAt: "instant",
  stoppedWhy: "text",
  createdById: ["id", "user_id"],
  createdAt: "instant",
});

/** The table of batches. */
export const BATCHES = entityTable<Batch>()("batches", {
  id: "id",
  status: "text",
  size: "number",
  callbackUrl: "text",
  callbackSentAt: "instant",
  callbackStatusCode: "number",
  callbackError: "text",
  createdById: ["id", "user_id"],
  createdAt: "instant",
  completedAt: "instant",
});

import type { Instant } from "../core/clock.ts";
import type { Actor, AgentId, ConversationId, RunId, StepId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Usage } from "../llm/model.ts";

/** Why a run stopped, in Letta's words. */
export const STOP_REASONS = [
  "end_turn",
  "error",
  "llm_api_error",
  "invalid_llm_response",
  "invalid_tool_call",
  "max_steps",
  "max_tokens_exceeded",
  "no_tool_call",
  "tool_rule",
  "cancelled",
  "insufficient_credits",
  "requires_approval",
  "context_window_overflow_in_system_prompt",
] as const;

/** One of {@link STOP_REASONS}. */
export type StopReason = (typeof STOP_REASONS)[number];

/** Where a run stands. The last three are final. */
export type RunStatus = "created" | "running" | "completed" | "failed" | "cancelled";

/** The status that a stop reason ends a run with. */
export function statusOf(stopReason: StopReason): RunStatus {
  if (stopReason === "cancelled") return "cancelled";
  const done = stopReason === "end_turn" || stopReason === "max_steps" || stopReason === "tool_rule";
  return done || stopReason === "requires_approval" ? "completed" : "failed";
}

/** One request's worth of an agent's work, from the input messages to a stop reason. */
export interface Run {
  readonly id: RunId;
  readonly agentId: AgentId;
  readonly conversationId: ConversationId | null;
  readonly status: RunStatus;
  readonly stopReason: StopReason | null;
  readonly background: boolean;
  /** What the request asked for, kept so that the run can be resumed and its messages shown alike. */
  readonly requestConfig: JsonObject | null;
  readonly metadata: JsonObject;
  readonly callbackUrl: string | null;
  readonly createdAt: Instant;
  readonly completedAt: Instant | null;
  readonly ttftNs: number | null;
  readonly totalDurationNs: number | null;
  /** What came of the callback, the last time it was sent; null until then. */
  readonly callbackSentAt: Instant | null;
  readonly callbackStatusCode: number | null;
  readonly callbackError: string | null;
  /** When the approval that the run ended with is denied if nobody has answered; null when it waits for ever. */
  readonly approvalDueAt: Instant | null;
  /** The run in which an agent asked for this one; null of one that somebody else asked for. It may be gone. */
  readonly parentRunId: RunId | null;
  /** The run that all began with; null of one that no agent asked for. It may be gone. */
  readonly rootRunId: RunId | null;
  /** How many runs lie between that one and this, and one more; 0 of one that no agent asked for. */
  readonly depth: number;
}

/** What a run has of the run in which an agent asked for it. */
export type RunLink = Pick<Run, "id" | "parentRunId" | "rootRunId" | "depth">;

/** One model call of a run, with what it used and how it ended. */
export interface Step {
  readonly id: StepId;
  readonly runId: RunId;
  readonly agentId: AgentId;
  readonly providerName: string | null;
  readonly providerCategory: string | null;
  readonly model: string | null;
  readonly modelHandle: string | null;
  readonly modelEndpoint: string | null;
  readonly contextWindowLimit: number | null;
  readonly usage: Usage | null;
  readonly stopReason: StopReason | null;
  readonly status: "pending" | "success" | "failed" | "cancelled";
  readonly errorType: string | null;
  readonly errorData: JsonObject | null;
  readonly feedback: "positive" | "negative" | null;
  readonly tags: readonly string[];
  readonly projectId: string | null;
  /** The transaction that somebody else books it under. */
  readonly transactionId: string | null;
  readonly createdAt: Instant;
  readonly stepNs: number | null;
  readonly llmRequestNs: number | null;
}

/** A callback that is still to be sent. */
export interface WaitingCallback {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly url: string;
  /** Tries that failed. */
  readonly attempts: number;
  readonly dueAt: Instant;
}

/** A run whose request for approval is to be denied at some time. */
export interface ExpiringApproval {
  readonly actor: Actor;
  readonly runId: RunId;
  readonly dueAt: Instant;
}

/** A run that was stored with its input to begin later. */
export interface QueuedRun {
  readonly actor: Actor;
  readonly runId: RunId;
  /** When to look at it: later while another run is at work in its conversation. */
  readonly dueAt: Instant;
}

/** What came of one try. It is made again at `retryAt` unless that is null. */
export interface CallbackOutcome {
  readonly sentAt: Instant;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly retryAt: Instant | null;
}

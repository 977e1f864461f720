import type { Instant } from "../core/clock.ts";
import type { AgentId, RunId, StepId } from "../core/id.ts";
import type { LlmConfig } from "../llm/config.ts";

/** What one step sent to its provider and got back, as JSON texts. */
export interface ProviderTrace {
  readonly stepId: StepId;
  readonly runId: RunId;
  readonly agentId: AgentId;
  readonly userId: string;
  readonly llmConfig: LlmConfig;
  readonly requestJson: string;
  readonly responseJson: string;
  readonly createdAt: Instant;
}

/** Where the newest provider traces of one organisation live; older ones go by themselves. */
export interface ProviderTraceStore {
  /** What was traced of a step; undefined when nothing was, or it has gone. */
  find(stepId: StepId): Promise<ProviderTrace | undefined>;
  /** The traces of a run's steps that are still kept, up to `limit`, oldest first. */
  listForRun(runId: RunId, limit: number): Promise<readonly ProviderTrace[]>;
  /** Keeps a trace; a step has one. From time to time the oldest ones go. */
  insert(trace: ProviderTrace): Promise<void>;
}

/** The part of a {@link ProviderTraceStore} that only reads. */
export type ProviderTraceReader = Pick<ProviderTraceStore, "find" | "listForRun">;

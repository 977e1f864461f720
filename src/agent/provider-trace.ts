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
  find(stepId: StepId): Promise<ProviderTrace | undefined>;
  /** The traces of a run's steps that are still kept, oldest first. */
  listForRun(runId: RunId, limit: number): Promise<readonly ProviderTrace[]>;
  insert(trace: ProviderTrace): Promise<void>;
}

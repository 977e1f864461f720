import type { Authorship } from "../core/authorship.ts";
import type { Instant } from "../core/clock.ts";
import type { AgentId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { EmbeddingConfig, LlmConfig } from "../llm/config.ts";
import type { ResponseFormat } from "../llm/model.ts";
import type { ToolRule } from "../tools/tool-rule.ts";
import type { StopReason } from "./run.ts";

/** Letta's kinds of agent. One loop serves them all; `agent-type.ts` holds what differs. */
export const AGENT_TYPES = [
  "memgpt_agent",
  "memgpt_v2_agent",
  "letta_v1_agent",
  "react_agent",
  "workflow_agent",
  "split_thread_agent",
  "sleeptime_agent",
  "voice_convo_agent",
  "voice_sleeptime_agent",
] as const;

/** One of {@link AGENT_TYPES}. */
export type AgentType = (typeof AGENT_TYPES)[number];

/** How an agent's history is shortened when it outgrows the context window. */
export interface CompactionSettings {
  readonly model: string | null;
  readonly modelSettings: unknown;
  readonly prompt: string | null;
  readonly promptAcknowledgement: boolean;
  readonly clipChars: number | null;
  readonly mode: "all" | "sliding_window" | "self_compact_all" | "self_compact_sliding_window";
  readonly slidingWindowPercentage: number;
}

/** How an agent uses what Umi derives from its conversations. An agent without any does as Letta's do. */
export interface MemorySettings {
  /** Whether facts are learnt from what is said. */
  readonly learns: boolean;
  /** The handle of a model that reads for facts; rules read when it is null. */
  readonly model: string | null;
  /** Whether what is relevant to a message is put before the model with it. */
  readonly recalls: boolean;
  /** Characters that this may take. */
  readonly recallCharsMax: number;
}

/** A stateful agent: who it is and how it is run. Its blocks, tools, tags and messages are kept beside it. */
export interface Agent extends Authorship {
  readonly id: AgentId;
  readonly name: string;
  readonly description: string | null;
  readonly agentType: AgentType;
  /** The prompt before memory is put into it. */
  readonly system: string;
  readonly toolRules: readonly ToolRule[];
  readonly llmConfig: LlmConfig;
  /** Handles of the models that are asked in this order where that one does not answer; null leaves it to the server. */
  readonly fallbackModels: readonly string[] | null;
  readonly embeddingConfig: EmbeddingConfig | null;
  readonly compactionSettings: CompactionSettings;
  readonly memorySettings: MemorySettings | null;
  readonly responseFormat: ResponseFormat | null;
  readonly metadata: JsonObject | null;
  readonly messageBufferAutoclear: boolean;
  readonly enableSleeptime: boolean | null;
  readonly timezone: string;
  readonly maxFilesOpen: number | null;
  readonly perFileViewWindowCharLimit: number | null;
  readonly hidden: boolean | null;
  readonly projectId: string | null;
  readonly templateId: string | null;
  readonly baseTemplateId: string | null;
  readonly deploymentId: string | null;
  readonly entityId: string | null;
  readonly lastRunCompletion: Instant | null;
  readonly lastRunDurationMs: number | null;
  readonly lastStopReason: StopReason | null;
}

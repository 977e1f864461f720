import type { Instant } from "../../core/clock.ts";
import type { AgentId, ConversationId, RunId, StepId } from "../../core/id.ts";
import type { BatchId } from "../batch.ts";
import type { IdentityType } from "../identity.ts";
import type { MessageRole } from "../message.ts";
import type { RunStatus, StopReason } from "../run.ts";

/** What a list of agents is narrowed to. Absent means any. */
export interface AgentFilter {
  readonly name?: string;
  readonly queryText?: string;
  readonly tags?: readonly string[];
  readonly matchAllTags?: boolean;
  /** Agents that have one of these at least, whatever `tags` says. */
  readonly someTags?: readonly string[];
  readonly projectId?: string;
  readonly templateId?: string;
  readonly baseTemplateId?: string;
  readonly lastStopReason?: StopReason;
  readonly createdById?: string;
  readonly showHidden?: boolean;
  readonly blockId?: string;
  readonly archiveId?: string;
  /** Agents that have this identity. */
  readonly identityId?: string;
  /** Agents that have an identity of one of these keys. */
  readonly identifierKeys?: readonly string[];
  readonly id?: string;
  /** Agents of any version of one of these templates. */
  readonly baseTemplateIds?: readonly string[];
  /** Agents of one of these versions of templates. */
  readonly templateIds?: readonly string[];
  /** Agents that were made of a template at that time. */
  readonly deploymentId?: string;
  /** Agents that fit each of these, too. */
  readonly every?: readonly AgentFilter[];
}

/** What agents can be sorted by. */
export type AgentOrder = "created_at" | "updated_at" | "last_run_completion";

/** What a list of tools is narrowed to. Absent means any. */
export interface ToolFilter {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly ids?: readonly string[];
  readonly search?: string;
  readonly toolTypes?: readonly string[];
  readonly excludeToolTypes?: readonly string[];
  readonly onlyLettaTools?: boolean;
}

/** What a list of identities is narrowed to. Absent means any. */
export interface IdentityFilter {
  /** Part of the name, whatever its case. */
  readonly name?: string;
  readonly projectId?: string;
  readonly identifierKey?: string;
  readonly identityType?: IdentityType;
}

/** What a list of messages is narrowed to. Absent means any; `conversationId` null means the default one. */
export interface MessageFilter {
  readonly agentId?: AgentId;
  /** Messages of the runs of a batch. */
  readonly batchId?: BatchId;
  readonly conversationId?: ConversationId | null;
  readonly runId?: RunId;
  readonly stepId?: StepId;
  readonly roles?: readonly MessageRole[];
  readonly includeErrors?: boolean;
  readonly groupId?: string;
  /** Whether to leave out what a run was told by another run, which is there already where it was said first. */
  readonly isOriginal?: boolean;
}

/** Which spoken messages to list. Absent means any; `conversationId` null means the agents' own conversations. */
export interface SpokenFilter {
  readonly agentId?: AgentId;
  readonly conversationId?: ConversationId | null;
  readonly roles?: readonly MessageRole[];
  readonly projectId?: string;
  readonly templateId?: string;
  readonly start?: Instant;
  readonly end?: Instant;
  /** A run whose own messages are left out: the one that asks. */
  readonly exceptRunId?: RunId;
}

/** What a list of conversations is narrowed to. Absent means any. */
export interface ConversationFilter {
  readonly agentId?: AgentId;
  readonly summarySearch?: string;
}

/** What conversations can be sorted by. */
export type ConversationOrder = "created_at" | "last_message_at";

/** A number that something of a run is compared with. */
export interface Compared {
  readonly operator: "eq" | "gt" | "lt" | "gte" | "lte";
  readonly value: number;
}

/** What a list of runs is narrowed to. Absent means any. */
export interface RunFilter {
  readonly id?: RunId;
  readonly agentIds?: readonly AgentId[];
  /** Null means the agents' own conversations. */
  readonly conversationId?: ConversationId | null;
  readonly statuses?: readonly RunStatus[];
  readonly background?: boolean;
  readonly stopReason?: StopReason;
  /** The run in which an agent asked for them. */
  readonly parentRunId?: RunId;
  /** The run that all began with, and which is none of them. */
  readonly rootRunId?: RunId;
  /** Runs of agents of this project. */
  readonly projectId?: string;
  /** Runs of agents that come of any version of this template. */
  readonly baseTemplateId?: string;
  readonly steps?: Compared;
  /** Runs in which one of these tools was called and answered, by their names. */
  readonly toolNames?: readonly string[];
  readonly durationNs?: Compared;
  /** Of the ended runs that fit otherwise, those slower than this many in a hundred. */
  readonly slowerThanPercent?: number;
  /** Made at these times or between them. */
  readonly start?: Instant;
  readonly end?: Instant;
}

/** What runs can be sorted by; those that have not ended come last by their duration. */
export type RunOrder = "created_at" | "duration";

/** What a list of steps is narrowed to. Absent means any. */
export interface StepFilter {
  readonly agentId?: AgentId;
  readonly runId?: RunId;
  /** Runs that no agent asked for: their steps, and those of all that came of them. */
  readonly rootRunIds?: readonly RunId[];
  readonly model?: string;
  readonly feedback?: "positive" | "negative";
  readonly hasFeedback?: boolean;
  /** Any of these. */
  readonly tags?: readonly string[];
  readonly projectId?: string;
  readonly start?: Instant;
  readonly end?: Instant;
}

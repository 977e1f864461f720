import type { Generated } from "kysely";
import type { AgentType } from "../../agent/agent.ts";
import type { GroupKind } from "../../agent/group.ts";
import type { IdentityType } from "../../agent/identity.ts";
import type { MessageRole } from "../../agent/message.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { RunStatus, Step, StopReason } from "../../agent/run.ts";
import type { Instant } from "../../core/clock.ts";
import type {
  AgentId,
  ArchiveId,
  BlockId,
  ConversationId,
  GroupId,
  IdentityId,
  MessageId,
  OrganizationId,
  PassageId,
  RunId,
  StepId,
  ToolId,
  UserId,
} from "../../core/id.ts";
import type { ToolType } from "../../tools/tool.ts";
import type { EntityId, EntityType } from "../../umi/facts/kept/entity.ts";
import type { FactId } from "../../umi/facts/kept/fact.ts";
import type { FactLink } from "../../umi/facts/kept/fact-link.ts";

/**
 * One interface per table, columns named as in SQL; both dialects share it. JSON is text, a truth value is 0 or 1,
 * an instant is epoch milliseconds with a fraction.
 */
export interface Tables {
  organizations: { id: OrganizationId; name: string; created_at: Instant };
  users: { id: UserId; organization_id: OrganizationId; name: string; created_at: Instant };
  agents: AgentRow;
  agent_tags: { agent_id: AgentId; tag: string };
  blocks: BlockRow;
  block_tags: { block_id: BlockId; tag: string };
  agent_blocks: { agent_id: AgentId; block_id: BlockId; label: string; position: number };
  tools: ToolRow;
  agent_tools: { agent_id: AgentId; tool_id: ToolId; position: number };
  identities: IdentityRow;
  agent_identities: { agent_id: AgentId; identity_id: IdentityId };
  block_identities: { block_id: BlockId; identity_id: IdentityId };
  messages: MessageRow;
  thread_messages: ThreadMessageRow;
  conversations: ConversationRow;
  runs: RunRow;
  run_callbacks: { run_id: RunId; organization_id: OrganizationId; attempts: number; due_at: Instant };
  steps: StepRow;
  provider_traces: ProviderTraceRow;
  run_events: { run_id: RunId; seq_id: number; data: string; frames_before: number | null };
  run_event_arrivals: Tables["run_events"] & { number: number };
  archives: ArchiveRow;
  agent_archives: { agent_id: AgentId; archive_id: ArchiveId; is_owner: number };
  passages: PassageRow;
  groups: GroupRow;
  group_agents: { group_id: GroupId; agent_id: AgentId; position: number };
  group_blocks: { group_id: GroupId; block_id: BlockId; position: number };
  passage_tags: { passage_id: PassageId; tag: string };
  umi_facts: FactRow;
  umi_fact_sources: SpaceKey & { fact_id: FactId; turn_id: string; position: number };
  umi_fact_parents: SpaceKey & { fact_id: FactId; parent_id: FactId; position: number };
  umi_fact_links: FactLinkRow;
  umi_entities: EntityRow;
  umi_mentions: MentionRow;
  umi_entity_merges: EntityMergeRow;
}

/** What every key of memory begins with. */
interface SpaceKey {
  organization_id: OrganizationId;
  space: string;
}

/** A row of `agents`. */
export interface AgentRow {
  id: AgentId;
  organization_id: OrganizationId;
  name: string;
  description: string | null;
  agent_type: AgentType;
  system: string;
  tool_rules: string;
  llm_config: string;
  embedding_config: string | null;
  compaction_settings: string;
  memory_settings: string | null;
  response_format: string | null;
  metadata: string | null;
  message_buffer_autoclear: number;
  enable_sleeptime: number | null;
  timezone: string;
  max_files_open: number | null;
  per_file_view_window_char_limit: number | null;
  hidden: number | null;
  project_id: string | null;
  template_id: string | null;
  base_template_id: string | null;
  deployment_id: string | null;
  entity_id: string | null;
  last_run_completion: Instant | null;
  last_run_duration_ms: number | null;
  last_stop_reason: StopReason | null;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** A row of `blocks`. */
export interface BlockRow {
  id: BlockId;
  organization_id: OrganizationId;
  label: string;
  value: string;
  char_limit: number;
  description: string | null;
  read_only: number;
  metadata: string;
  hidden: number | null;
  is_template: number;
  template_name: string | null;
  template_id: string | null;
  base_template_id: string | null;
  deployment_id: string | null;
  entity_id: string | null;
  project_id: string | null;
  preserve_on_migration: number;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
  version: number;
}

/** A row of `tools`. */
export interface ToolRow {
  id: ToolId;
  organization_id: OrganizationId;
  name: string;
  tool_type: ToolType;
  description: string | null;
  source_type: string | null;
  source_code: string | null;
  json_schema: string | null;
  args_json_schema: string | null;
  tags: string;
  return_char_limit: number;
  pip_requirements: string | null;
  npm_requirements: string | null;
  default_requires_approval: number | null;
  enable_parallel_execution: number;
  metadata: string;
  project_id: string | null;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** A row of `identities`. */
export interface IdentityRow {
  id: IdentityId;
  organization_id: OrganizationId;
  identifier_key: string;
  name: string;
  identity_type: IdentityType;
  project_id: string | null;
  properties: string;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/**
 * A row of `messages`. `is_spoken` says that it holds words of a user or the agent, which searches find; `search_text`
 * is not empty only until they are entries of the agent's memory; `tokens` is what it takes up in a context, null until somebody has counted.
 */
export interface MessageRow {
  sequence_id: number;
  id: MessageId;
  organization_id: OrganizationId;
  agent_id: AgentId;
  conversation_id: ConversationId | null;
  role: MessageRole;
  content: string;
  tool_calls: string | null;
  tool_returns: string | null;
  approvals: string | null;
  name: string | null;
  model: string | null;
  otid: string | null;
  sender_id: string | null;
  group_id: string | null;
  step_id: StepId | null;
  run_id: RunId | null;
  is_error: number | null;
  is_spoken: number;
  search_text: string;
  tokens: number | null;
  created_at: Instant;
}

/**
 * A row of `thread_messages`: a message's place in a conversation. A fork shares the messages that it took over;
 * `is_replaced` says that the message gave way here to the same one sent again, `is_refused` that a provider refused it
 * here: it has left the context, or stays there without what was refused.
 */
export interface ThreadMessageRow {
  thread_id: ThreadId;
  position: number;
  sequence_id: number;
  in_context: number;
  is_shared: number;
  is_replaced: Generated<number>;
  is_refused: Generated<number>;
}

/** A row of `conversations`. */
export interface ConversationRow {
  id: ConversationId;
  organization_id: OrganizationId;
  agent_id: AgentId;
  summary: string | null;
  isolated_block_ids: string;
  model: string | null;
  model_settings: string | null;
  last_message_at: Instant | null;
  created_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** A row of `runs`. */
export interface RunRow {
  id: RunId;
  organization_id: OrganizationId;
  user_id: UserId;
  agent_id: AgentId;
  conversation_id: ConversationId | null;
  status: RunStatus;
  stop_reason: StopReason | null;
  background: number;
  request_config: string | null;
  metadata: string;
  callback_url: string | null;
  created_at: Instant;
  completed_at: Instant | null;
  ttft_ns: number | null;
  total_duration_ns: number | null;
  callback_sent_at: Instant | null;
  callback_status_code: number | null;
  callback_error: string | null;
  approval_due_at: Instant | null;
  queued_input: string | null;
}

/** A row of `steps`. */
export interface StepRow {
  id: StepId;
  organization_id: OrganizationId;
  run_id: RunId;
  agent_id: AgentId;
  provider_name: string | null;
  provider_category: string | null;
  model: string | null;
  model_handle: string | null;
  model_endpoint: string | null;
  context_window_limit: number | null;
  usage: string | null;
  stop_reason: StopReason | null;
  status: Step["status"];
  error_type: string | null;
  error_data: string | null;
  feedback: "positive" | "negative" | null;
  tags: string;
  project_id: string | null;
  created_at: Instant;
  step_ns: number | null;
  llm_request_ns: number | null;
}

/** A row of `provider_traces`. */
export interface ProviderTraceRow {
  number: number;
  organization_id: OrganizationId;
  step_id: StepId;
  run_id: RunId;
  agent_id: AgentId;
  user_id: string;
  created_at: Instant;
  llm_config: string;
  request_json: string;
  response_json: string;
}

/** A row of `archives`. */
export interface ArchiveRow {
  id: ArchiveId;
  organization_id: OrganizationId;
  name: string;
  description: string | null;
  embedding_config: string | null;
  metadata: string | null;
  created_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** A row of `passages`. */
export interface PassageRow {
  id: PassageId;
  organization_id: OrganizationId;
  archive_id: ArchiveId;
  text: string;
  search_text: string;
  tags: string | null;
  metadata: string;
  created_by_id: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** A row of `groups`. */
export interface GroupRow {
  id: GroupId;
  organization_id: OrganizationId;
  manager_type: GroupKind;
  manager_agent_id: AgentId | null;
  description: string;
  termination_token: string | null;
  max_turns: number | null;
  sleeptime_agent_frequency: number | null;
  turns_counter: number | null;
  last_processed_message_id: MessageId | null;
  max_message_buffer_length: number | null;
  min_message_buffer_length: number | null;
  hidden: number | null;
  project_id: string | null;
  template_id: string | null;
  base_template_id: string | null;
  deployment_id: string | null;
  created_at: Instant;
}

/** A row of `umi_facts`. */
export interface FactRow extends SpaceKey {
  id: FactId;
  text: string;
  content_hash: string;
  subject_id: EntityId | null;
  relation: string;
  value: string;
  object_id: EntityId | null;
  is_denied: number;
  confidence: number;
  valid_from: Instant;
  /** Null in rows from before it was kept. */
  said_at: Instant | null;
  learned_at: Instant;
  event_time: Instant | null;
  valid_to: Instant | null;
  closed_at: Instant | null;
  closed_by: FactId | null;
}

/** A row of `umi_fact_links`. */
export interface FactLinkRow extends SpaceKey {
  earlier_id: FactId;
  later_id: FactId;
  kind: FactLink["kind"];
  reason: string;
  confidence: number;
  linked_at: Instant;
}

/** A row of `umi_entities`. */
export interface EntityRow extends SpaceKey {
  id: EntityId;
  type: EntityType;
  name: string;
  normalized_name: string;
  merged_into: EntityId | null;
  created_at: Instant;
}

/** A row of `umi_mentions`. */
export interface MentionRow extends SpaceKey {
  entity_id: EntityId;
  name: string;
  normalized_name: string;
  turn_id: string;
}

/** A row of `umi_entity_merges`. */
export interface EntityMergeRow extends SpaceKey {
  number: Generated<number>;
  kept_id: EntityId;
  absorbed_id: EntityId;
  reason: string;
  merged_at: Instant;
  undone_at: Instant | null;
}

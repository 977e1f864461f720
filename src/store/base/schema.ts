import type { Generated } from "kysely";

/**
 * One interface per table, columns named as in SQL; both dialects share it. JSON is text, a truth value is 0 or 1,
 * an instant is epoch milliseconds with a fraction.
 */
export interface Tables {
  organizations: { id: string; name: string; created_at: number };
  users: { id: string; organization_id: string; name: string; created_at: number };
  agents: AgentRow;
  agent_tags: { agent_id: string; tag: string };
  blocks: BlockRow;
  block_tags: { block_id: string; tag: string };
  agent_blocks: { agent_id: string; block_id: string; label: string; position: number };
  tools: ToolRow;
  agent_tools: { agent_id: string; tool_id: string; position: number };
  identities: IdentityRow;
  agent_identities: { agent_id: string; identity_id: string };
  block_identities: { block_id: string; identity_id: string };
  messages: MessageRow;
  thread_messages: ThreadMessageRow;
  conversations: ConversationRow;
  runs: RunRow;
  run_callbacks: { run_id: string; organization_id: string; attempts: number; due_at: number };
  steps: StepRow;
  provider_traces: ProviderTraceRow;
  run_events: { run_id: string; seq_id: number; data: string; frames_before: number | null };
  run_event_arrivals: {
    number: number;
    run_id: string;
    seq_id: number;
    data: string;
    frames_before: number | null;
  };
  archives: ArchiveRow;
  agent_archives: { agent_id: string; archive_id: string; is_owner: number };
  passages: PassageRow;
  groups: GroupRow;
  group_agents: { group_id: string; agent_id: string; position: number };
  group_blocks: { group_id: string; block_id: string; position: number };
  passage_tags: { passage_id: string; tag: string };
  umi_facts: FactRow;
  umi_fact_sources: SpaceKey & { fact_id: string; turn_id: string; position: number };
  umi_fact_parents: SpaceKey & { fact_id: string; parent_id: string; position: number };
  umi_fact_links: FactLinkRow;
  umi_entities: EntityRow;
  umi_mentions: MentionRow;
  umi_entity_merges: EntityMergeRow;
}

/** What every key of memory begins with. */
interface SpaceKey {
  organization_id: string;
  space: string;
}

/** A row of `agents`. */
export interface AgentRow {
  id: string;
  organization_id: string;
  name: string;
  description: string | null;
  agent_type: string;
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
  last_run_completion: number | null;
  last_run_duration_ms: number | null;
  last_stop_reason: string | null;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: number;
  updated_at: number;
}

/** A row of `blocks`. */
export interface BlockRow {
  id: string;
  organization_id: string;
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
  created_at: number;
  updated_at: number;
  version: number;
}

/** A row of `tools`. */
export interface ToolRow {
  id: string;
  organization_id: string;
  name: string;
  tool_type: string;
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
  created_at: number;
  updated_at: number;
}

/** A row of `identities`. */
export interface IdentityRow {
  id: string;
  organization_id: string;
  identifier_key: string;
  name: string;
  identity_type: string;
  project_id: string | null;
  properties: string;
  created_by_id: string | null;
  last_updated_by_id: string | null;
  created_at: number;
  updated_at: number;
}

/**
 * A row of `messages`. `is_spoken` says that it holds words of a user or the agent, which searches find; `search_text`
 * is not empty only until they are entries of the agent's memory; `tokens` is what it takes up in a context, null until somebody has counted.
 */
export interface MessageRow {
  sequence_id: number;
  id: string;
  organization_id: string;
  agent_id: string;
  conversation_id: string | null;
  role: string;
  content: string;
  tool_calls: string | null;
  tool_returns: string | null;
  approvals: string | null;
  name: string | null;
  model: string | null;
  otid: string | null;
  sender_id: string | null;
  group_id: string | null;
  step_id: string | null;
  run_id: string | null;
  is_error: number | null;
  is_spoken: number;
  search_text: string;
  tokens: number | null;
  created_at: number;
}

/**
 * A row of `thread_messages`: a message's place in a conversation. A fork shares the messages that it took over;
 * `is_replaced` says that the message gave way here to the same one sent again, `is_refused` that a provider refused it
 * here: it has left the context, or stays there without what was refused.
 */
export interface ThreadMessageRow {
  thread_id: string;
  position: number;
  sequence_id: number;
  in_context: number;
  is_shared: number;
  is_replaced: Generated<number>;
  is_refused: Generated<number>;
}

/** A row of `conversations`. */
export interface ConversationRow {
  id: string;
  organization_id: string;
  agent_id: string;
  summary: string | null;
  isolated_block_ids: string;
  model: string | null;
  model_settings: string | null;
  last_message_at: number | null;
  created_by_id: string | null;
  created_at: number;
  updated_at: number;
}

/** A row of `runs`. */
export interface RunRow {
  id: string;
  organization_id: string;
  user_id: string;
  agent_id: string;
  conversation_id: string | null;
  status: string;
  stop_reason: string | null;
  background: number;
  request_config: string | null;
  metadata: string;
  callback_url: string | null;
  created_at: number;
  completed_at: number | null;
  ttft_ns: number | null;
  total_duration_ns: number | null;
  callback_sent_at: number | null;
  callback_status_code: number | null;
  callback_error: string | null;
  approval_due_at: number | null;
  queued_input: string | null;
}

/** A row of `steps`. */
export interface StepRow {
  id: string;
  organization_id: string;
  run_id: string;
  agent_id: string;
  provider_name: string | null;
  provider_category: string | null;
  model: string | null;
  model_handle: string | null;
  model_endpoint: string | null;
  context_window_limit: number | null;
  usage: string | null;
  stop_reason: string | null;
  status: string;
  error_type: string | null;
  error_data: string | null;
  feedback: string | null;
  tags: string;
  project_id: string | null;
  created_at: number;
  step_ns: number | null;
  llm_request_ns: number | null;
}

/** A row of `provider_traces`. */
export interface ProviderTraceRow {
  number: number;
  organization_id: string;
  step_id: string;
  run_id: string;
  agent_id: string;
  user_id: string;
  created_at: number;
  llm_config: string;
  request_json: string;
  response_json: string;
}

/** A row of `archives`. */
export interface ArchiveRow {
  id: string;
  organization_id: string;
  name: string;
  description: string | null;
  embedding_config: string | null;
  metadata: string | null;
  created_by_id: string | null;
  created_at: number;
  updated_at: number;
}

/** A row of `passages`. */
export interface PassageRow {
  id: string;
  organization_id: string;
  archive_id: string;
  text: string;
  search_text: string;
  tags: string | null;
  metadata: string;
  created_by_id: string | null;
  created_at: number;
  updated_at: number;
}

/** A row of `groups`. */
export interface GroupRow {
  id: string;
  organization_id: string;
  manager_type: string;
  manager_agent_id: string | null;
  description: string;
  termination_token: string | null;
  max_turns: number | null;
  sleeptime_agent_frequency: number | null;
  turns_counter: number | null;
  last_processed_message_id: string | null;
  max_message_buffer_length: number | null;
  min_message_buffer_length: number | null;
  hidden: number | null;
  project_id: string | null;
  template_id: string | null;
  base_template_id: string | null;
  deployment_id: string | null;
  created_at: number;
}

/** A row of `umi_facts`. */
export interface FactRow extends SpaceKey {
  id: string;
  text: string;
  content_hash: string;
  subject_id: string | null;
  relation: string;
  value: string;
  object_id: string | null;
  is_denied: number;
  confidence: number;
  valid_from: number;
  /** Null in rows from before it was kept. */
  said_at: number | null;
  learned_at: number;
  event_time: number | null;
  valid_to: number | null;
  closed_at: number | null;
  closed_by: string | null;
}

/** A row of `umi_fact_links`. */
export interface FactLinkRow extends SpaceKey {
  earlier_id: string;
  later_id: string;
  kind: string;
  reason: string;
  confidence: number;
  linked_at: number;
}

/** A row of `umi_entities`. */
export interface EntityRow extends SpaceKey {
  id: string;
  type: string;
  name: string;
  normalized_name: string;
  merged_into: string | null;
  created_at: number;
}

/** A row of `umi_mentions`. */
export interface MentionRow extends SpaceKey {
  entity_id: string;
  name: string;
  normalized_name: string;
  turn_id: string;
}

/** A row of `umi_entity_merges`. */
export interface EntityMergeRow extends SpaceKey {
  number: Generated<number>;
  kept_id: string;
  absorbed_id: string;
  reason: string;
  merged_at: number;
  undone_at: number | null;
}

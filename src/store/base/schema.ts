import type { Generated } from "kysely";
import type { LimitId } from "../../access/limit.ts";
import type { BatchId } from "../../agent/batch.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { Instant } from "../../core/clock.ts";
import type {
  AgentId,
  ArchiveId,
  BlockId,
  FileId,
  FolderId,
  GroupId,
  IdentityId,
  KeyId,
  OrganizationId,
  PassageId,
  RunId,
  StepId,
  ToolId,
  UserId,
} from "../../core/id.ts";
import type { OwedWork } from "../../umi/backlog.ts";
import type { FactId } from "../../umi/facts/kept/fact.ts";
import type { Entry } from "../../umi/index/entry.ts";
import type { CODES, KEYS, MEMBERSHIPS, ORGANIZATIONS, SESSIONS, USERS } from "../access/tables.ts";
import type { AGENTS, BLOCK_VERSIONS, BLOCKS, CONVERSATIONS, GROUPS, IDENTITIES, TOOLS } from "../agents/tables.ts";
import type { AUDIT, WEBHOOKS } from "../changes/tables.ts";
import type { AGENT_FILES, FILE_PASSAGES, FOLDERS, STORED_FILES } from "../files/tables.ts";
import type { LIMITS } from "../limits/tables.ts";
import type { MCP_SERVERS, MCP_SIGN_INS, MCP_TOOLS } from "../mcp/tables.ts";
import type { ARCHIVES, ENTITIES, FACT_LINKS, FACTS, MENTIONS, MERGES, PASSAGES } from "../memory/tables.ts";
import type { MESSAGES } from "../messages/tables.ts";
import type { FOLDER_SOURCES, PLUGINS, SOURCE_ITEMS } from "../plugins/tables.ts";
import type { OWN_PROVIDERS } from "../providers/tables.ts";
import type { BATCHES, PROVIDER_TRACES, RUNS, SCHEDULES, STEPS } from "../runs/tables.ts";
import type { SANDBOX_CONFIGS, SECRETS } from "../secrets/tables.ts";
import type { DEPLOYMENTS, PROJECTS, TEMPLATE_VERSIONS, TEMPLATES } from "../templates/tables.ts";
import type { RowOf } from "./columns.ts";

/**
 * The columns of every table, named as in SQL; both dialects share it. Those of an entity come from its table, in the
 * rooms of this folder; what a row has besides stands here.
 */
export interface Tables {
  home: { place: string };
  organizations: RowOf<typeof ORGANIZATIONS>;
  users: RowOf<typeof USERS>;
  memberships: RowOf<typeof MEMBERSHIPS>;
  access_keys: RowOf<typeof KEYS>;
  sessions: RowOf<typeof SESSIONS>;
  sign_in_codes: RowOf<typeof CODES>;
  door: { closed_at: Instant };
  agents: RowOf<typeof AGENTS> & Owned;
  agent_tags: { agent_id: AgentId; tag: string };
  blocks: RowOf<typeof BLOCKS> & Owned;
  block_versions: RowOf<typeof BLOCK_VERSIONS>;
  block_tags: { block_id: BlockId; tag: string };
  agent_blocks: { agent_id: AgentId; block_id: BlockId; label: string; position: number };
  tools: RowOf<typeof TOOLS> & Owned;
  agent_tools: { agent_id: AgentId; tool_id: ToolId; position: number };
  identities: RowOf<typeof IDENTITIES>;
  agent_identities: { agent_id: AgentId; identity_id: IdentityId };
  block_identities: { block_id: BlockId; identity_id: IdentityId };
  messages: MessageRow;
  thread_messages: ThreadMessageRow;
  conversations: RowOf<typeof CONVERSATIONS> & Owned;
  runs: RunRow;
  run_callbacks: { run_id: RunId; organization_id: OrganizationId; attempts: number; due_at: Instant };
  batches: RowOf<typeof BATCHES> & Owned & BatchState;
  batch_requests: Owned & {
    batch_id: BatchId;
    position: number;
    agent_id: AgentId;
    run_id: RunId | null;
    input: string | null;
    options: string | null;
  };
  schedules: RowOf<typeof SCHEDULES> & Owned & { key_id: KeyId | null; look_at: Instant | null };
  steps: RowOf<typeof STEPS> & Owned & { manifest: string | null };
  texts: Owned & { owner: string; hash: string; text: string };
  text_uses: { agent_id: AgentId; hash: string };
  provider_traces: RowOf<typeof PROVIDER_TRACES> & Owned & { number: Generated<number> };
  run_events: { run_id: RunId; seq_id: number; data: string; frames_before: number | null };
  run_event_arrivals: Tables["run_events"] & { number: Generated<number> };
  changes: Owned & { number: number; at: Instant; data: string };
  webhooks: RowOf<typeof WEBHOOKS> & Owned & WebhookState;
  audit: RowOf<typeof AUDIT> & Owned;
  audit_anchors: Owned & { number: number; hash: string; cut_at: Instant };
  retention: Owned & { due_at: Instant; events_through: Instant; removed: string };
  secrets: RowOf<typeof SECRETS> & Owned & { key_id: string; sealed: string };
  sandbox_configs: RowOf<typeof SANDBOX_CONFIGS> & Owned;
  mcp_servers: RowOf<typeof MCP_SERVERS> & Owned;
  mcp_tools: RowOf<typeof MCP_TOOLS> & Owned;
  mcp_sign_ins: RowOf<typeof MCP_SIGN_INS> & Owned & { user_id: UserId };
  own_providers: RowOf<typeof OWN_PROVIDERS> & Owned & { listing: string | null };
  plugins: RowOf<typeof PLUGINS> & Owned & { code: string };
  folder_sources: RowOf<typeof FOLDER_SOURCES> & Owned;
  source_items: RowOf<typeof SOURCE_ITEMS> & Owned;
  step_notices: Owned & { number: Generated<number>; agent_id: AgentId; step_id: StepId };
  projects: RowOf<typeof PROJECTS> & Owned;
  templates: RowOf<typeof TEMPLATES> & Owned;
  template_versions: RowOf<typeof TEMPLATE_VERSIONS> & Owned & { file: string };
  deployments: RowOf<typeof DEPLOYMENTS> & Owned;
  archives: RowOf<typeof ARCHIVES> & Owned;
  agent_archives: { agent_id: AgentId; archive_id: ArchiveId; is_owner: number };
  passages: RowOf<typeof PASSAGES> & Owned & { search_text: string };
  groups: RowOf<typeof GROUPS> & Owned;
  group_agents: { group_id: GroupId; agent_id: AgentId; position: number };
  group_blocks: { group_id: GroupId; block_id: BlockId; position: number };
  folders: RowOf<typeof FOLDERS> & Owned;
  agent_folders: { agent_id: AgentId; folder_id: FolderId; position: number };
  files: RowOf<typeof STORED_FILES> & Owned;
  file_uploads: { file_id: FileId; number: number; data: Uint8Array };
  file_contents: { file_id: FileId; text: string };
  file_passages: RowOf<typeof FILE_PASSAGES> & Owned;
  agent_files: RowOf<typeof AGENT_FILES> & Owned;
  passage_tags: { passage_id: PassageId; tag: string };
  space_work: SpaceKey & OwedWork & { due_at: Instant | null; user_id: UserId };
  umi_spaces: Owned & { number: Generated<number>; name: string; read_through: number };
  umi_entries: Omit<Entry, "tags"> & { space_number: number; tags: string; terms: string };
  umi_facts: RowOf<typeof FACTS> & Owned;
  umi_fact_sources: SpaceKey & { fact_id: FactId; turn_id: string; position: number };
  umi_fact_parents: SpaceKey & { fact_id: FactId; parent_id: FactId; position: number };
  umi_fact_links: RowOf<typeof FACT_LINKS> & SpaceKey;
  umi_entities: RowOf<typeof ENTITIES> & Owned & { normalized_name: string };
  umi_mentions: RowOf<typeof MENTIONS> & SpaceKey & { normalized_name: string };
  limits: RowOf<typeof LIMITS> & Owned;
  spend: { limit_id: LimitId; window_start: Instant; settled: number; reserved: number };
  reservations: { call_id: string; limit_id: LimitId; window_start: Instant; amount: number };
  umi_entity_merges: RowOf<typeof MERGES> & SpaceKey & { number: Generated<number> };
}

interface Owned {
  organization_id: OrganizationId;
}

/** What of a webhook only its sender sees. */
interface WebhookState {
  user_id: UserId;
  secret: string;
  sent_through: number;
  attempts: number;
  due_at: Instant;
}

/** What of a batch only its workers see. */
interface BatchState {
  key_id: KeyId | null;
  callback_attempts: number;
  callback_due_at: Instant | null;
  look_at: Instant | null;
}

/** What every key of memory begins with. */
interface SpaceKey extends Owned {
  space: string;
}

/**
 * A row of `messages`. `is_spoken` says that it holds words of a user or the agent, which searches find; `search_text`
 * is not empty only until they are entries of the agent's memory; `tokens` is what it takes up in a context, null until somebody has counted.
 */
export type MessageRow = RowOf<typeof MESSAGES> &
  Owned & { sequence_id: Generated<number>; is_spoken: number; search_text: string; tokens: number | null };

/**
 * A row of `thread_messages`: a message's place in a conversation. A fork shares the messages that it took over;
 * `is_replaced` says that the message gave way here to the same one sent again, `is_refused` that a provider refused it
 * here: it has left the context, or stays there without what was refused. Since which message of the thread it has left it
 * so, or is shown so, `left_at` and `refused_at` tell; null where it does not.
 */
export interface ThreadMessageRow {
  thread_id: ThreadId;
  position: number;
  sequence_id: number;
  in_context: number;
  is_shared: number;
  is_replaced: Generated<number>;
  is_refused: Generated<number>;
  left_at: number | null;
  refused_at: number | null;
}

/**
 * A row of `runs`. `user_id` is on whose behalf it works, and `key_id` the key by which they came; `queued_input` what it
 * will begin with, and `begin_after` when at the soonest, null where nothing holds it up.
 */
export type RunRow = RowOf<typeof RUNS> &
  Owned & { user_id: UserId; key_id: KeyId | null; queued_input: string | null; begin_after: Instant | null };

import type { StagedTable } from "../staging.ts";

/** Where a V1 database says how far its schema has come, and the version that is known here. */
export const SCHEMA = { table: "alembic_version", column: "version_num", known: "1c28e167b74f" } as const;

/** Tables whose rows are taken, and how they are asked for. */
export const TAKEN: Readonly<Record<string, StagedTable>> = {
  organizations: { id: "id" },
  users: { id: "id" },
  tools: { id: "id" },
  sandbox_configs: { id: "id" },
  sandbox_environment_variables: { id: "id" },
  mcp_server: { id: "id" },
  providers: { id: "id" },
  mcp_tools: { parent: "mcp_server_id" },
  block: { id: "id" },
  blocks_tags: { parent: "block_id" },
  identities: { id: "id" },
  identities_agents: { parent: "agent_id" },
  identities_blocks: { parent: "identity_id" },
  archives: { id: "id" },
  archives_agents: { parent: "agent_id" },
  archival_passages: { id: "id", parent: "archive_id", order: "created_at" },
  sources: { id: "id" },
  sources_agents: { parent: "agent_id" },
  files: { id: "id", parent: "source_id" },
  file_contents: { parent: "file_id" },
  files_agents: { parent: "agent_id" },
  agents: { id: "id", order: "created_at" },
  agents_tags: { parent: "agent_id" },
  agent_environment_variables: { parent: "agent_id" },
  blocks_agents: { parent: "agent_id" },
  tools_agents: { parent: "agent_id" },
  conversations: { id: "id", parent: "agent_id", order: "created_at" },
  conversation_messages: { parent: "conversation_id", order: "position" },
  blocks_conversations: { parent: "conversation_id" },
  messages: { id: "id", parent: "agent_id", order: "sequence_id" },
  runs: { id: "id", parent: "agent_id", order: "created_at" },
  steps: { id: "id", parent: "agent_id", order: "created_at" },
  step_metrics: { id: "id" },
  groups: { id: "id" },
  groups_agents: { parent: "group_id" },
  groups_blocks: { parent: "group_id" },
};

/** Why rows of a table are left that belong to no organisation, where that is no fault. */
export const UNOWNED: Readonly<Record<string, string>> = {
  providers: "providers of the server itself are set by the environment (OPENAI_API_KEY and others)",
};

/** Tables whose rows are left as a whole, and why. */
export const LEFT: Readonly<Record<string, string>> = {
  alembic_version: "says how far V1's own schema had come",
  block_history: "versions of blocks begin anew here",
  passage_tags: "tags stand in the passages themselves",
  provider_models: "models are asked for at their providers",
  provider_traces: "raw requests and answers of models are not kept",
  provider_trace_metadata: "raw requests and answers of models are not kept",
  run_metrics: "figures of a run stand in the run itself",
  source_passages: "passages of files are made anew from their texts",
  jobs: "records of finished work that nothing here shows",
  job_messages: "records of finished work that nothing here shows",
  llm_batch_job: "batches of an earlier server cannot go on",
  llm_batch_items: "batches of an earlier server cannot go on",
  mcp_oauth: "sign-ins at MCP servers are made anew",
  prompts: "nothing of V1 that is open uses them",
};

/** The tables of the first version. `%AUTO%` is the dialect's own counter, `%KEYED%` ends a table stored by its key. */
export const FIRST = `
create table organizations (id text primary key, name text not null, created_at double precision not null);
create table users (
  id text primary key, organization_id text not null references organizations (id),
  name text not null, created_at double precision not null
);
create table agents (
  id text primary key, organization_id text not null references organizations (id),
  name text not null, description text, agent_type text not null, system text not null,
  tool_rules text not null, llm_config text not null, embedding_config text, compaction_settings text not null,
  response_format text, metadata text, message_buffer_autoclear integer not null, enable_sleeptime integer,
  timezone text not null, max_files_open integer, per_file_view_window_char_limit integer, hidden integer,
  project_id text, template_id text, base_template_id text, deployment_id text, entity_id text,
  last_run_completion double precision, last_run_duration_ms double precision, last_stop_reason text,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create index agents_by_creation on agents (organization_id, created_at, id);
create index agents_by_update on agents (organization_id, updated_at, id);
create index agents_by_name on agents (organization_id, name);
create table agent_tags (
  agent_id text not null references agents (id) on delete cascade, tag text not null, primary key (agent_id, tag)
) %KEYED%;
create index agent_tags_by_tag on agent_tags (tag, agent_id);
create table blocks (
  id text primary key, organization_id text not null references organizations (id),
  label text not null, value text not null, char_limit integer not null, description text, read_only integer not null,
  metadata text not null, hidden integer, is_template integer not null, template_name text, template_id text,
  base_template_id text, deployment_id text, entity_id text, project_id text, preserve_on_migration integer not null,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null, version integer not null
);
create index blocks_by_creation on blocks (organization_id, created_at, id);
create index blocks_by_label on blocks (organization_id, label);
create table block_tags (
  block_id text not null references blocks (id) on delete cascade, tag text not null, primary key (block_id, tag)
) %KEYED%;
create table agent_blocks (
  agent_id text not null references agents (id) on delete cascade,
  block_id text not null references blocks (id) on delete cascade,
  label text not null, position integer not null, primary key (agent_id, block_id), unique (agent_id, label)
) %KEYED%;
create index agent_blocks_by_block on agent_blocks (block_id);
create table tools (
  id text primary key, organization_id text not null references organizations (id),
  name text not null, tool_type text not null, description text, source_type text, source_code text,
  json_schema text, args_json_schema text, tags text not null, return_char_limit integer not null,
  pip_requirements text, npm_requirements text, default_requires_approval integer,
  enable_parallel_execution integer not null, metadata text not null, project_id text,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null, unique (organization_id, name)
);
create index tools_by_change on tools (id, updated_at, organization_id);
create index tools_by_creation on tools (organization_id, created_at, id);
create table agent_tools (
  agent_id text not null references agents (id) on delete cascade,
  tool_id text not null references tools (id) on delete cascade,
  position integer not null, primary key (agent_id, tool_id)
) %KEYED%;
create index agent_tools_by_tool on agent_tools (tool_id);
create table identities (
  id text primary key, organization_id text not null references organizations (id),
  identifier_key text not null, name text not null, identity_type text not null, project_id text,
  properties text not null, created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create index identities_by_creation on identities (organization_id, created_at, id);
create unique index identities_by_key on identities (organization_id, identifier_key, coalesce(project_id, ''));
create table agent_identities (
  agent_id text not null references agents (id) on delete cascade,
  identity_id text not null references identities (id) on delete cascade,
  primary key (agent_id, identity_id)
) %KEYED%;
create index agent_identities_by_identity on agent_identities (identity_id);
create table block_identities (
  block_id text not null references blocks (id) on delete cascade,
  identity_id text not null references identities (id) on delete cascade,
  primary key (block_id, identity_id)
) %KEYED%;
create index block_identities_by_identity on block_identities (identity_id);
create table messages (
  sequence_id %AUTO%, id text not null unique, organization_id text not null references organizations (id),
  agent_id text not null references agents (id) on delete cascade, conversation_id text, role text not null,
  content text not null, tool_calls text, tool_returns text, approvals text, name text, model text, otid text,
  sender_id text, group_id text, step_id text, run_id text, is_error integer,
  search_text text not null, tokens integer, created_at double precision not null
);
create index messages_by_agent on messages (agent_id, sequence_id);
create index messages_by_otid on messages (agent_id, otid) where otid is not null;
create index messages_by_run on messages (run_id) where run_id is not null;
create index messages_by_conversation on messages (conversation_id, sequence_id) where conversation_id is not null;
create table thread_messages (
  thread_id text not null, position bigint not null,
  sequence_id bigint not null, in_context integer not null, is_shared integer not null, primary key (thread_id, position)
) %KEYED%;
create index thread_messages_in_context on thread_messages (thread_id, position, sequence_id) where in_context = 1;
create index thread_messages_shared on thread_messages (sequence_id) where is_shared = 1;
create table conversations (
  id text primary key, organization_id text not null references organizations (id),
  agent_id text not null references agents (id) on delete cascade, summary text, isolated_block_ids text not null,
  model text, model_settings text, last_message_at double precision, created_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create index conversations_by_agent on conversations (agent_id, created_at, id);
create index conversations_by_creation on conversations (organization_id, created_at, id);
create table runs (
  id text primary key, organization_id text not null references organizations (id),
  agent_id text not null references agents (id) on delete cascade, conversation_id text, status text not null,
  stop_reason text, background integer not null, request_config text, metadata text not null, callback_url text,
  created_at double precision not null, completed_at double precision,
  ttft_ns double precision, total_duration_ns double precision,
  callback_sent_at double precision, callback_status_code integer, callback_error text
);
create index runs_by_creation on runs (organization_id, created_at, id);
create index runs_by_agent on runs (agent_id, created_at, id);
create index runs_unfinished on runs (agent_id) where status in ('created', 'running');
create table run_callbacks (
  run_id text primary key references runs (id) on delete cascade, organization_id text not null,
  attempts integer not null, due_at double precision not null
) %KEYED%;
create index run_callbacks_by_time on run_callbacks (due_at);
create table steps (
  id text primary key, organization_id text not null references organizations (id), run_id text not null,
  agent_id text not null references agents (id) on delete cascade, provider_name text, provider_category text,
  model text, model_handle text, model_endpoint text, context_window_limit integer, usage text, stop_reason text,
  status text not null, error_type text, error_data text, feedback text, tags text not null, project_id text,
  created_at double precision not null, step_ns double precision, llm_request_ns double precision
);
create index steps_by_creation on steps (organization_id, created_at, id);
create index steps_by_run on steps (run_id, created_at, id);
create index steps_by_agent on steps (agent_id, created_at, id);
create table provider_traces (
  number %AUTO%, organization_id text not null references organizations (id), step_id text not null unique,
  run_id text not null, agent_id text not null references agents (id) on delete cascade, user_id text not null,
  created_at double precision not null, llm_config text not null, request_json text not null, response_json text not null
);
create index provider_traces_by_age on provider_traces (organization_id, number);
create table run_events (
  run_id text not null references runs (id) on delete cascade, seq_id integer not null, data text not null,
  primary key (run_id, seq_id)
) %KEYED%;
create table archives (
  id text primary key, organization_id text not null references organizations (id), name text not null,
  description text, embedding_config text, metadata text, created_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create table agent_archives (
  agent_id text primary key references agents (id) on delete cascade,
  archive_id text not null references archives (id) on delete cascade, is_owner integer not null
);
create index agent_archives_by_archive on agent_archives (archive_id);
create table passages (
  id text primary key, organization_id text not null references organizations (id),
  archive_id text not null references archives (id) on delete cascade, text text not null, search_text text not null,
  tags text, metadata text not null, created_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create index passages_by_creation on passages (archive_id, created_at, id);
create table passage_tags (
  passage_id text not null references passages (id) on delete cascade, tag text not null, primary key (passage_id, tag)
) %KEYED%
`;

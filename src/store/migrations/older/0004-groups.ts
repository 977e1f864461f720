/** Agents that work together, and runs that wait to begin: `queued_input` is what such a run will begin with. */
export const GROUPS = `
create table groups (
  id text primary key, organization_id text not null references organizations (id),
  manager_type text not null, manager_agent_id text references agents (id) on delete cascade, description text not null,
  termination_token text, max_turns integer, sleeptime_agent_frequency integer, turns_counter integer,
  last_processed_message_id text, max_message_buffer_length integer, min_message_buffer_length integer, hidden integer,
  project_id text, template_id text, base_template_id text, deployment_id text, created_at double precision not null
);
create index groups_by_creation on groups (organization_id, created_at, id);
create index groups_by_manager on groups (manager_agent_id) where manager_agent_id is not null;
create table group_agents (
  group_id text not null references groups (id) on delete cascade,
  agent_id text not null references agents (id) on delete cascade,
  position integer not null, primary key (group_id, agent_id)
) %KEYED%;
create index group_agents_by_agent on group_agents (agent_id);
create table group_blocks (
  group_id text not null references groups (id) on delete cascade,
  block_id text not null references blocks (id) on delete cascade,
  position integer not null, primary key (group_id, block_id)
) %KEYED%;
create index group_blocks_by_block on group_blocks (block_id);
create index messages_by_group on messages (group_id, sequence_id) where group_id is not null;
alter table runs add column queued_input text;
create index runs_queued on runs (created_at) where status = 'created'
`;

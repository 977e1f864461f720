/**
 * Steps of which hooks are still to be told, and folders that are filled by a plugin: how far that came, and which document
 * became which file.
 */
export const HOOKS_AND_SOURCES = `
create table step_notices (
  number %AUTO%, organization_id text not null references organizations (id) on delete cascade,
  agent_id text not null references agents (id) on delete cascade, step_id text not null
);
create index step_notices_by_agent on step_notices (agent_id, number);
create table folder_sources (
  folder_id text primary key references folders (id) on delete cascade,
  organization_id text not null references organizations (id) on delete cascade,
  plugin_id text not null references plugins (id) on delete cascade, removes_vanished integer not null,
  phase text not null, round integer not null, next_page text, pages integer not null,
  listed integer not null, stored integer not null, removed integer not null, failed integer not null,
  error text, started_at double precision, completed_at double precision
);
create index folder_sources_by_plugin on folder_sources (plugin_id);
create table source_items (
  folder_id text not null references folder_sources (folder_id) on delete cascade,
  organization_id text not null references organizations (id) on delete cascade,
  item_id text not null, name text not null, media_type text, version text not null, round integer not null,
  is_wanted integer not null, file_id text, error text,
  primary key (folder_id, item_id)
);
create index source_items_wanted on source_items (folder_id, item_id) where is_wanted = 1
`;

/**
 * Folders and their files. What came stands in `file_uploads` until its text was read, in pieces, and its text in
 * `file_contents` from then on. `file_passages` are the stretches that searches find: entries of the folder's space. A
 * file of an attached folder has a row in `agent_files` for each agent, whether it is open or not.
 */
export const FILES = `
create table folders (
  id text primary key, organization_id text not null references organizations (id), name text not null,
  description text, instructions text, metadata text, embedding_config text, created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index folders_by_name on folders (organization_id, name);
create index folders_by_creation on folders (organization_id, created_at, id);
create table agent_folders (
  agent_id text not null references agents (id) on delete cascade,
  folder_id text not null references folders (id) on delete cascade, position integer not null,
  primary key (agent_id, folder_id)
) %KEYED%;
create index agent_folders_by_folder on agent_folders (folder_id);
create table files (
  id text primary key, organization_id text not null references organizations (id),
  folder_id text not null references folders (id) on delete cascade, file_name text not null,
  original_file_name text not null, media_type text not null, size integer not null, status text not null,
  error_message text, total_chunks integer, chunks_embedded integer, tries integer not null,
  passages_through integer, created_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index files_by_name on files (folder_id, file_name);
create index files_by_original on files (folder_id, original_file_name);
create index files_by_creation on files (folder_id, created_at, id);
create index files_at_work on files (folder_id, created_at) where status in ('parsing', 'embedding');
create table file_uploads (
  file_id text not null references files (id) on delete cascade, number integer not null, data %BYTES% not null,
  primary key (file_id, number)
);
create table file_contents (file_id text primary key references files (id) on delete cascade, text text not null);
create table file_passages (
  id text primary key, organization_id text not null references organizations (id),
  file_id text not null references files (id) on delete cascade, folder_id text not null, position integer not null,
  text text not null, created_at double precision not null
);
create index file_passages_by_file on file_passages (file_id, position);
create index file_passages_by_creation on file_passages (folder_id, created_at, id);
create table agent_files (
  id text primary key, organization_id text not null references organizations (id),
  agent_id text not null references agents (id) on delete cascade,
  file_id text not null references files (id) on delete cascade, folder_id text not null, is_open integer not null,
  visible_content text, start_line integer, end_line integer,
  last_accessed_at double precision not null, created_at double precision not null
);
create unique index agent_files_by_agent on agent_files (agent_id, file_id);
create index agent_files_by_file on agent_files (file_id)
`;

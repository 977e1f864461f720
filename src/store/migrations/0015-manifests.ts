/**
 * What each step showed its model, and what blocks held before.
 *
 * Of a step that is the column `manifest`; the long texts that it names are kept once in `texts`: those of one thread are
 * its own and go with it, prompts of agents and lists of tools belong to nobody (the owner is empty) and go with the last
 * agent that `text_uses` names.
 * `blocks_shown` tells of a compiled system message which versions of blocks it shows. `left_at` and `refused_at` tell
 * since which message of its thread another one is left out of the context, or shown without what was refused.
 */
export const MANIFESTS = `
create table block_versions (
  block_id text not null references blocks (id) on delete cascade, version integer not null,
  label text not null, value text not null, char_limit integer not null, description text,
  restored_version integer, user_id text, key_id text, run_id text, step_id text,
  created_at double precision not null, primary key (block_id, version)
) %KEYED%;
insert into block_versions (block_id, version, label, value, char_limit, description, user_id, created_at)
  select id, version, label, value, char_limit, description, last_updated_by_id, updated_at from blocks;
create table texts (
  organization_id text not null references organizations (id) on delete cascade,
  owner text not null, hash text not null, text text not null, primary key (organization_id, owner, hash)
) %KEYED%;
create table text_uses (
  agent_id text not null references agents (id) on delete cascade, hash text not null, primary key (agent_id, hash)
) %KEYED%;
create index text_uses_by_hash on text_uses (hash);
alter table steps add column manifest text;
alter table messages add column blocks_shown text;
alter table thread_messages add column left_at bigint;
alter table thread_messages add column refused_at bigint;
update thread_messages set left_at = 0 where in_context = 0 and (is_replaced = 1 or is_refused = 1);
update thread_messages set refused_at = 0 where in_context = 1 and is_refused = 1
`;

/**
 * Whether and how an agent learns from its conversations and recalls what it learnt; and which messages were spoken.
 * `search_text` is only left of messages that are not entries of their agent's memory yet.
 */
export const MEMORY_SETTINGS = `
alter table agents add column memory_settings text;
alter table umi_spaces add column read_through integer not null default -1;
alter table messages add column is_spoken integer not null default 0;
update messages set is_spoken = 1 where search_text <> '';
create index messages_unremembered on messages (agent_id, sequence_id) where search_text <> '';
insert into space_work (organization_id, space, kind, revision, attempts, due_at)
  select organization_id, agent_id, 'index', 1, 0, 0 from messages where search_text <> '' group by organization_id, agent_id
`;

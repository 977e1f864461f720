/**
 * What memory knows: facts with when they held and when they were learned, where they come from, how they stand to each
 * other, and the entities that they are about. Every key begins with organisation and space.
 */
export const MEMORY_FACTS = `
create table umi_facts (
  organization_id text not null references organizations (id), space text not null, id text not null unique,
  text text not null, content_hash text not null, subject_id text, relation text not null, value text not null,
  object_id text, is_denied integer not null, confidence double precision not null, valid_from double precision not null,
  learned_at double precision not null, event_time double precision, valid_to double precision,
  closed_at double precision, closed_by text, primary key (organization_id, space, id)
) %KEYED%;
create index umi_facts_by_time on umi_facts (organization_id, space, learned_at, id);
create index umi_facts_by_hash on umi_facts (organization_id, space, content_hash);
create index umi_facts_by_subject on umi_facts (organization_id, space, subject_id) where subject_id is not null;
create index umi_facts_by_object on umi_facts (organization_id, space, object_id) where object_id is not null;
create index umi_facts_by_closer on umi_facts (organization_id, space, closed_by) where closed_by is not null;
create table umi_fact_sources (
  organization_id text not null, space text not null, fact_id text not null, turn_id text not null,
  position integer not null, primary key (organization_id, space, fact_id, turn_id)
) %KEYED%;
create index umi_fact_sources_by_turn on umi_fact_sources (organization_id, space, turn_id);
create table umi_fact_parents (
  organization_id text not null, space text not null, fact_id text not null, parent_id text not null,
  position integer not null, primary key (organization_id, space, fact_id, parent_id)
) %KEYED%;
create index umi_fact_parents_by_parent on umi_fact_parents (organization_id, space, parent_id);
create table umi_fact_links (
  organization_id text not null, space text not null, earlier_id text not null, later_id text not null,
  kind text not null, reason text not null, confidence double precision not null, linked_at double precision not null,
  primary key (organization_id, space, earlier_id, later_id)
) %KEYED%;
create index umi_fact_links_by_later on umi_fact_links (organization_id, space, later_id);
create index umi_fact_links_uncertain on umi_fact_links (organization_id, space, later_id, earlier_id)
  where kind = 'uncertain';
create table umi_entities (
  organization_id text not null references organizations (id), space text not null, id text not null unique,
  type text not null, name text not null, normalized_name text not null, merged_into text,
  created_at double precision not null, primary key (organization_id, space, id)
) %KEYED%;
create index umi_entities_by_name on umi_entities (organization_id, space, normalized_name);
create index umi_entities_merged on umi_entities (organization_id, space, merged_into) where merged_into is not null;
create table umi_mentions (
  organization_id text not null, space text not null, entity_id text not null, name text not null,
  normalized_name text not null, turn_id text not null, primary key (organization_id, space, entity_id, turn_id, name)
) %KEYED%;
create index umi_mentions_by_name on umi_mentions (organization_id, space, normalized_name);
create index umi_mentions_by_turn on umi_mentions (organization_id, space, turn_id);
create table umi_entity_merges (
  number %AUTO%, organization_id text not null, space text not null, kept_id text not null, absorbed_id text not null,
  reason text not null, merged_at double precision not null, undone_at double precision
);
create index umi_entity_merges_by_kept on umi_entity_merges (organization_id, space, kept_id);
create index umi_entity_merges_by_absorbed on umi_entity_merges (organization_id, space, absorbed_id)
`;

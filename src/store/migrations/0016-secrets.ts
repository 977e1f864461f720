/**
 * What only tools and connections are given, and the settings of sandboxes. A secret belongs to what `owner_id` names, be
 * it an agent or anything else that has secrets, and is sealed by the key `key_id` for its organisation, owner and name.
 */
export const SECRETS = `
create table secrets (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  owner_id text not null, name text not null, description text, key_id text not null, sealed text not null,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index secrets_by_owner on secrets (owner_id, name);
create index secrets_by_organization on secrets (organization_id);
create index secrets_by_key on secrets (key_id, id);
create table sandbox_configs (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  type text not null, config text not null, created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index sandbox_configs_by_type on sandbox_configs (organization_id, type)
`;

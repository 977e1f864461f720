/**
 * Providers that an organisation has keys of its own for, and what they offered when they were last asked. Their keys are
 * in `secrets`.
 */
export const OWN_PROVIDERS = `
create table own_providers (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  name text not null, type text not null, base_url text, region text, api_version text,
  revision integer not null, listing text, synced_at double precision,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index own_providers_by_name on own_providers (organization_id, name)
`;

/** What an organisation has added to the server. The code is TypeScript as it was written, or WebAssembly in base64. */
export const PLUGINS = `
create table plugins (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  name text not null, kind text not null, language text not null, manifest text not null, grants text not null,
  is_enabled integer not null, hash text not null, code text not null,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index plugins_by_name on plugins (organization_id, name)
`;

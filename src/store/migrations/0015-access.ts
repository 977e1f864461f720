/**
 * Who people are, what they may, and the keys and sessions that show it. Everybody who was there before could do
 * everything, and still can. What narrows a membership or a key is JSON, null where it does not. `door` has a row once
 * there was something to show: from then on nobody comes in without.
 */
export const ACCESS = `
alter table organizations add column settings text;
alter table organizations add column tools_digest text;
create index organizations_by_creation on organizations (created_at, id);
alter table users add column kind text not null default 'person';
alter table users add column email text;
alter table users add column password_hash text;
alter table users add column subject text;
alter table users add column disabled_at double precision;
create unique index users_by_email on users (email) where email is not null;
create unique index users_by_subject on users (subject) where subject is not null;
create index users_by_creation on users (created_at, id);
create index users_by_organization on users (organization_id);
create table memberships (
  organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, role text not null,
  scopes text, agents text, models text, identity_id text, created_at double precision not null,
  primary key (organization_id, user_id)
) %KEYED%;
create index memberships_by_user on memberships (user_id, created_at);
insert into memberships (organization_id, user_id, role, created_at)
  select organization_id, id, 'owner', created_at from users;
create table access_keys (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, name text not null, prefix text not null,
  secret_hash text not null unique, replaced_hash text, replaced_until double precision,
  scopes text, agents text, models text, identity_id text, origin text, metadata text not null,
  expires_at double precision, last_used_at double precision, last_used_ip text, revoked_at double precision,
  created_by_id text, created_at double precision not null
);
create unique index access_keys_by_replaced on access_keys (replaced_hash) where replaced_hash is not null;
create index access_keys_by_origin on access_keys (origin) where origin is not null;
create index access_keys_by_end on access_keys (expires_at) where origin is not null;
create index access_keys_by_creation on access_keys (organization_id, created_at, id);
create index access_keys_by_user on access_keys (user_id, created_at, id);
create table sessions (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  key_id text references access_keys (id) on delete cascade, root_digest text, token_hash text not null unique,
  created_at double precision not null, last_used_at double precision not null, expires_at double precision not null,
  ip text, agent text
);
create index sessions_by_creation on sessions (organization_id, created_at, id);
create index sessions_by_user on sessions (user_id, created_at, id);
create index sessions_by_key on sessions (key_id) where key_id is not null;
create index sessions_by_end on sessions (expires_at);
create table sign_in_codes (
  code_hash text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, expires_at double precision not null
) %KEYED%;
create index sign_in_codes_by_organization on sign_in_codes (organization_id);
create index sign_in_codes_by_user on sign_in_codes (user_id);
create index sign_in_codes_by_end on sign_in_codes (expires_at);
create table door (closed_at double precision not null);
alter table runs add column key_id text
`;

/**
 * Who people are, what they may, and the keys and sessions that show it. Everybody who was there before could do
 * everything, and still can. What narrows a membership or a key is JSON, null where it does not.
 */
export const ACCESS = `
alter table organizations add column settings text;
alter table users add column kind text not null default 'person';
alter table users add column email text;
alter table users add column password_hash text;
alter table users add column subject text;
alter table users add column disabled_at double precision;
create unique index users_by_email on users (email) where email is not null;
create unique index users_by_subject on users (subject) where subject is not null;
create index users_by_creation on users (organization_id, created_at, id);
create table memberships (
  organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, role text not null,
  scopes text, agents text, models text, identity_id text, created_at double precision not null,
  primary key (organization_id, user_id)
) %KEYED%;
create index memberships_by_user on memberships (user_id);
insert into memberships (organization_id, user_id, role, created_at)
  select organization_id, id, 'owner', created_at from users;
create table access_keys (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, name text not null, prefix text not null,
  secret_hash text not null unique, replaced_hash text, replaced_until double precision,
  scopes text, agents text, models text, identity_id text, metadata text not null,
  expires_at double precision, last_used_at double precision, last_used_ip text, revoked_at double precision,
  created_by_id text, created_at double precision not null
);
create unique index access_keys_by_replaced on access_keys (replaced_hash) where replaced_hash is not null;
create index access_keys_by_creation on access_keys (organization_id, created_at, id);
create index access_keys_by_user on access_keys (user_id);
create table sessions (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade, token_hash text not null unique,
  created_at double precision not null, last_used_at double precision not null, expires_at double precision not null,
  ip text, agent text
);
create index sessions_by_user on sessions (user_id);
create table sign_in_codes (
  code_hash text primary key, user_id text not null references users (id) on delete cascade,
  expires_at double precision not null
) %KEYED%;
alter table runs add column key_id text
`;

/**
 * What happened, for whoever listens, and who did it, for whoever checks. A row of `changes` holds those of one
 * transaction, under the number of its last. `audit_anchors` says where an organisation's log of actions begins since its
 * head was cut: entries beyond it cannot be deleted, and none can be changed.
 */
export const CHANGES = `
create table changes (
  organization_id text not null references organizations (id) on delete cascade, number bigint not null,
  at double precision not null, data text not null,
  primary key (organization_id, number)
) %KEYED%;
create table webhooks (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null, url text not null, kinds text not null, is_enabled integer not null, secret text not null,
  sent_through bigint not null, attempts integer not null, due_at double precision not null, parked_at double precision,
  missed integer not null, last_sent_at double precision, last_status integer, last_error text,
  created_at double precision not null, updated_at double precision not null
);
create index webhooks_by_creation on webhooks (organization_id, created_at, id);
create index webhooks_by_time on webhooks (due_at) where is_enabled = 1 and parked_at is null;
create table audit (
  organization_id text not null, number bigint not null, at double precision not null,
  actor_kind text not null, actor_id text not null, key_id text, action text not null, resource_kind text not null,
  resource_id text, outcome text not null, request_id text, address text, change text not null,
  previous_hash text not null, hash text not null,
  primary key (organization_id, number)
) %KEYED%;
create table audit_anchors (
  organization_id text primary key, number bigint not null, hash text not null, cut_at double precision not null
) %KEYED%;
%GUARD_AUDIT_CHANGES%;
%GUARD_AUDIT_REMOVALS%;
create table retention (
  organization_id text primary key references organizations (id) on delete cascade, due_at double precision not null,
  events_through double precision not null, removed text not null
) %KEYED%
`;

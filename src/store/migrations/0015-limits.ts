/**
 * What may be spent, and what is. Subjects are named by their ids alone, so that a limit outlives nobody and holds up
 * nobody's deletion. Amounts are whole numbers: of money, billionths of a dollar. A reservation is one call of a model
 * that has not been settled; whoever takes its rows away books it, and nobody can twice. `begin_after` is when a run that
 * waits may begin.
 */
export const LIMITS = `
create table limits (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  name text not null, subject_kind text not null, subject_id text not null, kind text not null, period text not null,
  amount double precision not null, allows_unpriced integer not null,
  created_at double precision not null, updated_at double precision not null
);
create unique index limits_by_subject on limits (organization_id, subject_kind, subject_id, kind, period);
create index limits_by_creation on limits (organization_id, created_at, id);
create table spend (
  limit_id text not null references limits (id) on delete cascade, window_start double precision not null,
  settled double precision not null, reserved double precision not null, primary key (limit_id, window_start)
) %KEYED%;
create index spend_reserved on spend (limit_id) where reserved <> 0;
create table reservations (
  call_id text not null, limit_id text not null references limits (id) on delete cascade,
  window_start double precision not null, amount double precision not null, primary key (call_id, limit_id)
) %KEYED%;
create index reservations_by_limit on reservations (limit_id);
alter table runs add column begin_after double precision
`;

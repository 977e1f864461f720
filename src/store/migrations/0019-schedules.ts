/**
 * Messages that are sent to an agent later. `next_due_at` is the due time that is still to be worked on, `look_at` when
 * somebody looks: no sooner than that, and null where nothing is due any more.
 */
export const SCHEDULES = `
create table schedules (
  id text primary key, agent_id text not null references agents (id) on delete cascade,
  organization_id text not null references organizations (id) on delete cascade,
  user_id text not null, key_id text,
  cron text, scheduled_at double precision, timezone text not null,
  missed_policy text not null, grace_seconds double precision not null,
  input text not null, options text not null, callback_url text,
  next_due_at double precision, look_at double precision,
  last_due_at double precision, last_run_id text,
  missed_count integer not null, last_missed_at double precision,
  stopped_why text, created_at double precision not null
);
create index schedules_by_agent on schedules (agent_id, created_at, id);
create index schedules_to_look_at on schedules (look_at, id) where look_at is not null
`;

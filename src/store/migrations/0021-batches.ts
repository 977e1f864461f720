/**
 * Batches of requests to agents. `look_at` is when somebody looks what can go on, null once the batch is over; the input of a
 * request is kept until it is a run, which has it then.
 */
export const BATCHES = `
create table batches (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null, key_id text, status text not null, size integer not null,
  callback_url text, callback_sent_at double precision, callback_status_code integer, callback_error text,
  callback_attempts integer not null, callback_due_at double precision,
  look_at double precision, created_at double precision not null, completed_at double precision
);
create index batches_by_organization on batches (organization_id, created_at, id);
create index batches_to_look_at on batches (look_at, id) where look_at is not null;
create index batches_to_call_back on batches (callback_due_at, id) where callback_due_at is not null;
create table batch_requests (
  batch_id text not null references batches (id) on delete cascade, position integer not null,
  organization_id text not null references organizations (id) on delete cascade,
  agent_id text not null references agents (id) on delete cascade,
  run_id text, input text, options text,
  primary key (batch_id, position)
);
create index batch_requests_by_agent on batch_requests (agent_id);
create index batch_requests_waiting on batch_requests (batch_id, position) where run_id is null
`;

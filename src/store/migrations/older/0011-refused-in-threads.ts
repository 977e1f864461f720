/**
 * What a provider refused in which thread. The index tells a context without a look at the table, so it knows of the
 * refusals too.
 */
export const REFUSED_IN_THREADS = `
alter table thread_messages add column is_refused integer not null default 0;
drop index thread_messages_in_context;
create index thread_messages_in_context on thread_messages (thread_id, position, sequence_id, is_refused)
  where in_context = 1;
create index thread_messages_refused on thread_messages (sequence_id, thread_id) where is_refused = 1
`;

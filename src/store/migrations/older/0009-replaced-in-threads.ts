/**
 * In which thread a message gave way to the same one sent again; before, that was kept of the message alone. What a
 * thread still has in its context has not given way there, so the message is none that is gone.
 */
export const REPLACED_IN_THREADS = `
alter table thread_messages add column is_replaced integer not null default 0;
update thread_messages set is_replaced = 1
  where in_context = 0 and sequence_id in (select sequence_id from messages where is_error = 1);
update messages set is_error = null
  where is_error = 1 and sequence_id in (select sequence_id from thread_messages where in_context = 1);
create index thread_messages_replaced on thread_messages (sequence_id, thread_id) where is_replaced = 1
`;

/**
 * What spaces of memories still need; without a time it is due, the work waits for the next start. The first of it is to
 * index the passages that are there.
 */
export const EMBEDDINGS = `
create table space_work (
  organization_id text not null references organizations (id) on delete cascade, space text not null,
  kind text not null, revision integer not null, attempts integer not null, error text, due_at double precision,
  primary key (organization_id, space, kind)
) %KEYED%;
create index space_work_due on space_work (due_at) where due_at is not null;
insert into space_work (organization_id, space, kind, revision, attempts, due_at)
  select organization_id, archive_id, 'index', 1, 0, 0 from passages group by organization_id, archive_id
`;

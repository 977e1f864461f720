/** What spaces of memories still need (without a time it is due it waits for the next start), and passages' vectors. */
export const EMBEDDINGS = `
create table space_work (
  organization_id text not null references organizations (id) on delete cascade, space text not null,
  kind text not null, revision integer not null, attempts integer not null, error text, due_at double precision,
  primary key (organization_id, space, kind)
) %KEYED%;
create index space_work_due on space_work (due_at) where due_at is not null;
create table passage_vectors (
  passage_id text primary key references passages (id) on delete cascade, model text not null, vector %BLOB%
) %KEYED%
`;

/**
 * What is remembered, and what finds it. A space gets a number, so that its organisation and name stand in one row
 * only. `epoch` changes when entries or vectors go, `vectors_epoch` with every change of vectors: what was read before is stale
 * then. Rows of a kilobyte or more stand in tables with row ids: without them SQLite would spill each to a page of its
 * own. A vector that is null says that the model has none for the entry. Entries from `indexed_through` on are not in
 * `umi_postings` and `umi_columns` yet.
 */
export const MEMORY_INDEX = `
create table umi_spaces (
  number %AUTO%, organization_id text not null references organizations (id), name text not null,
  next_number integer not null, indexed_through integer not null, epoch double precision not null,
  vector_model text, vector_dimension integer, vectors_epoch double precision not null,
  unique (organization_id, name)
);
create table umi_entries (
  space_number integer not null references umi_spaces (number) on delete cascade, number integer not null,
  id text not null, session text not null, speaker text not null, role text not null, at double precision not null,
  tags text not null, terms text not null, text text not null, primary key (space_number, number)
);
create unique index umi_entries_by_id on umi_entries (space_number, id);
create table umi_columns (
  space_number integer not null references umi_spaces (number) on delete cascade, first_number integer not null,
  data %BYTES% not null, primary key (space_number, first_number)
);
create table umi_postings (
  space_number integer not null references umi_spaces (number) on delete cascade, term text not null,
  first_number integer not null, last_number integer not null, total integer not null, data %BYTES% not null,
  primary key (space_number, term, first_number)
) %KEYED%;
create table umi_vectors (
  space_number integer not null, number integer not null, vector %BYTES%,
  primary key (space_number, number),
  foreign key (space_number, number) references umi_entries (space_number, number) on delete cascade
);
create table umi_vector_codes (
  space_number integer not null references umi_spaces (number) on delete cascade, chunk integer not null,
  changed_at double precision not null, data %BYTES% not null, primary key (space_number, chunk)
)
`;

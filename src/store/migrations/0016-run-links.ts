/** Runs that an agent asked for in a run of its own. Few runs are such, and both indexes hold those alone. */
export const RUN_LINKS = `
alter table runs add column parent_run_id text;
alter table runs add column root_run_id text;
alter table runs add column depth integer not null default 0;
create index runs_by_parent on runs (parent_run_id) where parent_run_id is not null;
create index runs_by_root on runs (root_run_id, created_at) where root_run_id is not null
`;

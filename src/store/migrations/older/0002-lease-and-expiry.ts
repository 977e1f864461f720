/** Who may write: the server whose fencing token this is. And when requests for approval are denied. */
export const LEASE_AND_EXPIRY = `
create table lease (fencing_token bigint not null);
insert into lease (fencing_token) values (0);
alter table runs add column approval_due_at double precision;
create index runs_expiring on runs (approval_due_at) where approval_due_at is not null
`;

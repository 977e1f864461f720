/**
 * On whose behalf a run works and who owes a space its work, so that after a restart both go on as that user. Before,
 * every organisation had one user: its first.
 */
export const ACTORS = `
alter table runs add column user_id text not null default '';
update runs set user_id = coalesce(
  (select id from users where users.organization_id = runs.organization_id order by created_at, id limit 1), '');
alter table space_work add column user_id text not null default '';
update space_work set user_id = coalesce(
  (select id from users where users.organization_id = space_work.organization_id order by created_at, id limit 1), '')
`;

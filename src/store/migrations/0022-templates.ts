/**
 * Projects by which things are sorted, agents to be made again and again with the versions of each, and what was made of
 * one at a time. What is deployed is not bound to its template: it lives on when that is gone.
 */
export const TEMPLATES = `
create table projects (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  name text not null, slug text not null, created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index projects_by_slug on projects (organization_id, slug);
create table templates (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  project_id text not null, name text not null, description text, latest_number integer not null,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index templates_by_name on templates (organization_id, project_id, name);
create table template_versions (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  template_id text not null references templates (id) on delete cascade,
  number integer not null, message text, file text not null, created_by_id text,
  created_at double precision not null
);
create unique index template_versions_by_number on template_versions (template_id, number);
create table deployments (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  template_id text not null, version_id text not null, variables text not null,
  created_at double precision not null
);
create index deployments_by_template on deployments (template_id, created_at, id);
create index agents_by_deployment on agents (deployment_id) where deployment_id is not null;
create index blocks_by_deployment on blocks (deployment_id) where deployment_id is not null;
create index groups_by_deployment on groups (deployment_id) where deployment_id is not null;
create index agents_by_template on agents (base_template_id) where base_template_id is not null
`;

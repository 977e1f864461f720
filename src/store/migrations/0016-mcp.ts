/**
 * Servers that speak the Model Context Protocol, which of an organisation's tools are theirs, and who signed in where. What
 * is secret of them is in `secrets`. A redirect is known by the hash of its state, whoever it is for.
 */
export const MCP = `
create table mcp_servers (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  name text not null, transport text not null, url text, command text, args text,
  created_by_id text, last_updated_by_id text,
  created_at double precision not null, updated_at double precision not null
);
create unique index mcp_servers_by_name on mcp_servers (organization_id, name);
create table mcp_tools (
  tool_id text primary key references tools (id) on delete cascade,
  server_id text not null references mcp_servers (id) on delete cascade,
  organization_id text not null, remote_name text not null, definition_hash text not null
);
create index mcp_tools_by_server on mcp_tools (server_id);
create table mcp_sign_ins (
  id text primary key, organization_id text not null references organizations (id) on delete cascade,
  user_id text not null, url text not null, state_hash text, status text not null, error text,
  due_at double precision not null, created_at double precision not null, updated_at double precision not null
);
create unique index mcp_sign_ins_by_url on mcp_sign_ins (organization_id, url);
create unique index mcp_sign_ins_by_state on mcp_sign_ins (state_hash)
`;

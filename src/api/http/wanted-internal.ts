import type { Scope } from "../../access/role.ts";

/** Routes that V1 has for its own pages and its hosted product, by what they want. */
export const WANTED_INTERNALLY: readonly (readonly [wanted: Scope, routes: string])[] = [
  [
    "agents:read",
    `
    GET /v1/_internal_agents/count
    GET /v1/_internal_blocks
    GET /v1/_internal_blocks/:block_id/agents
    GET /v1/_internal_templates/deployment/:deployment_id
    GET /v1/projects
    GET /v1/metadata/status
    GET /v1/templates
    GET /v1/templates/:project_id/:template_version/snapshot
    GET /v1/templates/:project_id/:name/versions
    POST /v1/agents/search
    GET /v1/agents/search/count
    GET /v1/agents/:agent_id/core-memory/variables`,
  ],
  [
    "agents:write",
    `
    POST /v1/_internal_templates/groups
    POST /v1/_internal_templates/agents
    POST /v1/projects
    DELETE /v1/projects/:project_id
    POST /v1/templates
    POST /v1/templates/:project_id
    PATCH /v1/templates/:template_name
    DELETE /v1/templates/:template_name
    DELETE /v1/templates/:project_id/:template_name
    POST /v1/templates/:template_name/save
    POST /v1/templates/:project_id/:template_name
    POST /v1/templates/:template_name/rollback
    POST /v1/templates/:project_id/:template_name/rollback
    POST /v1/templates/:template_version/agents
    POST /v1/templates/:project_id/:template_version/agents
    PUT /v1/templates/:project_id/:template_version/snapshot
    POST /v1/templates/:project_id/:template_version/fork
    PUT /v1/templates/:project_id/:template_name/agent-file
    PATCH /v1/templates/:project_id/:template_name/name
    PATCH /v1/templates/:project_id/:template_name/description
    POST /v1/templates/:project_id/:template_name/deployments/:deployment_id/migrate`,
  ],
  [
    "runs:read",
    `
    GET /v1/_internal_runs`,
  ],
  [
    "memory:write",
    `
    PATCH /v1/_internal_agents/:agent_id/core-memory/blocks/:block_label
    POST /v1/_internal_blocks
    POST /v1/_internal_templates/blocks
    POST /v1/_internal_templates/blocks/batch`,
  ],
  [
    "memory:forget",
    `
    DELETE /v1/_internal_blocks/:block_id
    DELETE /v1/_internal_templates/deployment/:deployment_id`,
  ],
];

import type { Scope } from "../../access/role.ts";

/** Routes that V1 has for its own pages and its hosted product, by what they want. */
export const WANTED_INTERNALLY: readonly (readonly [wanted: Scope, routes: string])[] = [
  [
    "agents:read",
    `
    GET /v1/_internal_agents/count
    GET /v1/_internal_blocks
    GET /v1/_internal_blocks/:block_id/agents`,
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
    POST /v1/_internal_blocks`,
  ],
  [
    "memory:forget",
    `
    DELETE /v1/_internal_blocks/:block_id`,
  ],
];

import type { Scope } from "../../access/role.ts";
import { WANTED_INTERNALLY } from "./wanted-internal.ts";

/** What a route wants of whoever asks: a scope, some known caller (`known`), or nothing (`open`). */
export type Wanted = Scope | "known" | "open";

/**
 * Routes by what they want, for readers: whoever adds a route names its action here. What is wanted is asked by the use
 * cases themselves; `test/access/routes.test.ts` sees whether they do.
 */
const BY_ACTION: readonly (readonly [wanted: Wanted, routes: string])[] = [
  [
    "open",
    `
    GET /v1/health
    GET /v1/ready
    GET /
    GET /docs
    GET /openapi.json
    POST /v1/sessions
    GET /favicon.svg
    GET /favicon.ico
    GET /v1/sessions/oidc/start
    GET /v1/sessions/oidc/callback
    GET /v1/tools/mcp/oauth/callback`,
  ],
  // Letta answers that messages cannot be changed and that voice is gone, and says nothing of them.
  [
    "known",
    `
    PATCH /v1/agents/:agent_id/messages/:message_id
    PATCH /v1/groups/:group_id/messages/:message_id
    GET /v1/me
    GET /v1/metadata/user
    POST /v1/auth
    POST /v1/voice-beta/:agent_id/chat/completions
    POST /v1/tools/generate-schema`,
  ],
  [
    "audit:read",
    `
    GET /v1/audit`,
  ],
  [
    "access:read",
    `
    GET /v1/limits
    GET /v1/limits/spend
    GET /v1/limits/:limit_id
    GET /v1/webhooks
    GET /v1/webhooks/:webhook_id
    GET /v1/retention
    GET /v1/users
    GET /v1/users/:user_id
    GET /v1/organizations/:organization_id/members
    GET /v1/admin/users`,
  ],
  [
    "access:write",
    `
    POST /v1/limits
    POST /v1/identities/:identity_id/erase
    PATCH /v1/limits/:limit_id
    DELETE /v1/limits/:limit_id
    POST /v1/webhooks
    PATCH /v1/webhooks/:webhook_id
    DELETE /v1/webhooks/:webhook_id
    PATCH /v1/retention
    POST /v1/users
    PATCH /v1/users/:user_id
    DELETE /v1/users/:user_id
    POST /v1/users/:user_id/sign-in-codes
    PUT /v1/organizations/:organization_id/members/:user_id
    DELETE /v1/organizations/:organization_id/members/:user_id
    POST /v1/admin/users
    PUT /v1/admin/users
    DELETE /v1/admin/users`,
  ],
  [
    "server:admin",
    `
    GET /v1/secrets
    POST /v1/secrets/rotate
    POST /v1/organizations
    PATCH /v1/organizations/:organization_id
    DELETE /v1/organizations/:organization_id
    POST /v1/admin/orgs
    PATCH /v1/admin/orgs
    DELETE /v1/admin/orgs`,
  ],
  [
    "agents:read",
    `
    GET /v1/changes
    GET /v1/organizations
    GET /v1/organizations/:organization_id
    GET /v1/admin/orgs
    GET /v1/agents/:agent_id/messages
    GET /v1/agents/:agent_id/schedule
    GET /v1/agents/:agent_id/schedule/:scheduled_message_id
    GET /v1/messages
    GET /v1/messages/:message_id
    POST /v1/messages/search
    POST /v1/agents/messages/search
    POST /v1/_internal_search/cache-warm
    GET /v1/conversations
    GET /v1/conversations/:conversation_id
    GET /v1/conversations/:conversation_id/messages
    GET /v1/models
    GET /v1/models/embedding
    GET /v1/models/embeddings
    GET /v1/embeddings/total_storage_size
    GET /v1/agents
    GET /v1/agents/count
    GET /v1/agents/:agent_id
    GET /v1/agents/:agent_id/core-memory
    GET /v1/agents/:agent_id/core-memory/blocks
    GET /v1/agents/:agent_id/core-memory/blocks/:block_label
    GET /v1/agents/:agent_id/tools
    GET /v1/agents/:agent_id/groups
    GET /v1/agents/:agent_id/folders
    GET /v1/agents/:agent_id/sources
    GET /v1/agents/:agent_id/files
    GET /v1/agents/:agent_id/export
    POST /v1/agents/:agent_id/export
    GET /v1/groups
    GET /v1/groups/count
    GET /v1/groups/:group_id
    GET /v1/groups/:group_id/messages
    GET /v1/blocks
    GET /v1/blocks/count
    GET /v1/blocks/:block_id
    GET /v1/blocks/:block_id/versions
    GET /v1/blocks/:block_id/agents
    GET /v1/identities
    GET /v1/identities/count
    GET /v1/identities/:identity_id
    GET /v1/identities/:identity_id/agents
    GET /v1/identities/:identity_id/blocks
    GET /v1/tools
    GET /v1/tools/count
    POST /v1/tools/search
    GET /v1/tools/:tool_id
    GET /v1/mcp-servers
    GET /v1/mcp-servers/:mcp_server_id
    GET /v1/mcp-servers/:mcp_server_id/tools
    GET /v1/mcp-servers/:mcp_server_id/tools/:tool_id
    GET /v1/tools/mcp/servers
    GET /v1/plugins
    GET /v1/plugins/:plugin_id
    GET /v1/tags
    GET /v1/providers
    GET /v1/providers/:provider_id
    GET /v1/sandbox-config
    GET /v1/sandbox-config/:sandbox_config_id/environment-variable
    GET /v1/agents/:agent_id/context`,
  ],
  [
    "agents:talk",
    `
    POST /v1/agents/:agent_id/messages
    POST /v1/agents/:agent_id/messages/stream
    POST /v1/agents/:agent_id/messages/async
    POST /v1/agents/:agent_id/messages/preview-raw-payload
    POST /v1/agents/:agent_id/schedule
    POST /v1/messages/batches
    DELETE /v1/agents/:agent_id/schedule/:scheduled_message_id
    POST /v1/conversations
    POST /v1/conversations/:conversation_id/messages
    POST /v1/conversations/:conversation_id/messages/preview-raw-payload
    POST /v1/conversations/:conversation_id/fork
    POST /v1/conversations/:conversation_id/compact
    POST /v1/agents/:agent_id/summarize
    POST /v1/agents/:agent_id/messages/capture
    POST /v1/groups/:group_id/messages
    POST /v1/groups/:group_id/messages/stream
    POST /v1/chat/completions
    POST /v1/agents/:agent_id/chat/completions
    POST /v1/agents/:agent_id/generate
    PATCH /v1/steps/:step_id/feedback
    PATCH /v1/steps/:step_id/transaction/:transaction_id`,
  ],
  [
    "agents:write",
    `
    POST /v1/agents
    POST /v1/agents/import
    PATCH /v1/agents/:agent_id
    DELETE /v1/agents/:agent_id
    POST /v1/agents/:agent_id/recompile
    POST /v1/agents/:agent_id/system-prompt/recompile
    PATCH /v1/agents/:agent_id/reset-messages
    PATCH /v1/agents/:agent_id/core-memory/blocks/attach/:block_id
    PATCH /v1/agents/:agent_id/core-memory/blocks/detach/:block_id
    PATCH /v1/agents/:agent_id/tools/attach/:tool_id
    PATCH /v1/agents/:agent_id/tools/detach/:tool_id
    PATCH /v1/agents/:agent_id/tools/approval/:tool_name
    PATCH /v1/agents/:agent_id/archives/attach/:archive_id
    PATCH /v1/agents/:agent_id/folders/attach/:folder_id
    PATCH /v1/agents/:agent_id/sources/attach/:source_id
    PATCH /v1/agents/:agent_id/folders/detach/:folder_id
    PATCH /v1/agents/:agent_id/sources/detach/:source_id
    PATCH /v1/agents/:agent_id/files/close-all
    PATCH /v1/agents/:agent_id/files/:file_id/open
    PATCH /v1/agents/:agent_id/files/:file_id/close
    PATCH /v1/agents/:agent_id/archives/detach/:archive_id
    PATCH /v1/agents/:agent_id/identities/attach/:identity_id
    PATCH /v1/agents/:agent_id/identities/detach/:identity_id
    PATCH /v1/blocks/:block_id/identities/attach/:identity_id
    PATCH /v1/blocks/:block_id/identities/detach/:identity_id
    POST /v1/groups
    PATCH /v1/groups/:group_id
    DELETE /v1/groups/:group_id
    PATCH /v1/groups/:group_id/reset-messages
    PATCH /v1/groups/:group_id/blocks/attach/:block_id
    PATCH /v1/groups/:group_id/blocks/detach/:block_id
    POST /v1/identities
    PUT /v1/identities
    PATCH /v1/identities/:identity_id
    PUT /v1/identities/:identity_id/properties
    DELETE /v1/identities/:identity_id
    PATCH /v1/conversations/:conversation_id
    DELETE /v1/conversations/:conversation_id
    POST /v1/conversations/:conversation_id/recompile
    DELETE /v1/runs/:run_id
    DELETE /v1/jobs/:job_id`,
  ],
  [
    "memory:read",
    `
    GET /v1/agents/:agent_id/archival-memory
    GET /v1/agents/:agent_id/archival-memory/search
    GET /v1/archives
    GET /v1/archives/:archive_id
    GET /v1/archives/:archive_id/agents
    GET /v1/folders
    GET /v1/sources
    GET /v1/folders/count
    GET /v1/sources/count
    GET /v1/folders/metadata
    GET /v1/sources/metadata
    GET /v1/folders/name/:folder_name
    GET /v1/sources/name/:source_name
    GET /v1/folders/:folder_id
    GET /v1/sources/:source_id
    GET /v1/folders/:folder_id/files
    GET /v1/sources/:source_id/files
    GET /v1/folders/:folder_id/files/:file_id
    GET /v1/sources/:source_id/files/:file_id
    GET /v1/folders/:folder_id/passages
    GET /v1/sources/:source_id/passages
    GET /v1/folders/:folder_id/agents
    GET /v1/sources/:source_id/agents
    POST /v1/passages/search
    POST /v1/agents/:agent_id/memory/recall
    GET /v1/agents/:agent_id/memory/items/:item_id
    GET /v1/agents/:agent_id/memory/items/:item_id/history
    GET /v1/agents/:agent_id/memory/facts
    GET /v1/agents/:agent_id/memory/entities
    GET /v1/agents/:agent_id/memory/entities/:entity_id
    GET /v1/agents/:agent_id/memory/relations
    POST /v1/memory/recall
    GET /v1/memory/items/:item_id
    GET /v1/memory/items/:item_id/history
    GET /v1/memory/facts
    GET /v1/memory/entities
    GET /v1/memory/entities/:entity_id
    GET /v1/memory/relations
    GET /v1/plugins/:plugin_id/syncs`,
  ],
  [
    "memory:write",
    `
    PATCH /v1/agents/:agent_id/core-memory/blocks/:block_label
    POST /v1/blocks
    PATCH /v1/blocks/:block_id
    POST /v1/blocks/:block_id/undo
    POST /v1/archives
    POST /v1/folders
    POST /v1/sources
    PATCH /v1/folders/:folder_id
    PATCH /v1/sources/:source_id
    POST /v1/folders/:folder_id/upload
    POST /v1/plugins/:plugin_id/sync
    POST /v1/sources/:source_id/upload
    PATCH /v1/archives/:archive_id
    POST /v1/archives/:archive_id/passages
    POST /v1/archives/:archive_id/passages/batch
    POST /v1/agents/:agent_id/archival-memory
    POST /v1/agents/:agent_id/memory/remember
    POST /v1/agents/:agent_id/memory/entities/:entity_id/merge
    POST /v1/agents/:agent_id/memory/entities/:entity_id/unmerge
    POST /v1/memory/remember
    POST /v1/memory/entities/:entity_id/merge
    POST /v1/memory/entities/:entity_id/unmerge`,
  ],
  [
    "memory:forget",
    `
    DELETE /v1/blocks/:block_id
    DELETE /v1/archives/:archive_id
    DELETE /v1/folders/:folder_id
    DELETE /v1/sources/:source_id
    DELETE /v1/folders/:folder_id/:file_id
    DELETE /v1/sources/:source_id/:file_id
    DELETE /v1/archives/:archive_id/passages/:passage_id
    DELETE /v1/agents/:agent_id/archival-memory/:memory_id
    DELETE /v1/agents/:agent_id/memory/items/:item_id
    DELETE /v1/memory/items/:item_id`,
  ],
  [
    "runs:read",
    `
    POST /v1/runs/:run_id/stream
    POST /v1/conversations/:conversation_id/stream
    GET /v1/jobs
    GET /v1/messages/batches
    GET /v1/messages/batches/:batch_id
    GET /v1/messages/batches/:batch_id/messages
    GET /v1/jobs/active
    GET /v1/jobs/:job_id
    GET /v1/telemetry/:step_id
    GET /v1/runs
    GET /v1/runs/active
    GET /v1/runs/:run_id
    GET /v1/runs/:run_id/messages
    GET /v1/runs/:run_id/usage
    GET /v1/runs/:run_id/steps
    GET /v1/runs/:run_id/metrics
    GET /v1/runs/:run_id/trace
    GET /v1/steps
    GET /v1/steps/:step_id
    GET /v1/steps/:step_id/metrics
    GET /v1/steps/:step_id/context
    GET /v1/steps/:step_id/context/diff
    GET /v1/steps/:step_id/trace
    GET /v1/steps/:step_id/messages`,
  ],
  [
    "runs:cancel",
    `
    POST /v1/agents/:agent_id/messages/cancel
    POST /v1/conversations/:conversation_id/cancel
    PATCH /v1/messages/batches/:batch_id/cancel
    PATCH /v1/jobs/:job_id/cancel`,
  ],
  // Somebody else's keys take a scope of their own.
  [
    "keys:own",
    `
    GET /v1/keys
    POST /v1/keys
    GET /v1/keys/:key_id
    GET /v1/sessions
    DELETE /v1/sessions/:session_id
    GET /v1/client-side-access-tokens
    POST /v1/client-side-access-tokens
    DELETE /v1/client-side-access-tokens/:token
    POST /v1/keys/:key_id/rotate
    DELETE /v1/keys/:key_id`,
  ],
  [
    "metrics:read",
    `
    GET /v1/usage`,
  ],
  [
    "providers:write",
    `
    POST /v1/providers
    POST /v1/providers/check
    PATCH /v1/providers/:provider_id
    DELETE /v1/providers/:provider_id
    PATCH /v1/providers/:provider_id/refresh
    POST /v1/providers/:provider_id/check`,
  ],
  [
    "tools:write",
    `
    POST /v1/sandbox-config
    POST /v1/sandbox-config/local
    POST /v1/sandbox-config/local/default
    POST /v1/sandbox-config/e2b/default
    POST /v1/sandbox-config/local/recreate-venv
    PATCH /v1/sandbox-config/:sandbox_config_id
    DELETE /v1/sandbox-config/:sandbox_config_id
    POST /v1/sandbox-config/:sandbox_config_id/environment-variable
    PATCH /v1/sandbox-config/environment-variable/:variable_id
    DELETE /v1/sandbox-config/environment-variable/:variable_id
    GET /v1/mcp-servers/connect/:mcp_server_id
    POST /v1/mcp-servers
    PATCH /v1/mcp-servers/:mcp_server_id
    DELETE /v1/mcp-servers/:mcp_server_id
    POST /v1/mcp-servers/:mcp_server_id/tools/:tool_id/run
    PATCH /v1/mcp-servers/:mcp_server_id/refresh
    PUT /v1/tools/mcp/servers
    POST /v1/tools/mcp/servers/test
    POST /v1/tools/mcp/servers/connect
    PATCH /v1/tools/mcp/servers/:mcp_server_name
    DELETE /v1/tools/mcp/servers/:mcp_server_name
    GET /v1/tools/mcp/servers/:mcp_server_name/tools
    POST /v1/tools/mcp/servers/:mcp_server_name/resync
    POST /v1/tools/mcp/servers/:mcp_server_name/:mcp_tool_name
    POST /v1/tools/mcp/servers/:mcp_server_name/tools/:tool_name/execute
    POST /v1/tools/run
    POST /v1/tools/generate-tool
    POST /v1/agents/:agent_id/tools/:tool_name/run
    POST /v1/tools/add-base-tools
    POST /v1/plugins
    PATCH /v1/plugins/:plugin_id
    DELETE /v1/plugins/:plugin_id
    POST /v1/tools
    PUT /v1/tools
    PATCH /v1/tools/:tool_id
    DELETE /v1/tools/:tool_id`,
  ],
];

/** What each route wants, by its method and path. */
export const WANTED: ReadonlyMap<string, Wanted> = new Map(
  [...BY_ACTION, ...WANTED_INTERNALLY].flatMap(([wanted, routes]) =>
    routes
      .trim()
      .split(/\s*\n\s*/)
      .map((route) => [route, wanted] as const),
  ),
);

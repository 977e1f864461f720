import type { SandboxConfig, Secret } from "../../../agent/ports/secrets.ts";
import { HIDDEN_VALUE } from "../../../agent/secrets/owned-secrets.ts";
import type { OrganizationId } from "../../../core/id.ts";
import type { JsonObject } from "../../../core/json.ts";
import { isoTime } from "../time.ts";

/** A secret of an agent as clients see it: never what it holds. */
export function toWireAgentSecret(secret: Secret): JsonObject {
  return { ...toWireSecret(secret), agent_id: secret.ownerId };
}

/** A variable of a sandbox as clients see it: never what it holds. */
export function toWireSandboxVariable(secret: Secret): JsonObject {
  return { ...toWireSecret(secret), sandbox_config_id: secret.ownerId };
}

/** Settings of a sandbox as clients see them. */
export function toWireSandbox(sandbox: SandboxConfig, organizationId: OrganizationId): JsonObject {
  return {
    ...authorship(sandbox),
    id: sandbox.id,
    type: sandbox.type,
    organization_id: organizationId,
    config: sandbox.config,
  };
}

function toWireSecret(secret: Secret): JsonObject {
  const { id, name, description } = secret;
  return { ...authorship(secret), id, key: name, value: HIDDEN_VALUE, description, value_enc: null };
}

function authorship({ createdById, lastUpdatedById, createdAt, updatedAt }: Secret | SandboxConfig): JsonObject {
  return {
    created_by_id: createdById,
    last_updated_by_id: lastUpdatedById,
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
  };
}

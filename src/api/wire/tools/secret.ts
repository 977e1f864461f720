import { z } from "zod";
import type { SandboxConfig, Secret } from "../../../agent/ports/secrets.ts";
import { SANDBOX_TYPES } from "../../../agent/ports/secrets.ts";
import { HIDDEN_VALUE } from "../../../agent/secrets/owned-secrets.ts";
import type { OrganizationId } from "../../../core/id.ts";
import { answer, jsonObject, time } from "../answers/answer.ts";
import { isoTime } from "../time.ts";

const authors = {
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
};

const WireSecret = answer("Secret", {
  ...authors,
  id: z.string(),
  key: z.string(),
  value: z.literal("********"),
  description: z.string().nullable(),
  value_enc: z.null(),
});

/** What {@link toWireAgentSecret} shows. */
export const WireAgentSecret = answer("AgentSecret", {
  ...WireSecret.shape,
  agent_id: z.string(),
});

/** What {@link toWireSandboxVariable} shows. */
export const WireSandboxVariable = answer("SandboxVariable", {
  ...WireSecret.shape,
  sandbox_config_id: z.string(),
});

/** What {@link toWireSandbox} shows. */
export const WireSandbox = answer("Sandbox", {
  ...authors,
  id: z.string(),
  type: z.enum(SANDBOX_TYPES),
  organization_id: z.string(),
  config: jsonObject,
});

/** A secret of an agent as clients see it: never what it holds. */
export function toWireAgentSecret(secret: Secret): z.output<typeof WireAgentSecret> {
  return { ...toWireSecret(secret), agent_id: secret.ownerId };
}

/** A variable of a sandbox as clients see it: never what it holds. */
export function toWireSandboxVariable(secret: Secret): z.output<typeof WireSandboxVariable> {
  return { ...toWireSecret(secret), sandbox_config_id: secret.ownerId };
}

/** Settings of a sandbox as clients see them. */
export function toWireSandbox(sandbox: SandboxConfig, organizationId: OrganizationId): z.output<typeof WireSandbox> {
  return {
    ...authorship(sandbox),
    id: sandbox.id,
    type: sandbox.type,
    organization_id: organizationId,
    config: sandbox.config,
  };
}

function toWireSecret(secret: Secret): z.output<typeof WireSecret> {
  const { id, name, description } = secret;
  return { ...authorship(secret), id, key: name, value: HIDDEN_VALUE, description, value_enc: null };
}

function authorship({ createdById, lastUpdatedById, createdAt, updatedAt }: Secret | SandboxConfig) {
  return {
    created_by_id: createdById,
    last_updated_by_id: lastUpdatedById,
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
  };
}

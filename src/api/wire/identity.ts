import { z } from "zod";
import {
  IDENTITY_TYPES,
  type Identity,
  type IdentityChange,
  type IdentityDraft,
  type IdentityProperty,
  PROPERTY_TYPES,
} from "../../agent/identity.ts";
import type { IdentityLinks } from "../../agent/ports/ports.ts";
import { requireId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { given } from "../http/request.ts";

const KEY_CHARS_MAX = 1_000;
/** Properties, agents or blocks that one request may list. */
const LISTED_MAX = 1_000;

const PropertyBody = z.strictObject({
  key: z.string().max(KEY_CHARS_MAX),
  value: z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.json())]),
  type: z.enum(PROPERTY_TYPES),
});

/** The properties of an identity in a request. */
export const PropertiesBody = z.array(PropertyBody).max(LISTED_MAX);

const idList = <K extends string>(kind: K) =>
  z
    .array(z.string())
    .max(LISTED_MAX)
    .transform((ids) => ids.map((id) => requireId(kind, id)))
    .nullish();

const links = { agent_ids: idList("agent"), block_ids: idList("block") };
const text = z.string().min(1).max(KEY_CHARS_MAX);

/** An identity to be made, and what it is attached to. */
export const CreateIdentityBody = z
  .strictObject({
    ...links,
    identifier_key: text,
    name: z.string(),
    identity_type: z.enum(IDENTITY_TYPES),
    project_id: z.string().nullish(),
    properties: PropertiesBody.nullish(),
  })
  .transform((body) => ({ draft: draftOf(body), links: linksOf(body) }));

/** A change of an identity; null means unchanged. */
export const UpdateIdentityBody = z
  .strictObject({
    ...links,
    identifier_key: text.nullish(),
    name: z.string().nullish(),
    identity_type: z.enum(IDENTITY_TYPES).nullish(),
    properties: PropertiesBody.nullish(),
  })
  .transform((body) => ({ change: changeOf(body), links: linksOf(body) }));

/** An identity as clients see it. Within an agent it does not name what it is attached to, as in Letta. */
export function toWireIdentity(
  identity: Identity,
  { agentIds, blockIds }: IdentityLinks = { agentIds: [], blockIds: [] },
): JsonObject {
  return {
    id: identity.id,
    identifier_key: identity.identifierKey,
    name: identity.name,
    identity_type: identity.identityType,
    project_id: identity.projectId,
    agent_ids: agentIds,
    block_ids: blockIds,
    organization_id: identity.organizationId,
    properties: identity.properties.map(({ key, value, type }): Json => ({ key, value, type })),
  };
}

function draftOf(body: {
  readonly identifier_key: string;
  readonly name: string;
  readonly identity_type: IdentityDraft["identityType"];
  readonly project_id?: string | null | undefined;
  readonly properties?: readonly IdentityProperty[] | null | undefined;
}): IdentityDraft {
  return {
    identifierKey: body.identifier_key,
    name: body.name,
    identityType: body.identity_type,
    ...given({ projectId: body.project_id, properties: body.properties }),
  };
}

function changeOf(body: {
  readonly identifier_key?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly identity_type?: IdentityDraft["identityType"] | null | undefined;
  readonly properties?: readonly IdentityProperty[] | null | undefined;
}): IdentityChange {
  return given({
    identifierKey: body.identifier_key,
    name: body.name,
    identityType: body.identity_type,
    properties: body.properties,
  });
}

function linksOf(body: z.infer<z.ZodObject<typeof links>>): Partial<IdentityLinks> {
  return given({ agentIds: body.agent_ids, blockIds: body.block_ids });
}

import { z } from "zod";
import {
  IDENTITY_TYPES,
  type Identity,
  type IdentityChange,
  type IdentityDraft,
  PROPERTY_TYPES,
} from "../../agent/identity.ts";
import type { IdentityLinks } from "../../agent/ports/identities.ts";
import type { Json } from "../../core/json.ts";
import { given } from "../http/request.ts";
import { answer, json, list } from "./answers/answer.ts";
import { idList, renamed } from "./fields.ts";

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

const links = { agent_ids: idList("agent").nullish(), block_ids: idList("block").nullish() };
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
  .transform(({ agent_ids, block_ids, ...body }) => {
    const draft: IdentityDraft = given(renamed(body));
    return { draft, links: linksOf({ agent_ids, block_ids }) };
  });

/** A change of an identity; null means unchanged. */
export const UpdateIdentityBody = z
  .strictObject({
    ...links,
    identifier_key: text.nullish(),
    name: z.string().nullish(),
    identity_type: z.enum(IDENTITY_TYPES).nullish(),
    properties: PropertiesBody.nullish(),
  })
  .transform(({ agent_ids, block_ids, ...body }) => {
    const change: IdentityChange = given(renamed(body));
    return { change, links: linksOf({ agent_ids, block_ids }) };
  });

/** What {@link toWireIdentity} shows. */
export const WireIdentity = answer("Identity", {
  id: z.string(),
  identifier_key: z.string(),
  name: z.string(),
  identity_type: z.enum(IDENTITY_TYPES),
  project_id: z.string().nullable(),
  agent_ids: list(z.string()),
  block_ids: list(z.string()),
  organization_id: z.string(),
  properties: json,
});

/** An identity as clients see it. Within an agent it does not name what it is attached to, as in Letta. */
export function toWireIdentity(
  identity: Identity,
  { agentIds, blockIds }: IdentityLinks = { agentIds: [], blockIds: [] },
): z.output<typeof WireIdentity> {
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

function linksOf(body: z.infer<z.ZodObject<typeof links>>): Partial<IdentityLinks> {
  return given(renamed(body));
}

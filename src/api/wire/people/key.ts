import { z } from "zod";
import type { AccessKey, Narrowed } from "../../../access/people.ts";
import { ROLES, SCOPES } from "../../../access/role.ts";
import { requireId } from "../../../core/id.ts";
import { given } from "../../http/request.ts";
import { answer, list, time } from "../answers/answer.ts";
import { isoTime, timeField } from "../time.ts";

/** The longest name of a key, user or organisation. */
export const NAME_CHARS_MAX = 200;
/** Agents or models that a key can be narrowed to. */
const LISTED_MAX = 100;
const LISTED_CHARS_MAX = 200;
const MINUTE_SECONDS = 60;

/** A name that people read: no line breaks or other control characters. */
export function nameField() {
  return z
    .string()
    .trim()
    .min(1)
    .max(NAME_CHARS_MAX)
    .regex(/^\P{Cc}*$/u, "should hold no control characters");
}

/** An id in a body. */
export function idField<K extends string>(kind: K) {
  return z.string().transform((text) => requireId(kind, text));
}

const listed = z.array(z.string().min(1).max(LISTED_CHARS_MAX)).min(1).max(LISTED_MAX);

/** What somebody is narrowed to, in a request; what is left out or null does not narrow. */
export const NARROWING = {
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).nullish(),
  agents: listed.nullish(),
  models: listed.nullish(),
  identity_id: idField("identity").nullish(),
};

/** A key to be made. */
export const CreateKeyBody = z
  .strictObject({
    name: nameField().nullish(),
    user_id: idField("user").nullish(),
    role: z.enum(ROLES).nullish(),
    organization_id: idField("org").nullish(),
    ...NARROWING,
    expires_at: timeField().nullish(),
  })
  .refine(({ role, user_id }) => role == null || user_id == null, {
    message: "give a user_id or a role: with a role the key is that of a service account",
    path: ["role"],
  })
  .transform((body) => ({
    name: body.name ?? body.role ?? "key",
    narrowing: narrowingOf(body),
    ...given({
      userId: body.user_id,
      role: body.role,
      organizationId: body.organization_id,
      expiresAt: body.expires_at,
    }),
  }));

/** How a key is to be changed. */
export const RotateKeyBody = z.strictObject({
  overlap_seconds: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * 60 * MINUTE_SECONDS)
    .optional(),
});

/** The organisation that a query names. */
export function organizationOf({ organization_id: text }: { readonly organization_id?: string | undefined }) {
  return text === undefined ? {} : { organizationId: requireId("org", text) };
}

/** What a body narrows. */
export function narrowingOf(body: {
  readonly scopes?: Narrowed["scopes"] | undefined;
  readonly agents?: Narrowed["agents"] | undefined;
  readonly models?: Narrowed["models"] | undefined;
  readonly identity_id?: Narrowed["identityId"] | undefined;
}): Partial<Narrowed> {
  const { scopes, agents, models, identity_id: identityId } = body;
  return given({ scopes, agents, models, identityId });
}

/** What {@link toWireNarrowed} shows. */
export const WireNarrowed = answer("Narrowed", {
  scopes: list(z.enum(SCOPES)).nullable(),
  agents: list(z.string()).nullable(),
  models: list(z.string()).nullable(),
  identity_id: z.string().nullable(),
});

/** What {@link toWireKey} shows. */
export const WireKey = answer("Key", {
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  organization_id: z.string(),
  user_id: z.string(),
  ...WireNarrowed.shape,
  origin: z.string().nullable(),
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
  last_used_ip: z.string().nullable(),
  revoked_at: time.nullable(),
  replaced_until: time.nullable(),
  created_by_id: z.string().nullable(),
  created_at: time,
});

/** A key as clients see it. */
export function toWireKey(key: AccessKey): z.output<typeof WireKey> {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    organization_id: key.organizationId,
    user_id: key.userId,
    ...toWireNarrowed(key),
    origin: key.origin,
    expires_at: timeOrNull(key.expiresAt),
    last_used_at: timeOrNull(key.lastUsedAt),
    last_used_ip: key.lastUsedIp,
    revoked_at: timeOrNull(key.revokedAt),
    replaced_until: timeOrNull(key.replacedUntil),
    created_by_id: key.createdById,
    created_at: isoTime(key.createdAt),
  };
}

/** What somebody is narrowed to, as clients see it. */
export function toWireNarrowed({ scopes, agents, models, identityId }: Narrowed): z.output<typeof WireNarrowed> {
  return { scopes, agents, models, identity_id: identityId };
}

/** A time, or null where there is none. */
export function timeOrNull(at: AccessKey["expiresAt"]): string | null {
  return at === null ? null : isoTime(at);
}

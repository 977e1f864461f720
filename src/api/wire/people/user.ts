import { z } from "zod";
import type { Organization, Session, User } from "../../../access/people.ts";
import { ROLES } from "../../../access/role.ts";
import type { Member } from "../../../agent/people/people.ts";
import { PASSWORD_CHARS } from "../../../agent/people/users.ts";
import { given } from "../../http/request.ts";
import { answer, time } from "../answers/answer.ts";
import { isoTime } from "../time.ts";
import { idField, NARROWING, nameField, narrowingOf, timeOrNull, toWireNarrowed, WireNarrowed } from "./key.ts";

const EMAIL_CHARS_MAX = 254;
/** The longest text that somebody can sign in with. */
const CREDENTIAL_CHARS_MAX = 4_096;

const email = z
  .string()
  .trim()
  .max(EMAIL_CHARS_MAX)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, "should be an email address");
const password = z.string().min(PASSWORD_CHARS.min).max(PASSWORD_CHARS.max);
const roleField = z.enum(ROLES);

/** A user to be added. */
export const CreateUserBody = z
  .strictObject({
    name: nameField(),
    kind: z.enum(["person", "service"]).nullish(),
    role: roleField.nullish(),
    email: email.nullish(),
    password: password.nullish(),
    organization_id: idField("org").nullish(),
    ...NARROWING,
  })
  .transform((body) => ({
    name: body.name,
    kind: body.kind ?? "person",
    role: body.role ?? "viewer",
    narrowing: narrowingOf(body),
    ...given({ email: body.email, password: body.password, organizationId: body.organization_id }),
  }));

/** A change of a user; what is left out stays, and null takes an email or a password away. */
export const UpdateUserBody = z
  .strictObject({
    name: nameField().optional(),
    email: email.nullable().optional(),
    password: password.nullable().optional(),
    current_password: z.string().max(PASSWORD_CHARS.max).optional(),
    disabled: z.boolean().optional(),
    organization_id: idField("org").optional(),
  })
  .transform(({ organization_id: organizationId, current_password, disabled, name, ...signIn }) => ({
    organizationId,
    change: {
      ...given({ name, currentPassword: current_password, isDisabled: disabled }),
      ...("email" in signIn && signIn.email !== undefined ? { email: signIn.email } : {}),
      ...("password" in signIn && signIn.password !== undefined ? { password: signIn.password } : {}),
    },
  }));

/** What a user is to be in an organisation. */
export const MembershipBody = z
  .strictObject({ role: roleField, ...NARROWING })
  .transform((body) => ({ role: body.role, narrowing: narrowingOf(body) }));

/** The name of an organisation. */
export const OrganizationBody = z.strictObject({ name: nameField() });

const credential = z.string().min(1).max(CREDENTIAL_CHARS_MAX);

/** What somebody signs in with. */
export const SignInBody = z.union([
  z.strictObject({ key: credential }),
  z.strictObject({ code: credential }),
  z
    .strictObject({
      email: z.string().max(EMAIL_CHARS_MAX),
      password: z.string().max(PASSWORD_CHARS.max),
      organization_id: idField("org").optional(),
    })
    .transform(({ organization_id, ...body }) => ({ ...body, ...given({ organizationId: organization_id }) })),
]);

/** What {@link toWireUser} shows. */
export const WireUser = answer("User", {
  id: z.string(),
  organization_id: z.string(),
  name: z.string(),
  kind: z.enum(["person", "service"]),
  email: z.string().nullable(),
  has_password: z.boolean(),
  disabled_at: time.nullable(),
  created_at: time,
});

/** What {@link toWireMember} shows. */
export const WireMember = answer("Member", {
  ...WireUser.shape,
  role: z.enum(ROLES),
  ...WireNarrowed.shape,
});

/** What {@link toLettaUser} shows. */
export const LettaUser = answer("LettaUser", {
  id: z.string(),
  organization_id: z.string(),
  name: z.string(),
  created_at: time,
  updated_at: time,
  is_deleted: z.literal(false),
});

/** What {@link toWireOrganization} shows. */
export const WireOrganization = answer("Organization", {
  id: z.string(),
  name: z.string(),
  privileged_tools: z.boolean(),
  created_at: time,
});

/** What {@link toWireSession} shows. */
export const WireSession = answer("Session", {
  id: z.string(),
  organization_id: z.string(),
  user_id: z.string(),
  key_id: z.string().nullable(),
  ip: z.string().nullable(),
  agent: z.string().nullable(),
  created_at: time,
  last_used_at: time,
  expires_at: time,
});

/** A user as clients see them, with what they are in the organisation. */
export function toWireMember({ user, membership }: Member): z.output<typeof WireMember> {
  return { ...toWireUser(user), role: membership.role, ...toWireNarrowed(membership) };
}

/** A user without what they may. */
export function toWireUser(user: User): z.output<typeof WireUser> {
  return {
    id: user.id,
    organization_id: user.organizationId,
    name: user.name,
    kind: user.kind,
    email: user.email,
    has_password: user.passwordHash !== null,
    disabled_at: timeOrNull(user.disabledAt),
    created_at: isoTime(user.createdAt),
  };
}

/** A user as Letta's admin routes show them. */
export function toLettaUser(user: User): z.output<typeof LettaUser> {
  const { id, name, organizationId, createdAt } = user;
  const at = isoTime(createdAt);
  return { id, organization_id: organizationId, name, created_at: at, updated_at: at, is_deleted: false };
}

/** An organisation as clients see it, Letta's among them. */
export function toWireOrganization({ id, name, settings, createdAt }: Organization): z.output<typeof WireOrganization> {
  return { id, name, privileged_tools: settings?.["privileged_tools"] === true, created_at: isoTime(createdAt) };
}

/** A session as clients see it. */
export function toWireSession(session: Session): z.output<typeof WireSession> {
  return {
    id: session.id,
    organization_id: session.organizationId,
    user_id: session.userId,
    key_id: session.keyId,
    ip: session.ip,
    agent: session.agent,
    created_at: isoTime(session.createdAt),
    last_used_at: isoTime(session.lastUsedAt),
    expires_at: isoTime(session.expiresAt),
  };
}

import type { AccessKey, Membership, Organization, Session, SignInCode, User } from "../../access/people.ts";
import { entityTable } from "../base/columns.ts";

/** The table of organisations. */
export const ORGANIZATIONS = entityTable<Organization>()("organizations", {
  id: "id",
  name: "text",
  settings: "json",
  toolsDigest: "text",
  createdAt: "instant",
});

/** The table of users. */
export const USERS = entityTable<User>()("users", {
  id: "id",
  organizationId: "id",
  name: "text",
  kind: "text",
  email: "text",
  passwordHash: "text",
  subject: "text",
  disabledAt: "instant",
  createdAt: "instant",
});

/** The table of what users are in organisations. */
export const MEMBERSHIPS = entityTable<Membership>()("memberships", {
  organizationId: "id",
  userId: "id",
  role: "text",
  scopes: "json",
  agents: "json",
  models: "json",
  identityId: "id",
  createdAt: "instant",
});

/** The table of keys. */
export const KEYS = entityTable<AccessKey>()("access_keys", {
  id: "id",
  organizationId: "id",
  userId: "id",
  name: "text",
  prefix: "text",
  secretHash: "text",
  replacedHash: "text",
  replacedUntil: "instant",
  scopes: "json",
  agents: "json",
  models: "json",
  identityId: "id",
  origin: "text",
  metadata: "json",
  expiresAt: "instant",
  lastUsedAt: "instant",
  lastUsedIp: "text",
  revokedAt: "instant",
  createdById: "id",
  createdAt: "instant",
});

/** The table of sessions. */
export const SESSIONS = entityTable<Session>()("sessions", {
  id: "id",
  organizationId: "id",
  userId: "id",
  keyId: "id",
  rootDigest: "text",
  tokenHash: "text",
  createdAt: "instant",
  lastUsedAt: "instant",
  expiresAt: "instant",
  ip: "text",
  agent: "text",
});

/** The table of codes that open sessions. */
export const CODES = entityTable<SignInCode>()("sign_in_codes", {
  codeHash: "text",
  organizationId: "id",
  userId: "id",
  expiresAt: "instant",
});

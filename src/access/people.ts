import type { Instant } from "../core/clock.ts";
import type { IdentityId, KeyId, OrganizationId, SessionId, UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Role, Scope } from "./role.ts";

/** What belongs together, and is seen by nobody outside it. */
export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  /** What it has set for itself; null is nothing. */
  readonly settings: JsonObject | null;
  /** Which built-in tools it was given last, as a digest; null before the first. */
  readonly toolsDigest: string | null;
  readonly createdAt: Instant;
}

/** Somebody who can act: a person, or a program that has keys and no password. */
export interface User {
  readonly id: UserId;
  /** Where they belong; they may be members elsewhere, too. */
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly kind: "person" | "service";
  /** In small letters; null for who does not sign in by one. */
  readonly email: string | null;
  /** Argon2id; null where there is no password. */
  readonly passwordHash: string | null;
  /** By whom an identity provider knows them. */
  readonly subject: string | null;
  /** Since when they may do nothing. */
  readonly disabledAt: Instant | null;
  readonly createdAt: Instant;
}

/** To what somebody is narrowed below their role. Null does not narrow. */
export interface Narrowed {
  readonly scopes: readonly Scope[] | null;
  /** Ids of agents, and `tag:NAME` for all that have the tag. */
  readonly agents: readonly string[] | null;
  /** Handles of models. */
  readonly models: readonly string[] | null;
  readonly identityId: IdentityId | null;
}

/** What somebody is in an organisation. */
export interface Membership extends Narrowed {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly role: Role;
  readonly createdAt: Instant;
}

/** A key of a user, for programs. What opens is stored as its SHA-256. */
export interface AccessKey extends Narrowed {
  readonly id: KeyId;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly name: string;
  /** How the key begins: it tells one from another, and may be shown. */
  readonly prefix: string;
  readonly secretHash: string;
  /** What the key was before it was changed, and until when that opens, too. */
  readonly replacedHash: string | null;
  readonly replacedUntil: Instant | null;
  /** The origin of the web pages that may use it; null is not for one in particular. */
  readonly origin: string | null;
  readonly metadata: JsonObject;
  readonly expiresAt: Instant | null;
  readonly lastUsedAt: Instant | null;
  readonly lastUsedIp: string | null;
  readonly revokedAt: Instant | null;
  readonly createdById: UserId | null;
  readonly createdAt: Instant;
}

/** A sign-in that lasts. Its token is stored as its SHA-256. */
export interface Session {
  readonly id: SessionId;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** The key by which it began, beyond which it may do nothing; null where there was none. */
  readonly keyId: KeyId | null;
  /** Of one that began by the key of the settings: the digest of both, so that it ends with that key. */
  readonly rootDigest: string | null;
  readonly tokenHash: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  readonly expiresAt: Instant;
  readonly ip: string | null;
  /** What the client says that it is. */
  readonly agent: string | null;
}

/** What opens a session once. */
export interface SignInCode {
  readonly codeHash: string;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly expiresAt: Instant;
}

/** Not narrowed at all. */
export const WHOLE: Narrowed = { scopes: null, agents: null, models: null, identityId: null };

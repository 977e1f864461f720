import type { AccessKey, Membership, Organization, Session, SignInCode, User } from "../../access/people.ts";
import type { Instant } from "../../core/clock.ts";
import type { AgentId, IdentityId, KeyId, OrganizationId, SessionId, UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";

/** The session's own organisation. */
export interface OrganizationStore {
  /** The organisation, where it is the one that is read for. */
  find(id: OrganizationId): Promise<Organization | undefined>;
  /** Adds an organisation, whichever is written for. */
  insert(organization: Organization): Promise<void>;
  /** Throws a `not_found` Failure when there is none of its id. */
  save(organization: Organization): Promise<void>;
  /** Removes it with everything that is in it; users who are members elsewhere stay, and belong there. */
  remove(): Promise<void>;
}

/** The part of an {@link OrganizationStore} that only reads. */
export type OrganizationReader = Pick<OrganizationStore, "find">;

/** Which users of an organisation. */
export interface UserFilter {
  readonly kind?: User["kind"];
  readonly name?: string;
}

/** The members of one organisation, wherever they belong. */
export interface UserStore {
  find(id: UserId): Promise<User | undefined>;
  list(filter: UserFilter, page: Page): Promise<readonly User[]>;
  /** A user who belongs here; a membership is set apart. Throws a `conflict` Failure when the email or subject is taken. */
  insert(user: User): Promise<void>;
  /** As {@link UserStore.insert}; throws a `not_found` Failure when there is none of its id. */
  save(user: User): Promise<void>;
  /** Removes the user everywhere, with memberships, keys and sessions. What they made stays. */
  remove(id: UserId): Promise<void>;
}

/** The part of a {@link UserStore} that only reads. */
export type UserReader = Pick<UserStore, "find" | "list">;

/** What users are in one organisation. */
export interface MembershipStore {
  find(userId: UserId): Promise<Membership | undefined>;
  /** Those of the users who are members here, in any order. */
  findAll(userIds: readonly UserId[]): Promise<readonly Membership[]>;
  /** What the user is anywhere, the oldest first: as many as may be one user's. */
  everywhere(userId: UserId): Promise<readonly Membership[]>;
  /** Whether the organisation, whichever it is, has an owner who is not disabled, narrowed or a program. */
  hasOwner(organizationId: OrganizationId): Promise<boolean>;
  /** Sets what the user is here, in place of what they were. */
  put(membership: Membership): Promise<void>;
  /** Takes the user out of the organisation, with their keys and sessions in it. */
  remove(userId: UserId): Promise<void>;
}

/** The part of a {@link MembershipStore} that only reads. */
export type MembershipReader = Pick<MembershipStore, "find" | "findAll" | "everywhere" | "hasOwner">;

/** Which keys of an organisation. */
export interface KeyFilter {
  readonly userId?: UserId;
  /** Whether those that open nothing any more are among them: revoked ones, and expired ones at this time. */
  readonly openAt?: Instant;
  /** Whether they are for web pages of an origin. */
  readonly hasOrigin?: boolean;
}

/** The keys of one organisation. */
export interface KeyStore {
  find(id: KeyId): Promise<AccessKey | undefined>;
  list(filter: KeyFilter, page: Page): Promise<readonly AccessKey[]>;
  /** How many fit. */
  count(filter: KeyFilter): Promise<number>;
  /**
   * Adds a key; from now on the server's door is closed to who shows nothing. Takes away a number of those of web pages
   * that have ended, as there can be one for every visit.
   */
  insert(key: AccessKey): Promise<void>;
  /** Throws a `not_found` Failure when there is none of its id. When it was used last is noted apart. */
  save(key: AccessKey): Promise<void>;
}

/** The part of a {@link KeyStore} that only reads. */
export type KeyReader = Pick<KeyStore, "find" | "list" | "count">;

/** The sessions of one organisation. */
export interface SessionStore {
  find(id: SessionId): Promise<Session | undefined>;
  /** Those that have not ended at that time, of one user where one is named. */
  list(filter: { readonly userId?: UserId; readonly openAt: Instant }, page: Page): Promise<readonly Session[]>;
  /** Adds a session, and takes away a number of those that have ended. */
  insert(session: Session): Promise<void>;
  /** Removes a session; throws a `not_found` Failure when there is none. */
  remove(id: SessionId): Promise<void>;
  /** Ends all sessions of a user, and forgets their codes. */
  removeOf(userId: UserId): Promise<void>;
  /** Adds a code, and takes away a number of those that have ended. */
  /** Has the sessions that began by a key end at this time, where they would last longer. Tell of it with the key. */
  endOf(keyId: KeyId, at: Instant): Promise<void>;
  insertCode(code: SignInCode): Promise<void>;
  /** Takes a code away; false when it has gone meanwhile. */
  takeCode(codeHash: string): Promise<boolean>;
}

/** The part of a {@link SessionStore} that only reads. */
export type SessionReader = Pick<SessionStore, "find" | "list">;

/** When a key or a session was used last, and from where. */
export interface Use {
  readonly id: KeyId | SessionId;
  readonly at: Instant;
  readonly ip: string | null;
}

/** What somebody showed, and who they are. */
export interface Shown {
  readonly user: User;
  /** What they are in the organisation that it opens; absent where they are nothing there any more. */
  readonly membership: Membership | undefined;
  readonly key: AccessKey | null;
  readonly session: Session | null;
}

/** Reads who comes in, whatever their organisation. For the door, and for who runs the server. */
export interface Directory {
  /** Since when nobody comes in who shows nothing; undefined while everybody does. */
  closedSince(): Promise<Instant | undefined>;
  /** Whose key has this hash, be it the key's or that of what it was before. */
  keyOf(hash: string): Promise<Shown | undefined>;
  /** Whose session has a token of this hash. */
  sessionOf(tokenHash: string): Promise<Shown | undefined>;
  codeOf(codeHash: string): Promise<SignInCode | undefined>;
  /** Who signs in by this email or subject. */
  userBy(field: "email" | "subject", value: string): Promise<User | undefined>;
  /** What the user is anywhere, the oldest first. */
  membershipsOf(userId: UserId): Promise<readonly Membership[]>;
  findOrganization(id: OrganizationId): Promise<Organization | undefined>;
  listOrganizations(page: Page): Promise<readonly Organization[]>;
  findUser(id: UserId): Promise<User | undefined>;
  listUsers(page: Page): Promise<readonly User[]>;
  /** Organisations whose built-in tools are not those of the digest. */
  withOtherTools(digest: string, limit: number): Promise<readonly Organization[]>;
  /** Up to `limit` agents of the organisation that have one of the tags, or that the identity is attached to. */
  agentsBy(
    where: { readonly tags: readonly string[] } | { readonly identityId: IdentityId },
    organizationId: OrganizationId,
    limit: number,
  ): Promise<readonly AgentId[]>;
  /** Whether a key that opens something at that time is for the pages of this origin. */
  hasOrigin(origin: string, at: Instant): Promise<boolean>;
}

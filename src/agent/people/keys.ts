import { type Caller, keyOf, may } from "../../access/may.ts";
import { choiceOf, narrowedTo, refuseWider } from "../../access/narrow.ts";
import type { AccessKey, Membership, Narrowed, User } from "../../access/people.ts";
import { WHOLE } from "../../access/people.ts";
import { type Role, type Scope, scopesOf } from "../../access/role.ts";
import { kindOfSecret, newSecret } from "../../access/secret-text.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, actorOf, type KeyId, newId, type OrganizationId, parseId, type UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import { mustFind, required } from "../find.ts";
import type { KeyFilter } from "../ports/access.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { type Member, mayIn, mustFindMember, type PeopleOptions } from "./people.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How far away the end of a key may be. */
export const KEY_MS_MAX = 3_660 * DAY_MS;
/** How long a key that was changed may open beside the new one. */
export const OVERLAP_MS_MAX = 30 * DAY_MS;

/** Keys that open something which one user may have. */
const KEYS_MAX = 10_000;

/** A key that somebody asks for. */
export interface KeyDraft {
  readonly name: string;
  /** Whose it is: the caller's own when absent. */
  readonly userId?: UserId;
  /** Where; the caller's own organisation when absent. */
  readonly organizationId?: OrganizationId;
  /** For a program that is nobody: a service account of this role and of the key's name has it, and is made where there is none. */
  readonly role?: Role;
  readonly narrowing?: Partial<Narrowed>;
  readonly expiresAt?: Instant;
  /** The web pages that it is for. */
  readonly origin?: string;
  readonly metadata?: JsonObject;
}

/** A key with what opens, which is told once. */
export interface OpenKey {
  readonly key: AccessKey;
  readonly text: string;
}

/** Makes a key that may no more than its owner, and no more than its maker. */
export async function createKey(options: PeopleOptions, caller: Caller, draft: KeyDraft): Promise<OpenKey> {
  const { store, clock, secrets, random } = options;
  const { organizationId } = draft;
  const isHere = organizationId === undefined || organizationId === caller.organizationId;
  const isOwn = isHere && draft.role === undefined && (draft.userId ?? caller.userId) === caller.userId;
  const actor = isOwn
    ? may(caller, "keys:own")
    : await mayIn(options, caller, { scope: "access:write", organizationId });
  const now = clock.now();
  const expiresAt = endWithin(await endOfMaker(options, caller), endOf(draft.expiresAt, now));
  const { text, prefix } = newSecret("key", secrets);
  await mustReach(store.reader(actor), draft.narrowing ?? {});
  const key = await store.write(actor, async (repositories) => {
    const { user, membership } =
      draft.role === undefined
        ? await mustFindMember(repositories, draft.userId ?? caller.userId)
        : await serviceAccount(options, repositories, { actor, caller, name: draft.name, role: draft.role });
    if (user.disabledAt !== null) throw new Failure("conflict", `${user.name} is disabled; enable the user first`);
    if ((await repositories.keys.count({ userId: user.id, openAt: now })) >= KEYS_MAX)
      throw new Failure("conflict", `${user.name} has ${KEYS_MAX} keys; revoke some first`);
    const made: AccessKey = {
      id: newId("key", random),
      organizationId: actor.organizationId,
      userId: user.id,
      name: draft.name,
      prefix,
      secretHash: secrets.digest(text),
      replacedHash: null,
      replacedUntil: null,
      ...narrowedTo(caller, membership, { ...WHOLE, ...draft.narrowing }),
      origin: draft.origin?.toLowerCase() ?? null,
      metadata: draft.metadata ?? {},
      expiresAt,
      lastUsedAt: null,
      lastUsedIp: null,
      revokedAt: null,
      createdById: caller.userId,
      createdAt: now,
    };
    await repositories.keys.insert(made);
    return made;
  });
  return { key, text };
}

/** Which key, and in whose organisation: the caller's own where none is named. */
export interface WhichKey {
  readonly id: KeyId;
  readonly organizationId?: OrganizationId | undefined;
}

/** Everybody's keys for who may see them, and their own for others, the newest first unless asked otherwise. */
export async function listKeys(
  options: PeopleOptions,
  caller: Caller,
  { page, organizationId, ...filter }: KeyFilter & { readonly page: Page; readonly organizationId?: OrganizationId },
): Promise<readonly AccessKey[]> {
  const { actor, own } = await reach(options, caller, { scope: "access:read", organizationId });
  if (own !== undefined && (filter.userId ?? own) !== own) return [];
  return options.store.reader(actor).keys.list({ ...filter, ...(own && { userId: own }) }, page);
}

/** A key that the caller may see, or a `not_found` Failure. */
export async function findKey(
  options: PeopleOptions,
  caller: Caller,
  { id, organizationId }: WhichKey,
): Promise<AccessKey> {
  const { actor, own } = await reach(options, caller, { scope: "access:read", organizationId });
  const key = await mustFind(options.store.reader(actor).keys, id);
  if (own !== undefined && key.userId !== own) throw new Failure("not_found", `Key not found with id='${id}'`);
  return key;
}

/** Whose keys somebody reaches: all of an organisation with the scope, else their own. */
async function reach(
  options: PeopleOptions,
  caller: Caller,
  { scope, organizationId }: { readonly scope: Scope; readonly organizationId: OrganizationId | undefined },
): Promise<{ readonly actor: Actor; readonly own: UserId | undefined }> {
  const isAdmin = caller.scopes.has(scope) && caller.agentIds === null;
  if (isAdmin || (organizationId ?? caller.organizationId) !== caller.organizationId)
    return { actor: await mayIn(options, caller, { scope, organizationId }), own: undefined };
  return { actor: may(caller, "keys:own"), own: caller.userId };
}

/** The key that has this id, or of which this is what opens; a `not_found` Failure where the caller may see none. */
export async function findKeyByText(options: PeopleOptions, caller: Caller, text: string): Promise<AccessKey> {
  const { store, secrets } = options;
  const byId = parseId("key", text);
  if (byId !== undefined) return findKey(options, caller, { id: byId });
  const found = kindOfSecret(text) === "key" ? await store.directory.keyOf(secrets.digest(text)) : undefined;
  // Of another organisation not even its id is told.
  const key = found?.key?.organizationId === caller.organizationId ? found.key : undefined;
  return findKey(options, caller, { id: required(key, "No key of this organisation is this one").id });
}

/** Lets a key open nothing any more. Twice is once. */
export async function revokeKey(options: PeopleOptions, caller: Caller, which: WhichKey): Promise<AccessKey> {
  return changeKey(options, caller, which, async (key) =>
    key.revokedAt === null ? { ...key, revokedAt: options.clock.now() } : key,
  );
}

/** Gives a key a new secret; the one before opens for `overlapMs`, too. */
export async function rotateKey(
  options: PeopleOptions,
  caller: Caller,
  { overlapMs, ...which }: WhichKey & { readonly overlapMs: number },
): Promise<OpenKey> {
  const { clock, secrets } = options;
  if (overlapMs < 0 || overlapMs > OVERLAP_MS_MAX)
    throw new Failure("invalid", `The overlap should be from 0 to ${OVERLAP_MS_MAX / DAY_MS} days`);
  const { text, prefix } = newSecret("key", secrets);
  const key = await changeKey(options, caller, which, async (before, { user, membership }, { sessions }) => {
    const now = clock.now();
    if (before.revokedAt !== null || (before.expiresAt ?? now + 1) <= now)
      throw new Failure("conflict", `The key ${before.prefix} opens nothing any more; make another one`);
    refuseWider(caller, { ...narrowedKey(before, membership), role: membership.role });
    if (user.disabledAt !== null) throw new Failure("conflict", `${user.name} is disabled; enable the user first`);
    const replaced = overlapMs === 0 ? null : before.secretHash;
    const replacedUntil = overlapMs === 0 ? null : instantOf(now + overlapMs);
    // They began by what the key is no more.
    await sessions.endOf(before.id, replacedUntil ?? now);
    return { ...before, prefix, secretHash: secrets.digest(text), replacedHash: replaced, replacedUntil };
  });
  return { key, text };
}

/** What a key may, with what its owner is narrowed to: each holds, and the narrower one is compared. */
function narrowedKey(key: AccessKey, membership: Membership): Narrowed {
  const held = scopesOf(membership.role);
  return {
    scopes: key.scopes?.filter((scope) => held.has(scope)) ?? membership.scopes,
    agents: key.agents ?? membership.agents,
    models: key.models ?? membership.models,
    identityId: key.identityId ?? membership.identityId,
  };
}

async function changeKey(
  options: PeopleOptions,
  caller: Caller,
  { id, organizationId }: WhichKey,
  change: (key: AccessKey, owner: Member, repositories: Repositories) => Promise<AccessKey>,
): Promise<AccessKey> {
  const { actor, own } = await reach(options, caller, { scope: "access:write", organizationId });
  return options.store.write(actor, async (repositories) => {
    const key = await mustFind(repositories.keys, id);
    if (own !== undefined && key.userId !== own) throw new Failure("not_found", `Key not found with id='${id}'`);
    const owner = await mustFindMember(repositories, key.userId);
    // Nobody changes what belongs to somebody above them.
    if (key.userId !== caller.userId) narrowedTo(caller, owner.membership, WHOLE);
    const changed = await change(key, owner, repositories);
    if (changed !== key) await repositories.keys.save(changed);
    return changed;
  });
}

/** The service account of this name and role, made where there is none. */
async function serviceAccount(
  { clock, random }: PeopleOptions,
  { users, memberships }: Repositories,
  {
    actor,
    caller,
    name,
    role,
  }: { readonly actor: Actor; readonly caller: Caller; readonly name: string; readonly role: Role },
): Promise<Member> {
  const narrowing = narrowedTo(caller, { ...WHOLE, role }, WHOLE);
  const [known] = await users.list({ kind: "service", name }, { limit: 1, order: "asc" });
  if (known !== undefined) {
    const membership = await memberships.find(known.id);
    if (membership?.role === role) return { user: known, membership };
    throw new Failure(
      "conflict",
      `The service account '${name}' is ${membership?.role ?? "nothing"}, not ${role}; choose another name, or change its role first`,
    );
  }
  const createdAt = clock.now();
  const { organizationId } = actor;
  const user: User = {
    id: newId("user", random),
    organizationId,
    name,
    kind: "service",
    email: null,
    passwordHash: null,
    subject: null,
    disabledAt: null,
    createdAt,
  };
  const membership = { organizationId, userId: user.id, role, ...narrowing, createdAt };
  await users.insert(user);
  await memberships.put(membership);
  return { user, membership };
}

/** Throws a `not_found` Failure for an agent or identity that the actor cannot see. */
export async function mustReach({ agents, identities }: Readers, asked: Partial<Narrowed>): Promise<void> {
  for (const id of choiceOf(asked.agents ?? []).ids) await mustFind(agents, id);
  if (asked.identityId !== undefined && asked.identityId !== null) await mustFind(identities, asked.identityId);
}

/** When the key ends by which somebody came; null where it does not, or there was none. */
export async function endOfMaker({ store }: PeopleOptions, caller: Caller): Promise<Instant | null> {
  const id = keyOf(caller);
  if (id === null) return null;
  return (await mustFind(store.reader(actorOf(caller.organizationId, caller.userId)).keys, id)).expiresAt;
}

/** Nobody gives longer than they have: where nothing is asked, as long. */
function endWithin(own: Instant | null, asked: Instant | null): Instant | null {
  if (own !== null && asked !== null && asked > own)
    throw new Failure("forbidden", "Your own key ends before that, and makes none that lasts longer");
  return asked ?? own;
}

function endOf(expiresAt: Instant | undefined, now: Instant): Instant | null {
  if (expiresAt === undefined) return null;
  if (expiresAt > now && expiresAt <= now + KEY_MS_MAX) return expiresAt;
  throw new Failure("invalid", `expires_at should be in the future, at most ${KEY_MS_MAX / DAY_MS} days away`);
}

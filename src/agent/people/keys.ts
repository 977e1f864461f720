import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { choiceOf, narrowedTo, refuseWider } from "../../access/narrow.ts";
import type { AccessKey, Membership, Narrowed, User } from "../../access/people.ts";
import { WHOLE } from "../../access/people.ts";
import { type Role, scopesOf } from "../../access/role.ts";
import { kindOfSecret, newSecret } from "../../access/secret-text.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type KeyId, newId, requireId, type UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import { mustFind } from "../find.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { type Member, mustFindMember, type PeopleOptions } from "./people.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How far away the end of a key may be. */
export const KEY_MS_MAX = 3_660 * DAY_MS;
/** How long a key that was changed may open beside the new one. */
export const OVERLAP_MS_MAX = 30 * DAY_MS;

/** A key that somebody asks for. */
export interface KeyDraft {
  readonly name: string;
  /** Whose it is: the caller's own when absent. */
  readonly userId?: UserId;
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
  const isOwn = draft.role === undefined && (draft.userId ?? caller.userId) === caller.userId;
  const actor = isOwn ? may(caller, "keys:own") : mayEverywhere(caller, "access:write");
  const now = clock.now();
  const expiresAt = endOf(draft.expiresAt, now);
  const { text, prefix } = newSecret("key", secrets);
  await mustReach(store.reader(actor), draft.narrowing ?? {});
  const key = await store.write(actor, async (repositories) => {
    const { user, membership } =
      draft.role === undefined
        ? await mustFindMember(repositories, draft.userId ?? caller.userId)
        : await serviceAccount(options, repositories, { actor, caller, name: draft.name, role: draft.role });
    if (user.disabledAt !== null) throw new Failure("conflict", `${user.name} is disabled; enable the user first`);
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

/** Everybody's keys for who may see them, and their own for others, the newest first unless asked otherwise. */
export async function listKeys(
  { store }: PeopleOptions,
  caller: Caller,
  {
    page,
    ...filter
  }: { readonly page: Page; readonly userId?: UserId; readonly openAt?: Instant; readonly hasOrigin?: boolean },
): Promise<readonly AccessKey[]> {
  const seesAll = caller.scopes.has("access:read") && caller.agentIds === null;
  const actor = seesAll ? mayEverywhere(caller, "access:read") : may(caller, "keys:own");
  if (!seesAll && filter.userId !== undefined && filter.userId !== caller.userId) return [];
  return store.reader(actor).keys.list({ ...filter, ...(seesAll ? {} : { userId: caller.userId }) }, page);
}

/** A key that the caller may see, or a `not_found` Failure. */
export async function findKey({ store }: PeopleOptions, caller: Caller, id: KeyId): Promise<AccessKey> {
  const seesAll = caller.scopes.has("access:read") && caller.agentIds === null;
  const actor = seesAll ? mayEverywhere(caller, "access:read") : may(caller, "keys:own");
  const key = await mustFind(store.reader(actor).keys, id);
  if (!seesAll && key.userId !== caller.userId) throw new Failure("not_found", `Key not found with id='${id}'`);
  return key;
}

/** The key that has this id, or of which this is what opens; a `not_found` Failure where the caller may see none. */
export async function findKeyByText(options: PeopleOptions, caller: Caller, text: string): Promise<AccessKey> {
  const { store, secrets } = options;
  const found = kindOfSecret(text) === "key" ? await store.directory.keyOf(secrets.digest(text)) : undefined;
  return findKey(options, caller, found?.key?.id ?? requireId("key", text));
}

/** Lets a key open nothing any more. Twice is once. */
export async function revokeKey(options: PeopleOptions, caller: Caller, id: KeyId): Promise<AccessKey> {
  return changeKey(options, caller, id, async (key) =>
    key.revokedAt === null ? { ...key, revokedAt: options.clock.now() } : key,
  );
}

/** Gives a key a new secret; the one before opens for `overlapMs`, too. */
export async function rotateKey(
  options: PeopleOptions,
  caller: Caller,
  { id, overlapMs }: { readonly id: KeyId; readonly overlapMs: number },
): Promise<OpenKey> {
  const { clock, secrets } = options;
  if (overlapMs < 0 || overlapMs > OVERLAP_MS_MAX)
    throw new Failure("invalid", `The overlap should be from 0 to ${OVERLAP_MS_MAX / DAY_MS} days`);
  const { text, prefix } = newSecret("key", secrets);
  const key = await changeKey(options, caller, id, async (before, { user, membership }) => {
    const now = clock.now();
    if (before.revokedAt !== null || (before.expiresAt ?? now + 1) <= now)
      throw new Failure("conflict", `The key ${before.prefix} opens nothing any more; make another one`);
    refuseWider(caller, { ...narrowedKey(before, membership), role: membership.role });
    if (user.disabledAt !== null) throw new Failure("conflict", `${user.name} is disabled; enable the user first`);
    const replaced = overlapMs === 0 ? null : before.secretHash;
    const replacedUntil = overlapMs === 0 ? null : instantOf(now + overlapMs);
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
  { store }: PeopleOptions,
  caller: Caller,
  id: KeyId,
  change: (key: AccessKey, owner: Member) => Promise<AccessKey>,
): Promise<AccessKey> {
  const isAdmin = caller.scopes.has("access:write") && caller.agentIds === null;
  const actor = isAdmin ? mayEverywhere(caller, "access:write") : may(caller, "keys:own");
  return store.write(actor, async (repositories) => {
    const key = await mustFind(repositories.keys, id);
    const isOwn = key.userId === caller.userId;
    if (!isAdmin && !isOwn) throw new Failure("not_found", `Key not found with id='${id}'`);
    const owner = await mustFindMember(repositories, key.userId);
    if (!isOwn) narrowedTo(caller, owner.membership, WHOLE);
    const changed = await change(key, owner);
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

function endOf(expiresAt: Instant | undefined, now: Instant): Instant | null {
  if (expiresAt === undefined) return null;
  if (expiresAt > now && expiresAt <= now + KEY_MS_MAX) return expiresAt;
  throw new Failure("invalid", `expires_at should be in the future, at most ${KEY_MS_MAX / DAY_MS} days away`);
}

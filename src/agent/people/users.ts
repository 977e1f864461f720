import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { narrowedTo, refuseWider } from "../../access/narrow.ts";
import { type Membership, type Narrowed, type User, WHOLE } from "../../access/people.ts";
import type { Role } from "../../access/role.ts";
import { Failure } from "../../core/failure.ts";
import { actorOf, newId, type OrganizationId, type UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import { unauthorized } from "./door.ts";
import { mustReach } from "./keys.ts";
import {
  keepingOwner,
  type Member,
  mayIn,
  mustFindMember,
  type PeopleOptions,
  refuseAbove,
  refuseDefault,
  runsServer,
} from "./people.ts";
import type { Tries } from "./tries.ts";

/** The shortest and the longest password. */
export const PASSWORD_CHARS = { min: 8, max: 1_000 };

/** Somebody to be added. */
export interface UserDraft {
  readonly name: string;
  readonly kind: User["kind"];
  readonly role: Role;
  readonly email?: string;
  readonly password?: string;
  readonly narrowing?: Partial<Narrowed>;
  /** Where; the caller's own organisation when absent. */
  readonly organizationId?: OrganizationId;
}

/** A change of a user; what is absent stays. */
export interface UserChange {
  readonly name?: string;
  readonly email?: string | null;
  readonly password?: string | null;
  /** What they sign in with so far, where somebody changes their own. */
  readonly currentPassword?: string;
  readonly isDisabled?: boolean;
}

/** A user, and in whose organisation. */
export interface Whose {
  readonly id: UserId;
  readonly organizationId?: OrganizationId | undefined;
}

/** Adds a user to an organisation, who may no more than whoever adds them. */
export async function createUser(options: PeopleOptions, caller: Caller, draft: UserDraft): Promise<Member> {
  const { store, clock, random } = options;
  const actor = await mayIn(options, caller, { scope: "access:write", organizationId: draft.organizationId });
  const narrowing = narrowedTo(caller, { ...WHOLE, role: draft.role }, { ...WHOLE, ...draft.narrowing });
  await mustReach(store.reader(actor), narrowing);
  if (draft.kind === "service" && (draft.email !== undefined || draft.password !== undefined))
    throw new Failure("invalid", "A service account has keys; it has neither an email nor a password");
  const createdAt = clock.now();
  const { organizationId } = actor;
  const user: User = {
    id: newId("user", random),
    organizationId,
    name: draft.name,
    kind: draft.kind,
    email: draft.email?.toLowerCase() ?? null,
    passwordHash: await hashed(options, draft.password ?? null),
    subject: null,
    disabledAt: null,
    createdAt,
  };
  const membership = { organizationId, userId: user.id, role: draft.role, ...narrowing, createdAt };
  await store.write(actor, async ({ users, memberships }) => {
    await users.insert(user);
    await memberships.put(membership);
  });
  return { user, membership };
}

/** The members of an organisation, with what they are there. */
export async function listMembers(
  options: PeopleOptions,
  caller: Caller,
  {
    page,
    organizationId,
    ...filter
  }: {
    readonly page: Page;
    readonly organizationId?: OrganizationId;
    readonly name?: string;
    readonly kind?: User["kind"];
  },
): Promise<readonly Member[]> {
  const actor = await mayIn(options, caller, { scope: "access:read", organizationId });
  const { users, memberships } = options.store.reader(actor);
  const found = await users.list(filter, page);
  const all = await memberships.findAll(found.map(({ id }) => id));
  const byUser = new Map(all.map((membership) => [membership.userId, membership]));
  return found.flatMap((user) => {
    const membership = byUser.get(user.id);
    return membership === undefined ? [] : [{ user, membership }];
  });
}

/** All users of all organisations, for who runs the server; else those of the caller's own. */
export async function listEverybody(options: PeopleOptions, caller: Caller, page: Page): Promise<readonly User[]> {
  if (runsServer(caller)) {
    mayEverywhere(caller, "access:read");
    return options.store.directory.listUsers(page);
  }
  return (await listMembers(options, caller, { page })).map(({ user }) => user);
}

/** A user where they belong, for who runs the server and so need not say where that is. */
export async function whereverIs({ store }: PeopleOptions, caller: Caller, id: UserId): Promise<Whose> {
  const user = runsServer(caller) ? await store.directory.findUser(id) : undefined;
  return { id, organizationId: user?.organizationId };
}

/** A member of an organisation; whoever asks may always see themselves. */
export async function findMember(options: PeopleOptions, caller: Caller, whose: Whose): Promise<Member> {
  const { organizationId, userId } = caller;
  if (whose.id === userId && (whose.organizationId ?? organizationId) === organizationId)
    return mustFindMember(options.store.reader(actorOf(organizationId, userId)), userId);
  const actor = await mayIn(options, caller, { scope: "access:read", organizationId: whose.organizationId });
  return mustFindMember(options.store.reader(actor), whose.id);
}

/** Changes a user. What they sign in with is changed by whoever may at least as much, or by themselves with what it was. */
export async function updateUser(
  options: PeopleOptions & { readonly tries: Tries },
  caller: Caller,
  { change, ...whose }: Whose & { readonly change: UserChange },
): Promise<Member> {
  const { store, clock } = options;
  const isOwn = whose.id === caller.userId && !caller.scopes.has("access:write");
  const actor = isOwn
    ? may(caller, "keys:own")
    : await mayIn(options, caller, { scope: "access:write", organizationId: whose.organizationId });
  if (isOwn) {
    if (change.isDisabled !== undefined)
      throw new Failure("forbidden", "Only who has the scope 'access:write' can disable users");
    const member = await mustFindMember(store.reader(actor), whose.id);
    const address = caller.origin?.address() ?? null;
    // Whoever has somebody's key could guess here, too.
    if (change.password !== undefined || change.email !== undefined)
      await options.tries.guard(address, () => mustKnowPassword(options, member, change));
  }
  const passwordHash = await hashed(options, change.password ?? null);
  return store.write(actor, async (repositories) => {
    const member = await mustFindMember(repositories, whose.id);
    if (!isOwn) await refuseAbove(repositories, caller, member);
    const { user } = member;
    const { name = user.name, email = user.email, isDisabled = user.disabledAt !== null } = change;
    const changed: User = {
      ...user,
      name,
      email: email?.toLowerCase() ?? null,
      passwordHash: change.password === undefined ? user.passwordHash : passwordHash,
      disabledAt: isDisabled ? (user.disabledAt ?? clock.now()) : null,
    };
    if (user.kind === "service" && (changed.email !== null || changed.passwordHash !== null))
      throw new Failure("invalid", "A service account has keys; it has neither an email nor a password");
    await keepingOwner(repositories, member, async () => {
      await repositories.users.save(changed);
      if (change.password !== undefined || isDisabled) await repositories.sessions.removeOf(user.id);
    });
    return { ...member, user: changed };
  });
}

/** Deletes a user with memberships, keys and sessions. What they made stays. */
export async function deleteUser(options: PeopleOptions, caller: Caller, whose: Whose): Promise<User> {
  const actor = await mayIn(options, caller, { scope: "access:write", organizationId: whose.organizationId });
  return options.store.write(actor, async (repositories) => {
    const member = await mustFindMember(repositories, whose.id);
    await refuseAbove(repositories, caller, member);
    refuseDefault(member.user);
    await keepingOwner(repositories, member, () => repositories.users.remove(whose.id));
    await repositories.limits.removeOf("user", whose.id);
    return member.user;
  });
}

/** Makes a user something in an organisation, or something else than they were; nobody gives what they have not. */
export async function setMembership(
  options: PeopleOptions,
  caller: Caller,
  { role, narrowing, ...whose }: Whose & { readonly role: Role; readonly narrowing?: Partial<Narrowed> | undefined },
): Promise<Member> {
  const { store, clock } = options;
  const actor = await mayIn(options, caller, { scope: "access:write", organizationId: whose.organizationId });
  const { organizationId } = actor;
  const narrowed = narrowedTo(caller, { ...WHOLE, role }, { ...WHOLE, ...narrowing });
  await mustReach(store.reader(actor), narrowed);
  // Somebody of another organisation is added by who sees them all.
  const stranger = runsServer(caller) ? await store.directory.findUser(whose.id) : undefined;
  return store.write(actor, async (repositories) => {
    const { memberships, users } = repositories;
    const before = await memberships.find(whose.id);
    if (before !== undefined) refuseWider(caller, before);
    const user = (await users.find(whose.id)) ?? stranger;
    if (user === undefined) throw new Failure("not_found", `User not found with id='${whose.id}'`);
    const createdAt = before?.createdAt ?? clock.now();
    const membership: Membership = { organizationId, userId: user.id, role, ...narrowed, createdAt };
    await keepingOwner(repositories, { user }, () => memberships.put(membership));
    return { user, membership };
  });
}

/** Takes a user out of an organisation, with their keys and sessions there. Who is nowhere else is deleted instead. */
export async function removeMembership(options: PeopleOptions, caller: Caller, whose: Whose): Promise<void> {
  const actor = await mayIn(options, caller, { scope: "access:write", organizationId: whose.organizationId });
  await options.store.write(actor, async (repositories) => {
    const { user, membership } = await mustFindMember(repositories, whose.id);
    refuseWider(caller, membership);
    const others = await repositories.memberships.everywhere(user.id);
    if (others.length < 2)
      throw new Failure(
        "conflict",
        `${user.name} is a member of this organization only; delete or disable the user instead`,
      );
    refuseDefault(user);
    const home = others.find(({ organizationId }) => organizationId !== actor.organizationId);
    await keepingOwner(repositories, { user }, async () => {
      if (home !== undefined) await repositories.users.save({ ...user, organizationId: home.organizationId });
      await repositories.memberships.remove(user.id);
    });
  });
}

/** Throws an `unauthorized` Failure unless who changes their own email or password knows the one that there is. */
async function mustKnowPassword({ secrets }: PeopleOptions, { user }: Member, change: UserChange): Promise<void> {
  const isKnown =
    user.passwordHash !== null && (await secrets.isPassword(change.currentPassword ?? "", user.passwordHash));
  if (!isKnown) throw unauthorized();
}

async function hashed({ secrets }: PeopleOptions, password: string | null): Promise<string | null> {
  return password === null ? null : secrets.hashPassword(password);
}

import type { Identified } from "../../access/identity-provider.ts";
import { type Membership, type User, WHOLE } from "../../access/people.ts";
import type { Role } from "../../access/role.ts";
import { type RoleRule, rolesFrom } from "../../access/role-map.ts";
import { newSecret } from "../../access/secret-text.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, actorOf, newId, type OrganizationId, type Origin } from "../../core/id.ts";
import { cut, wellFormed } from "../../core/text.ts";
import type { Repositories } from "../ports/ports.ts";
import type { PeopleOptions } from "./people.ts";

/** How long the code opens a session: the page that gets it uses it at once. */
const CODE_MS = 2 * 60_000;
/** Of two first sign-ins of one person at once, the second finds what the first has made. */
const TRIES = 2;
const NAME_CHARS_MAX = 100;
const EMAIL_CHARS_MAX = 254;
const EMAIL = /^[^\s@\0\p{Cs}]+@[^\s@\0\p{Cs}]+$/u;

/** What signing in by a provider takes. */
export interface ProviderSignInOptions extends PeopleOptions {
  /** Who is what. Organisations that no rule names are nothing to the provider. */
  readonly rules: readonly RoleRule[];
  readonly log: (message: string) => void;
  /** From where they come. */
  readonly origin: Origin | null;
}

/** What the rules say somebody is, in each organisation that they name. */
type Roles = ReadonlyMap<OrganizationId, Role | undefined>;

/**
 * Lets in whom a provider identified, and returns a code that opens one session. Whoever comes for the first time is
 * added; everybody's roles become what the rules say, lower ones and none included, in each organisation that a rule
 * names. Each organisation is one transaction, and the code comes with the last: whatever a crash leaves undone, the
 * next sign-in does. Throws a `forbidden` Failure for whom no rule fits, and for who is disabled here.
 */
export async function signInFromProvider(options: ProviderSignInOptions, identified: Identified): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await signIn(options, identified);
    } catch (error) {
      if (tries >= TRIES || !(error instanceof Failure) || error.kind !== "conflict") throw error;
    }
  }
}

async function signIn(options: ProviderSignInOptions, identified: Identified): Promise<string> {
  const { directory } = options.store;
  const known = await directory.userBy("subject", subjectOf(identified));
  if (known !== undefined && known.disabledAt !== null)
    throw new Failure("forbidden", "Your account is disabled here; an administrator can enable it");
  const before = known === undefined ? [] : await directory.membershipsOf(known.id);
  const roles = await openRoles(options, rolesFrom(options.rules, identified.claims), before);
  const into = organizationFor(roles, before, known);
  const user = known ?? (into && (await newUser(options, identified, into)));
  if (user !== undefined)
    for (const organizationId of roles.keys())
      if (organizationId !== into) await settle(options, { user, organizationId, role: roles.get(organizationId) });
  if (user === undefined || into === undefined)
    throw new Failure("forbidden", "The identity provider knows you, but nothing that it says gives you a role here");
  return enter(options, { user, isNew: known === undefined, organizationId: into, roles });
}

/** By whom the provider knows them. An issuer is an address, which holds no space. */
function subjectOf({ issuer, subject }: Identified): string {
  return `${issuer} ${subject}`;
}

/** The roles in organisations that are there. */
async function openRoles(
  { store, log }: ProviderSignInOptions,
  roles: Roles,
  before: readonly Membership[],
): Promise<Roles> {
  const open = new Map(roles);
  for (const [organizationId, role] of roles) {
    if (before.some((one) => one.organizationId === organizationId)) continue;
    const isThere = role !== undefined && (await store.directory.findOrganization(organizationId)) !== undefined;
    if (role !== undefined && !isThere)
      log(`SELKIE_OIDC_ROLES names the organization ${organizationId}, which is not there`);
    if (!isThere) open.delete(organizationId);
  }
  return open;
}

/** Where somebody signs in: where they belong if they may, else the first of the rules, else where they were put by hand. */
function organizationFor(
  roles: Roles,
  before: readonly Membership[],
  user: User | undefined,
): OrganizationId | undefined {
  const given = [...roles].flatMap(([id, role]) => (role === undefined ? [] : [id]));
  const byHand = before.flatMap(({ organizationId: id }) => (roles.has(id) ? [] : [id]));
  const all = [...given, ...byHand];
  return all.find((id) => id === user?.organizationId) ?? all[0];
}

async function newUser(
  { store, clock, random }: ProviderSignInOptions,
  identified: Identified,
  organizationId: OrganizationId,
): Promise<User> {
  const { claims, subject } = identified;
  const email = emailOf(identified);
  const named = [claims["name"], claims["preferred_username"], email, subject];
  const name = named.find((text): text is string => typeof text === "string" && text.trim() !== "") ?? subject;
  // An email is no way to somebody else's account: who has it already stays who they are.
  const isFree = email !== null && (await store.directory.userBy("email", email)) === undefined;
  return {
    id: newId("user", random),
    organizationId,
    name: cut(wellFormed(name).trim(), NAME_CHARS_MAX),
    kind: "person",
    email: isFree ? email : null,
    passwordHash: null,
    subject: subjectOf(identified),
    disabledAt: null,
    createdAt: clock.now(),
  };
}

/** The email in small letters, where the provider has seen that it is theirs. */
function emailOf({ claims }: Identified): string | null {
  const { email, email_verified: verified } = claims;
  const isTheirs = verified === true || verified === "true";
  const isEmail = typeof email === "string" && email.length <= EMAIL_CHARS_MAX && EMAIL.test(email);
  return isTheirs && isEmail ? email.toLowerCase() : null;
}

/** What somebody is to be in an organisation. */
interface Place {
  readonly user: User;
  readonly organizationId: OrganizationId;
  readonly role: Role | undefined;
}

/** They act themselves: nobody else is there. */
function actorFor({ origin }: ProviderSignInOptions, { user, organizationId }: Omit<Place, "role">): Actor {
  return { ...actorOf(organizationId, user.id), origin };
}

/** Makes somebody what they are to be. */
function settle(options: ProviderSignInOptions, place: Place): Promise<void> {
  return options.store.write(actorFor(options, place), (repositories) => putRole(options, repositories, place));
}

/** Makes somebody what they are to be where they sign in, and stores the code for it. */
async function enter(
  options: ProviderSignInOptions,
  { user, isNew, organizationId, roles }: Omit<Place, "role"> & { readonly isNew: boolean; readonly roles: Roles },
): Promise<string> {
  const { store, clock, secrets } = options;
  const { text: code } = newSecret("code", secrets);
  const userId = user.id;
  await store.write(actorFor(options, { user, organizationId }), async (repositories) => {
    if (isNew) await repositories.users.insert(user);
    if (roles.has(organizationId))
      await putRole(options, repositories, { user, organizationId, role: roles.get(organizationId) });
    const expiresAt = instantOf(clock.now() + CODE_MS);
    await repositories.sessions.insertCode({ codeHash: secrets.digest(code), organizationId, userId, expiresAt });
  });
  return code;
}

/** Nothing is written where it is so already, and an organisation keeps its last owner. */
async function putRole(
  { clock, log }: ProviderSignInOptions,
  { memberships, attempt }: Repositories,
  { user, organizationId, role }: Place,
): Promise<void> {
  const held = await memberships.find(user.id);
  if (held?.role === role) return;
  const change = () =>
    role === undefined
      ? memberships.remove(user.id)
      : memberships.put({ organizationId, userId: user.id, ...WHOLE, createdAt: clock.now(), ...held, role });
  if (held?.role !== "owner" || !(await memberships.hasOwner(organizationId))) return change();
  const { ok } = await attempt(async () => {
    await change();
    return { ok: await memberships.hasOwner(organizationId) };
  });
  if (!ok) log(`${user.id} stays the last owner of ${organizationId}: SELKIE_OIDC_ROLES says '${role ?? "nothing"}'`);
}

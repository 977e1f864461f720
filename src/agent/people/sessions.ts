import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { refuseWider } from "../../access/narrow.ts";
import type { AccessKey, Session, User } from "../../access/people.ts";
import { kindOfSecret, newSecret } from "../../access/secret-text.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { actorOf, DEFAULT_ACTOR, newId, type OrganizationId, type SessionId, type UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import { mustFind } from "../find.ts";
import { type Door, type Origins, unauthorized } from "./door.ts";
import { endOfMaker } from "./keys.ts";
import { mustFindMember, type PeopleOptions, refuseAbove } from "./people.ts";
import type { Tries } from "./tries.ts";

/** How long a session lasts at most. */
const SESSION_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** How long a code opens a session. */
const CODE_MS = 10 * 60 * 1000;

/** What somebody signs in with. */
export type SignIn =
  | { readonly key: string }
  | { readonly email: string; readonly password: string; readonly organizationId?: OrganizationId }
  | { readonly code: string };

/** What signing in takes. */
export interface SignInOptions extends PeopleOptions {
  readonly door: Door;
  readonly tries: Tries;
}

/** From where somebody signs in, and what their client says that it is. */
export interface SignInFrom extends Origins {
  readonly agent: string | null;
}

/** A session with its token, which is told once. */
export interface OpenSession {
  readonly session: Session;
  readonly token: string;
}

/** Whose a session will be. */
type Opening = Pick<Session, "organizationId" | "userId" | "keyId"> & {
  readonly isRoot?: boolean;
  /** A code that goes with it. */
  readonly codeHash?: string;
  /** What was shown of the key. */
  readonly keyHash?: string;
};

/**
 * Begins a session. Throws an `unauthorized` Failure for whatever does not open one, after the same work, and a
 * `too_many` one after too many passwords that did not.
 */
export async function signIn(options: SignInOptions, given: SignIn, from: SignInFrom): Promise<OpenSession> {
  const opening = await openingFor(options, given, from);
  const { store, clock, secrets, random, door } = options;
  const { text: token } = newSecret("session", secrets);
  const now = clock.now();
  const { organizationId, userId, keyId, isRoot = false, codeHash, keyHash } = opening;
  const session: Session = {
    id: newId("session", random),
    organizationId,
    userId,
    keyId,
    rootDigest: isRoot ? door.rootDigest(token) : null,
    tokenHash: secrets.digest(token),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: instantOf(now + SESSION_MS_MAX),
    ip: from.address(),
    agent: from.agent,
  };
  const origin = { kind: "session", requestId: null, address: from.address };
  return store.write({ ...actorOf(organizationId, userId, keyId), origin }, async ({ sessions, keys }) => {
    // Of two who come with one code, the second finds it gone.
    if (codeHash !== undefined && !(await sessions.takeCode(codeHash))) throw unauthorized();
    const key = keyId === null ? undefined : await keys.find(keyId);
    const expiresAt = keyId === null ? session.expiresAt : earliest(session.expiresAt, lastOf(key, keyHash));
    await sessions.insert({ ...session, expiresAt });
    return { session: { ...session, expiresAt }, token };
  });
}

/** When what was shown of a key ends; it may have become another key meanwhile. */
function lastOf(key: AccessKey | undefined, hash: string | undefined): Instant | null {
  if (key?.secretHash === hash) return key?.expiresAt ?? null;
  if (key === undefined || key.replacedHash !== hash || key.replacedUntil === null) throw unauthorized();
  return earliest(key.replacedUntil, key.expiresAt);
}

function earliest(one: Instant, other: Instant | null): Instant {
  return other !== null && other < one ? other : one;
}

/** The sessions that have not ended: everybody's for who may see them, else one's own. */
export async function listSessions(
  { store, clock }: PeopleOptions,
  caller: Caller,
  { page, userId }: { readonly page: Page; readonly userId?: UserId | undefined },
): Promise<readonly Session[]> {
  const seesAll = caller.scopes.has("access:read") && caller.agentIds === null;
  const whose = seesAll ? userId : caller.userId;
  const actor = seesAll ? mayEverywhere(caller, "access:read") : may(caller, "keys:own");
  return store.reader(actor).sessions.list({ openAt: clock.now(), ...(whose && { userId: whose }) }, page);
}

/** Ends a session. Whoever is signed in may end their own, whatever they may besides. */
export async function endSession({ store }: PeopleOptions, caller: Caller, id: SessionId): Promise<Session> {
  const isThis = caller.proof.kind === "session" && caller.proof.sessionId === id;
  const isAdmin = caller.scopes.has("access:write") && caller.agentIds === null;
  const own = actorOf(caller.organizationId, caller.userId);
  const actor = isThis ? own : isAdmin ? mayEverywhere(caller, "access:write") : may(caller, "keys:own");
  return store.write(actor, async ({ sessions }) => {
    const session = await mustFind(sessions, id);
    if (!isThis && !isAdmin && session.userId !== caller.userId)
      throw new Failure("not_found", `Session not found with id='${id}'`);
    await sessions.remove(id);
    return session;
  });
}

/** A code that opens one session of a user within ten minutes: for who may at least what they may. */
export async function createSignInCode(
  options: PeopleOptions,
  caller: Caller,
  userId: UserId,
): Promise<{ readonly code: string; readonly expiresAt: Instant }> {
  const { store, clock, secrets } = options;
  const isOwn = userId === caller.userId;
  const actor = isOwn ? may(caller, "keys:own") : mayEverywhere(caller, "access:write");
  if (isOwn && (await endOfMaker(options, caller)) !== null)
    throw new Failure("forbidden", "Your key ends, and what it signs in would last longer; use one that does not end");
  const { text: code } = newSecret("code", secrets);
  const expiresAt = instantOf(clock.now() + CODE_MS);
  await store.write(actor, async (repositories) => {
    const member = await mustFindMember(repositories, userId);
    if (isOwn) refuseWider(caller, member.membership);
    else await refuseAbove(repositories, caller, member);
    refuseBarred(member.user);
    const { organizationId } = actor;
    await repositories.sessions.insertCode({ codeHash: secrets.digest(code), organizationId, userId, expiresAt });
  });
  return { code, expiresAt };
}

function refuseBarred({ name, disabledAt, kind }: User): void {
  if (kind === "service") throw new Failure("conflict", `${name} is a service account, which signs in by its keys`);
  if (disabledAt !== null) throw new Failure("conflict", `${name} is disabled; enable the user first`);
}

function openingFor(options: SignInOptions, given: SignIn, from: SignInFrom): Promise<Opening> {
  if ("key" in given) return openingByKey(options, given.key, from);
  if ("code" in given) return openingByCode(options, given.code);
  // Nobody guesses a key or a code: whoever has one gets in, however many others fail.
  return options.tries.guard(from.address(), () => openingByPassword(options, given));
}

async function openingByKey({ door, secrets }: SignInOptions, key: string, from: Origins): Promise<Opening> {
  const { proof, organizationId, userId } = await door.admit(key, from);
  if (proof.kind === "root") return { ...DEFAULT_ACTOR, keyId: null, isRoot: true };
  // A session is no way to another one that would last longer.
  if (proof.kind !== "key") throw unauthorized();
  return { organizationId, userId, keyId: proof.keyId, keyHash: secrets.digest(key) };
}

async function openingByCode({ store, clock, secrets }: SignInOptions, code: string): Promise<Opening> {
  if (kindOfSecret(code) !== "code") throw unauthorized();
  const codeHash = secrets.digest(code);
  const found = await store.directory.codeOf(codeHash);
  if (found === undefined || found.expiresAt <= clock.now()) throw unauthorized();
  const { organizationId, userId } = found;
  return { organizationId, userId, keyId: null, codeHash };
}

async function openingByPassword(
  { store, secrets }: SignInOptions,
  { email, password, organizationId }: Extract<SignIn, { readonly email: string }>,
): Promise<Opening> {
  const user = await store.directory.userBy("email", email.toLowerCase());
  // Nobody's password takes as long as somebody's.
  const isTheirs = await secrets.isPassword(password, user?.passwordHash ?? secrets.nobodysHash);
  if (user === undefined || user.passwordHash === null || !isTheirs || user.disabledAt !== null)
    throw unauthorized(user && { organizationId: user.organizationId, userId: user.id, keyId: null });
  const memberships = await store.directory.membershipsOf(user.id);
  const wanted = organizationId ?? user.organizationId;
  const found =
    memberships.find((one) => one.organizationId === wanted) ??
    (organizationId === undefined ? memberships[0] : undefined);
  if (found === undefined) throw unauthorized();
  return { organizationId: found.organizationId, userId: user.id, keyId: null };
}

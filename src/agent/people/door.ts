import { type Caller, callerOf, keyOf, type Proof } from "../../access/may.ts";
import { type AgentChoice, common, narrowedBy } from "../../access/narrow.ts";
import { type AccessNotices, concerns } from "../../access/notices.ts";
import type { Role } from "../../access/role.ts";
import { kindOfSecret } from "../../access/secret-text.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, DEFAULT_ACTOR, type KeyId, type SessionId } from "../../core/id.ts";
import type { Secrets } from "../../core/secrecy/secrets.ts";
import type { Shown } from "../ports/access.ts";
import type { Store } from "../ports/ports.ts";
import { createUses } from "./uses.ts";

/** How long a session lasts that nobody uses. */
const SESSION_IDLE_MS = 12 * 60 * 60 * 1000;
/** Credentials that are kept in memory. */
const KEPT_MAX = 10_000;
/** Agents that tags or an identity may narrow somebody to. */
const AGENTS_MAX = 1_000;

/** Where a request comes from. */
export interface Origins {
  /** The address of the other machine; null where nobody listens. */
  readonly address: () => string | null;
  /** The origin of the web page that asks; undefined where none does. */
  readonly page: string | undefined;
}

/** Knows whom to let in. */
export interface Door {
  /** Whether nobody has to show anything. It closes with the first key or password, and stays closed. */
  isOpen(): boolean;
  /**
   * Who shows this key or session token: at once where it was shown lately. Throws an `unauthorized` Failure for every
   * text that opens nothing, whatever the reason.
   */
  admit(credential: string, from: Origins): Caller | Promise<Caller>;
  /**
   * Whether this key or token would still let in who it let in before, to all that they were allowed then. To be asked
   * that is no use of it. Without one, whether nobody has to show anything still.
   */
  stillAdmits(credential: string, before: Caller): Promise<boolean>;
  /** What ties a session with this token to the key of the settings: without the token, which is not stored, it tells nothing of that key. */
  rootDigest(token: string): string | null;
  /** Whether a web page of this origin has a key of its own. */
  hasPage(origin: string): Promise<boolean>;
  /** Writes down when keys were used last, as far as that is not done yet. */
  settle(): Promise<void>;
  /** The same for the last time, before the store is closed. */
  close(): Promise<void>;
}

/** What a {@link Door} is made of. */
export interface DoorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, "digest">;
  readonly notices: AccessNotices;
  /** The key of the settings: whoever has it is the default organisation's owner. */
  readonly rootKey: string | null;
  /** Whether people sign in elsewhere, so that nobody comes in who shows nothing. */
  readonly isClosed?: boolean;
  readonly log: (message: string, error?: unknown) => void;
}

type KnownProof = Extract<Proof, { readonly kind: "key" | "session" }>;

/** What is known of a credential that was shown. */
interface Known {
  readonly id: KeyId | SessionId;
  /** Who it is, all agents aside that have to be looked up. */
  readonly caller: Caller;
  /** To what the caller is narrowed that may become another at any time; empty where there is none. */
  readonly moving: readonly AgentChoice[];
  readonly page: string | null;
  readonly endsAt: number;
  lastUsedAt: number;
}

/** The {@link Door}, as the database says that it stands. */
export async function createDoor(options: DoorOptions): Promise<Door> {
  const { store, clock, secrets, notices, rootKey, isClosed: neverOpen = false } = options;
  const isRoot = rootKey === null ? () => false : sameAs(rootKey);
  const root = callerOf(DEFAULT_ACTOR, "owner", { proof: { kind: "root" } });
  const known = createKnown(notices);
  const uses = createUses(options);
  let isClosed = neverOpen || rootKey !== null || (await store.directory.closedSince()) !== undefined;
  notices.listen((changed) => {
    isClosed ||= changed.some(({ kind }) => kind === "door");
  });

  function rootDigest(token: string): string | null {
    return rootKey === null ? null : secrets.digest(`${token} ${rootKey}`);
  }

  async function find(credential: string, hash: string): Promise<Known> {
    const before = known.changes();
    const kind = kindOfSecret(credential);
    const { directory } = store;
    const found = kind === "key" ? await directory.keyOf(hash) : await directory.sessionOf(hash);
    const isOfRoot = rootKey !== null && found?.session?.rootDigest === rootDigest(credential);
    const isReplaced = found?.session === null && found.key?.secretHash !== hash;
    const one = found && knownOf(found, { isOfRoot, isReplaced });
    if (one === undefined) throw unauthorized(found && ownerOf(found));
    known.keep(hash, one, before);
    return one;
  }

  function isOver({ caller, endsAt, lastUsedAt }: Known): boolean {
    const now = clock.now();
    return now >= endsAt || (caller.proof.kind === "session" && now - lastUsedAt >= SESSION_IDLE_MS);
  }

  function enter(hash: string, one: Known, { address, page }: Origins): Caller | Promise<Caller> {
    if (isOver(one)) {
      known.delete(hash);
      throw unauthorized(ownerOf(one.caller));
    }
    if (one.page !== null && page !== undefined && page.toLowerCase() !== one.page) throw unauthorized();
    const now = clock.now();
    one.lastUsedAt = now;
    uses.note(one.id, now, address);
    return one.moving.length === 0 ? one.caller : narrowed(store, one);
  }

  return {
    isOpen: () => !isClosed,
    admit(credential, from) {
      if (isRoot(credential)) return root;
      const kind = kindOfSecret(credential);
      if (kind !== "key" && kind !== "session") throw unauthorized();
      const hash = secrets.digest(credential);
      const one = known.get(hash);
      return one === undefined
        ? find(credential, hash).then((fresh) => enter(hash, fresh, from))
        : enter(hash, one, from);
    },
    async stillAdmits(credential, before) {
      if (before.proof.kind === "open") return !isClosed;
      if (isRoot(credential)) return true;
      const hash = secrets.digest(credential);
      const one = known.get(hash) ?? (await find(credential, hash).catch(gone));
      if (one === undefined || isOver(one)) return false;
      const now = one.moving.length === 0 ? one.caller : await narrowed(store, one).catch(gone);
      return now !== undefined && covers(now, before);
    },
    rootDigest,
    hasPage: (origin) => store.directory.hasOrigin(origin.toLowerCase(), clock.now()),
    settle: uses.settle,
    close: uses.close,
  };
}

/** What was shown lately, as far as there is room. Whatever changes somebody's access takes out what is of theirs. */
function createKnown(notices: AccessNotices) {
  const kept = new Map<string, Known>();
  let changes = 0;
  notices.listen((changed) => {
    changes++;
    for (const change of changed) for (const [hash, one] of kept) if (concerns(change, one.caller)) kept.delete(hash);
  });
  return {
    get: (hash: string) => kept.get(hash),
    delete: (hash: string) => kept.delete(hash),
    /** How often anything has changed so far. */
    changes: () => changes,
    /** Keeps what was read after so many changes, unless there was another one since. */
    keep(hash: string, one: Known, changesBefore: number): void {
      if (changes !== changesBefore) return;
      for (const oldest of kept.keys()) {
        if (kept.size < KEPT_MAX) break;
        kept.delete(oldest);
      }
      kept.set(hash, one);
    },
  };
}

/** Nobody, where somebody may not come in; throws what stands in the way of knowing. */
function gone(error: unknown): undefined {
  if (error instanceof Failure && (error.kind === "unauthorized" || error.kind === "forbidden")) return undefined;
  throw error;
}

/** Whether somebody may now all that they might before. */
function covers(now: Caller, before: Caller): boolean {
  const holds = <T>(list: readonly T[] | null, old: readonly T[] | null) =>
    list === null || old?.every((one) => list.includes(one)) === true;
  const isSame = now.organizationId === before.organizationId && now.identityId === before.identityId;
  const mayAsMuch = before.scopes.isSubsetOf(now.scopes) && holds(now.agentIds, before.agentIds);
  return isSame && mayAsMuch && holds(now.models, before.models);
}

/** The one answer to whoever is not let in. */
export function unauthorized(known?: Recognized): Failure {
  return new Failure("unauthorized", "Unauthorized", known === undefined ? {} : { info: { known } });
}

/** Who it was that showed what opens nothing any more. The log of actions is told, and nobody else. */
export type Recognized = Pick<Actor, "organizationId" | "userId" | "keyId">;

function ownerOf(one: Shown | Caller): Recognized {
  if ("proof" in one) {
    const { organizationId, userId } = one;
    return { organizationId, userId, keyId: keyOf(one) };
  }
  const { user, key, session } = one;
  const { organizationId } = session ?? key ?? user;
  return { organizationId, userId: user.id, keyId: key?.id ?? null };
}

/** Compares every byte, so that the time it takes does not tell how far a guess was right. */
function sameAs(secret: string): (text: string) => boolean {
  const expected = new TextEncoder().encode(secret);
  return (text) => {
    const given = new TextEncoder().encode(text);
    let difference = given.length ^ expected.length;
    for (let i = 0; i < expected.length; i++) difference |= (given[i] ?? 0) ^ (expected[i] ?? 0);
    return difference === 0;
  };
}

/** What a credential opens; undefined where that is nothing any more. When it ends is looked at each time. */
function knownOf(shown: Shown, { isOfRoot, isReplaced }: Showing): Known | undefined {
  const { user, membership, key, session } = shown;
  const proof = proofOf(shown);
  const role = isOfRoot ? "owner" : roleOf(shown);
  if (proof === undefined || role === undefined) return undefined;
  const narrowing = isOfRoot ? [] : [membership, key].filter((one) => one !== null && one !== undefined);
  const { scopes, models, agents, identityId } = narrowedBy(narrowing);
  const moving = agents.filter((choice) => !("ids" in choice) || choice.tags.length > 0);
  const still = agents.flatMap((choice) => ("ids" in choice && choice.tags.length === 0 ? [choice.ids] : []));
  const ends = [session?.expiresAt, key?.expiresAt, isReplaced ? (key?.replacedUntil ?? 0) : null];
  const { organizationId } = session ?? key ?? user;
  const caller = callerOf({ organizationId, userId: user.id }, role, {
    ...(scopes === null ? {} : { scopes: new Set(scopes) }),
    agentIds: common(still),
    models,
    identityId,
    proof,
  });
  return {
    id: proof.kind === "session" ? proof.sessionId : proof.keyId,
    caller,
    moving,
    page: key?.origin ?? null,
    endsAt: Math.min(...ends.map((at) => at ?? Number.POSITIVE_INFINITY)),
    lastUsedAt: session?.lastUsedAt ?? 0,
  };
}

/** How a credential was shown: with the key of the settings in it, or as what a key was before. */
interface Showing {
  readonly isOfRoot: boolean;
  readonly isReplaced: boolean;
}

function proofOf({ key, session }: Shown): KnownProof | undefined {
  if (key !== null && key.revokedAt !== null) return undefined;
  if (session !== null) return { kind: "session", sessionId: session.id, keyId: session.keyId };
  return key === null ? undefined : { kind: "key", keyId: key.id };
}

/** What somebody is; undefined for who may do nothing, and where a session began by another key of the settings than today's. */
function roleOf({ user, membership, session }: Shown): Role | undefined {
  const isGone = user.disabledAt !== null || (session !== null && session.rootDigest !== null);
  return isGone ? undefined : membership?.role;
}

/** The caller with the agents that they are narrowed to as of now. */
async function narrowed({ directory }: Store, { caller, moving }: Known): Promise<Caller> {
  const lists: (readonly AgentId[] | null)[] = [caller.agentIds];
  for (const choice of moving) {
    const found = await directory.agentsBy(choice, caller.organizationId, AGENTS_MAX + 1);
    if (found.length > AGENTS_MAX)
      throw new Failure(
        "forbidden",
        `This key is narrowed to more than ${AGENTS_MAX} agents by tags or an identity; narrow it by tags that fewer have, or make one without`,
      );
    lists.push("ids" in choice ? [...new Set([...choice.ids, ...found])] : found);
  }
  return { ...caller, agentIds: common(lists) };
}

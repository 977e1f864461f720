import {
  LIMITS_MAX,
  type Limit,
  type LimitId,
  type LimitKind,
  type Spender,
  type Standing,
  type SubjectKind,
  standingOf,
} from "../../access/limit.ts";
import { type Caller, mayEverywhere } from "../../access/may.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, type KeyId, newId, parseId, type UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Random } from "../../core/random.ts";
import { mustFind } from "../find.ts";
import type { LimitFilter } from "../ports/limits.ts";
import type { Readers, Store } from "../ports/ports.ts";

/** What limits are set and looked at with. */
export interface LimitDesk {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** A limit as somebody asks for it. */
export type LimitDraft = Pick<
  Limit,
  "name" | "subjectKind" | "subjectId" | "kind" | "window" | "amount" | "allowsUnpriced"
>;
/** What of a limit can be changed. Who and what it counts stays, or what was spent of it would mean something else. */
export type LimitChange = Partial<Pick<Limit, "name" | "amount" | "allowsUnpriced">>;

/** What the door can count by: it does not know yet which agent is meant. */
const AT_DOOR: readonly SubjectKind[] = ["organization", "user", "key"];

/**
 * Sets a limit. Throws a `not_found` Failure for a subject that the organisation does not have, a `conflict` one where the
 * subject has a limit of the same kind and window, and a `refused` one for requests of an agent.
 */
export async function setLimit({ store, clock, random }: LimitDesk, caller: Caller, draft: LimitDraft): Promise<Limit> {
  const actor = mayEverywhere(caller, "access:write");
  if (draft.kind === "requests" && !AT_DOOR.includes(draft.subjectKind))
    throw new Failure("refused", "Requests are counted before it is known for which agent they are; limit its runs");
  const now = clock.now();
  const limit: Limit = { ...draft, id: newId("limit", random), createdAt: now, updatedAt: now };
  await store.write(actor, async (repositories) => {
    const { limits } = repositories;
    if ((await limits.count()) >= LIMITS_MAX)
      throw new Failure("refused", `An organisation may have ${LIMITS_MAX} limits at most`);
    await mustHave(repositories, actor, limit);
    await limits.insert(limit);
  });
  return limit;
}

/** Throws a `not_found` Failure for a subject that the organisation does not have. */
async function mustHave(
  { agents, keys, memberships }: Readers,
  { organizationId }: Actor,
  { subjectKind, subjectId }: Pick<Limit, "subjectKind" | "subjectId">,
): Promise<void> {
  const [agentId, keyId, userId] = [parseId("agent", subjectId), parseId("key", subjectId), parseId("user", subjectId)];
  const found = {
    organization: async () => subjectId === organizationId,
    agent: async () => agentId !== undefined && (await agents.find(agentId)) !== undefined,
    key: async () => keyId !== undefined && (await keys.find(keyId)) !== undefined,
    user: async () => userId !== undefined && (await memberships.find(userId)) !== undefined,
  };
  if (!(await found[subjectKind]()))
    throw new Failure("not_found", `There is no ${subjectKind} with the id '${subjectId}' to be limited`);
}

/** Changes a limit. What was spent of it stays spent. */
export async function changeLimit(
  { store, clock }: LimitDesk,
  caller: Caller,
  { id, change }: { readonly id: LimitId; readonly change: LimitChange },
): Promise<Limit> {
  const actor = mayEverywhere(caller, "access:write");
  return store.write(actor, async ({ limits }) => {
    const changed = { ...(await mustFind(limits, id)), ...change, updatedAt: clock.now() };
    await limits.save(changed);
    return changed;
  });
}

/** Takes a limit away, with what was spent of it. */
export async function removeLimit({ store }: LimitDesk, caller: Caller, id: LimitId): Promise<void> {
  const actor = mayEverywhere(caller, "access:write");
  await store.write(actor, ({ limits }) => limits.remove(id));
}

/** A limit of this id. */
export async function findLimit({ store }: LimitDesk, caller: Caller, id: LimitId): Promise<Limit> {
  return mustFind(store.reader(mayEverywhere(caller, "access:read")).limits, id);
}

/** A page of limits, oldest first unless asked otherwise. */
export async function listLimits(
  { store }: LimitDesk,
  caller: Caller,
  { filter, page }: { readonly filter: LimitFilter; readonly page: Page },
): Promise<readonly Limit[]> {
  return store.reader(mayEverywhere(caller, "access:read")).limits.list(filter, page);
}

/** A limit, and where it stands. */
export interface SpentLimit {
  readonly limit: Limit;
  /** Null of requests, which are counted at the door and stored nowhere. */
  readonly standing: Standing | null;
  /** Whether of those on the way of one spender this one is nearest to its end. */
  readonly bindsFirst: boolean;
}

/** Of whom the limits are to be shown; what is absent is not looked for. */
export interface SpendQuery {
  readonly keyId?: KeyId;
  readonly userId?: UserId;
  readonly agentId?: AgentId;
}

/**
 * Where limits stand: a page of all, or those on the way of a key, user or agent, the one marked that will bind first. A
 * key's user comes with it, and everybody's organisation.
 */
export async function spentLimits(
  { store, clock }: LimitDesk,
  caller: Caller,
  { query, page }: { readonly query: SpendQuery; readonly page: Page },
): Promise<readonly SpentLimit[]> {
  const actor = mayEverywhere(caller, "access:read");
  const reader = store.reader(actor);
  const isOfOne = Object.keys(query).length > 0;
  const limits = isOfOne
    ? await reader.limits.onWay(await spenderOf(reader, actor, query))
    : await reader.limits.list({}, page);
  const standings = await standingsOf(reader, limits, clock);
  const shares = standings.map(({ limit, standing }) => (standing === null ? 1 : shareLeft(limit, standing)));
  const first = isOfOne ? shares.indexOf(Math.min(...shares)) : -1;
  return standings.map((each, at) => ({ ...each, bindsFirst: at === first }));
}

async function spenderOf(readers: Readers, actor: Actor, query: SpendQuery): Promise<Spender> {
  const { keyId = null, agentId = null } = query;
  const key = keyId === null ? null : await mustFind(readers.keys, keyId);
  for (const [subjectKind, subjectId] of [
    ["user", query.userId],
    ["agent", agentId],
  ] as const)
    if (subjectId != null) await mustHave(readers, actor, { subjectKind, subjectId });
  return { organizationId: actor.organizationId, userId: query.userId ?? key?.userId ?? null, keyId, agentId };
}

/** The part of an amount that is left, what is held taken for spent. */
function shareLeft({ amount }: Limit, { settled, reserved }: Standing): number {
  return (amount - settled - reserved) / amount;
}

async function standingsOf({ limits: store }: Readers, limits: readonly Limit[], clock: Clock) {
  const now = clock.now();
  const spent = await store.spent(limits.map(({ id }) => id));
  const all: { readonly limit: Limit; readonly standing: Standing | null }[] = [];
  for (const limit of limits) {
    const standing = standingOf(limit, spent.get(limit.id) ?? [], now);
    const settled = limit.kind === "active_runs" ? await store.activeRuns(limit, limit.amount) : standing.settled;
    all.push({ limit, standing: UNSTORED.includes(limit.kind) ? null : { ...standing, settled } });
  }
  return all;
}

const UNSTORED: readonly LimitKind[] = ["requests"];

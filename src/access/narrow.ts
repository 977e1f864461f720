import { Failure } from "../core/failure.ts";
import { type AgentId, type IdentityId, parseId } from "../core/id.ts";
import { cut } from "../core/text.ts";
import type { Caller } from "./may.ts";
import type { Narrowed } from "./people.ts";
import { isAtLeast, type Role, type Scope, scopesOf, withImplied } from "./role.ts";

/** How a tag is written among agents. */
const TAG = "tag:";

/** What several together leave. */
export interface Narrowing extends Pick<Narrowed, "scopes" | "models" | "identityId"> {
  /** Each holds: an agent must be in all of them. */
  readonly agents: readonly AgentChoice[];
}

/** Agents by their ids and tags, or those of one identity. */
export type AgentChoice =
  | { readonly ids: readonly AgentId[]; readonly tags: readonly string[] }
  | { readonly identityId: IdentityId };

/** What a membership and a key leave together, of either or both. */
export function narrowedBy(each: readonly Narrowed[]): Narrowing {
  return {
    scopes: common(each.map(({ scopes }) => (scopes === null ? null : [...withImplied(scopes)]))),
    models: common(each.map(({ models }) => models)),
    identityId: each.findLast(({ identityId }) => identityId !== null)?.identityId ?? null,
    agents: each.flatMap(({ agents, identityId }) => [
      ...(agents === null ? [] : [choiceOf(agents)]),
      ...(identityId === null ? [] : [{ identityId }]),
    ]),
  };
}

/** What is in all lists; null where none of them narrows. */
export function common<T>(lists: readonly (readonly T[] | null)[]): readonly T[] | null {
  const given = lists.filter((list) => list !== null);
  const [first, ...others] = given;
  return first?.filter((item) => others.every((list) => list.includes(item))) ?? null;
}

/** Ids and tags apart. What is neither names no agent. */
export function choiceOf(agents: readonly string[]): {
  readonly ids: readonly AgentId[];
  readonly tags: readonly string[];
} {
  return {
    ids: agents.flatMap((text) => parseId("agent", text) ?? []),
    tags: agents.filter((text) => text.startsWith(TAG)).map((text) => text.slice(TAG.length)),
  };
}

/** Somebody's role, and what it is narrowed to. */
export interface Held extends Narrowed {
  readonly role: Role;
}

/**
 * What is asked for somebody of this role, not wider than its maker: where nothing is asked that the maker has not, what
 * the maker has. Throws a `forbidden` Failure for what the maker lacks, and an `invalid` one for what names no agent.
 */
export function narrowedTo(maker: Caller, owner: Held, asked: Narrowed): Narrowed {
  if (!isAtLeast(maker.role, owner.role))
    throw new Failure("forbidden", `Only who is ${owner.role} can do this; you are ${maker.role}`);
  return {
    scopes: scopesWithin(maker, owner, asked.scopes),
    agents: agentsWithin(maker, asked.agents),
    models: listWithin("model", maker.models, asked.models),
    identityId: identityWithin(maker, asked.identityId),
  };
}

/** Throws a `forbidden` Failure where somebody may more than who asks: what opens for them, the asker could use. */
export function refuseWider(maker: Caller, owner: Held): void {
  const within = narrowedTo(maker, { ...owner, scopes: null }, owner);
  if (JSON.stringify(withoutOrder(within)) !== JSON.stringify(withoutOrder(owner)))
    throw new Failure(
      "forbidden",
      "This may be done only by who may at least as much; the key or user may more than you",
    );
}

function withoutOrder({ scopes, agents, models, identityId }: Narrowed): readonly unknown[] {
  return [scopes?.toSorted(), agents?.toSorted(), models?.toSorted(), identityId].map((one) => one ?? null);
}

function scopesWithin(maker: Caller, owner: Held, asked: Narrowed["scopes"]): readonly Scope[] | null {
  const held =
    owner.scopes === null ? scopesOf(owner.role) : scopesOf(owner.role).intersection(withImplied(owner.scopes));
  if (asked === null) return held.isSubsetOf(maker.scopes) ? null : [...held.intersection(maker.scopes)];
  const beyond = asked.filter((scope) => !held.has(scope) || !maker.scopes.has(scope));
  if (beyond.length > 0)
    throw new Failure("forbidden", `The scopes ${beyond.join(", ")} are more than ${owner.role}, or you, may have`);
  return [...new Set(asked)];
}

function agentsWithin(maker: Caller, asked: Narrowed["agents"]): readonly string[] | null {
  const wrong = asked?.find(
    (text) => parseId("agent", text) === undefined && !(text.startsWith(TAG) && text.length > TAG.length),
  );
  if (wrong !== undefined)
    throw new Failure("invalid", `agents: should be ids of agents, or tag:NAME, got '${cut(wrong, 100)}'`);
  return listWithin("agent", maker.agentIds, asked);
}

function listWithin(
  what: string,
  held: readonly string[] | null,
  asked: readonly string[] | null,
): readonly string[] | null {
  if (held === null || asked === null) return asked === null ? held : [...new Set(asked)];
  const beyond = asked.find((one) => !held.includes(one));
  if (beyond !== undefined)
    throw new Failure("forbidden", `You are narrowed to ${what}s of which '${cut(beyond, 100)}' is none`);
  return [...new Set(asked)];
}

function identityWithin({ identityId }: Caller, asked: IdentityId | null): IdentityId | null {
  if (identityId !== null && asked !== null && asked !== identityId)
    throw new Failure("forbidden", `You are narrowed to the identity ${identityId}`);
  return asked ?? identityId;
}

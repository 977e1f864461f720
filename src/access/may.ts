import { Failure } from "../core/failure.ts";
import type { Actor, AgentId, IdentityId, KeyId, OrganizationId, Origin, SessionId, UserId } from "../core/id.ts";
import { type Role, type Scope, scopesOf, withImplied } from "./role.ts";

/** How the door knew somebody. */
export type Proof =
  /** Nobody had to show anything: only this machine reaches the server. */
  | { readonly kind: "open" }
  /** The key of the server's settings. */
  | { readonly kind: "root" }
  | { readonly kind: "key"; readonly keyId: KeyId }
  /** A sign-in, and the key by which it began where it was one. */
  | { readonly kind: "session"; readonly sessionId: SessionId; readonly keyId: KeyId | null }
  /** Code of a tool, for as long as its call for somebody who came by this key. */
  | { readonly kind: "lent"; readonly keyId: KeyId | null }
  /** The server itself, going on with what came by this key. */
  | { readonly kind: "system"; readonly keyId: KeyId | null };

/**
 * Who asks, as the door let them in. A caller can read and write nothing: {@link may} makes an {@link Actor} of it, for
 * one action at a time, and stores take nobody else.
 */
export interface Caller {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly role: Role;
  /** What role, membership and key together leave; never more than the role holds. */
  readonly scopes: ReadonlySet<Scope>;
  /** The agents that the caller is narrowed to; null is all of the organisation. */
  readonly agentIds: readonly AgentId[] | null;
  /** Handles of the models that may be asked on the caller's behalf; null is all. */
  readonly models: readonly string[] | null;
  /** The one identity that the caller speaks for; null is none in particular. */
  readonly identityId: IdentityId | null;
  readonly proof: Proof;
  /** How they came; null for the server itself. */
  readonly origin: Origin | null;
}

/** What an action is on, as far as callers are narrowed by it. */
export interface Resource {
  readonly agentId?: AgentId;
  /** The handle of a model. */
  readonly model?: string;
}

/** What of a {@link Caller} is narrowed further than the role, and how they came. */
export type Narrowing = Partial<Pick<Caller, "scopes" | "agentIds" | "models" | "identityId" | "origin">>;

/** Somebody of a role in an organisation, narrowed or not. */
export function callerOf(
  { organizationId, userId }: Pick<Caller, "organizationId" | "userId">,
  role: Role,
  { proof, ...narrowing }: Narrowing & Pick<Caller, "proof">,
): Caller {
  const held = scopesOf(role);
  const scopes = narrowing.scopes === undefined ? held : held.intersection(withImplied(narrowing.scopes));
  const { agentIds = null, models = null, identityId = null, origin = null } = narrowing;
  return { organizationId, userId, role, scopes, agentIds, models, identityId, proof, origin };
}

/** The server itself, at work on somebody's behalf: it may what its work needs. */
export function systemFor(actor: Actor): Caller {
  return callerOf(actor, "owner", { proof: { kind: "system", keyId: actor.keyId }, agentIds: actor.agentIds });
}

/**
 * The one check: an {@link Actor} that may do `scope` on `resource`, or a Failure. `forbidden` where role, membership or
 * key does not hold the scope, or the model is not among theirs; `not_found`, in the words of an agent that is not there,
 * where the caller is narrowed to other agents. Whatever does the work calls it, not the face that was asked.
 */
export function may(caller: Caller, scope: Scope, { agentId, model }: Resource = {}): Actor {
  if (!caller.scopes.has(scope)) throw new Failure("forbidden", refusal(caller, scope), { info: { scope } });
  const { organizationId, userId, agentIds, origin } = caller;
  if (agentId !== undefined && agentIds !== null && !agentIds.includes(agentId))
    throw new Failure("not_found", `Agent with ID ${agentId} not found`);
  requireModels(caller, [model]);
  return { organizationId, userId, agentIds, keyId: keyOf(caller), origin };
}

/** Throws a `forbidden` Failure where one of the models, by their handles, is not among those of the caller. */
export function requireModels({ models }: Pick<Caller, "models">, named: readonly (string | null | undefined)[]): void {
  const beyond = models === null ? undefined : named.find((one) => one != null && !models.includes(one));
  if (beyond != null)
    throw new Failure("forbidden", `This key may not use the model '${beyond}'; it may use ${models?.join(", ")}`);
}

/** The key by which somebody came; null where there was none. */
export function keyOf({ proof }: Pick<Caller, "proof">): KeyId | null {
  return "keyId" in proof ? proof.keyId : null;
}

/** What somebody began, as the server goes on with it: it sees all that its agent shares with others. */
export function everywhere(actor: Actor): Actor {
  return actor.agentIds === null ? actor : { ...actor, agentIds: null };
}

/** As {@link may}, for what no narrowed caller may: what belongs to the organisation and not to some agents. */
export function mayEverywhere(caller: Caller, scope: Scope): Actor {
  const actor = may(caller, scope);
  if (caller.agentIds !== null)
    throw new Failure("forbidden", "This key is for some agents only, and this belongs to the whole organisation");
  return actor;
}

function refusal({ role, scopes }: Caller, scope: Scope): string {
  return scopesOf(role).has(scope)
    ? `This needs the scope '${scope}', which this key does not have; it has ${[...scopes].join(", ") || "none"}`
    : `This needs the scope '${scope}', which the role '${role}' does not have`;
}

import { type Authorship, changedBy, madeBy } from "../core/authorship.ts";
import type { Clock } from "../core/clock.ts";
import { type Actor, type IdentityId, newId, type OrganizationId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Random } from "../core/random.ts";

/** Whom an identity stands for. */
export const IDENTITY_TYPES = ["org", "user", "other"] as const;

/** One of {@link IDENTITY_TYPES}. */
export type IdentityType = (typeof IDENTITY_TYPES)[number];

/** What a property's value is said to be. */
export const PROPERTY_TYPES = ["string", "number", "boolean", "json"] as const;

/** Something known about whom an identity stands for. */
export interface IdentityProperty {
  readonly key: string;
  readonly value: string | number | boolean | JsonObject;
  readonly type: (typeof PROPERTY_TYPES)[number];
}

/** A person or organisation of a client's own world, to which agents and blocks are attached. */
export interface Identity extends Authorship {
  readonly id: IdentityId;
  readonly organizationId: OrganizationId;
  /** The client's own key, one of its kind within the project. */
  readonly identifierKey: string;
  readonly name: string;
  readonly identityType: IdentityType;
  readonly projectId: string | null;
  readonly properties: readonly IdentityProperty[];
}

/** A new identity as somebody asks for it. */
export type IdentityDraft = Pick<Identity, "identifierKey" | "name" | "identityType"> &
  Partial<Pick<Identity, "projectId" | "properties">>;

/** Fields of an identity that clients may set. */
export type IdentityChange = Partial<Omit<IdentityDraft, "projectId">>;

/** An identity that is not stored yet. */
export function newIdentity(
  sources: { readonly clock: Clock; readonly random: Random },
  actor: Actor,
  draft: IdentityDraft,
): Identity {
  const now = sources.clock.now();
  return {
    id: newId("identity", sources.random),
    organizationId: actor.organizationId,
    projectId: null,
    ...draft,
    properties: mergedProperties([], draft.properties ?? []),
    ...madeBy(actor, now),
  };
}

/** The identity with these fields changed. */
export function changedIdentity(
  identity: Identity,
  change: IdentityChange,
  { actor, clock }: { readonly actor: Actor; readonly clock: Clock },
): Identity {
  return { ...identity, ...change, ...changedBy(actor, clock.now()) };
}

/** The properties with others on top: of each key the last one counts, and a key keeps its place. */
export function mergedProperties(
  properties: readonly IdentityProperty[],
  others: readonly IdentityProperty[],
): readonly IdentityProperty[] {
  return [...new Map([...properties, ...others].map((property) => [property.key, property])).values()];
}

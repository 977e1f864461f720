import type { OrganizationId } from "../core/id.ts";
import { isRecord } from "../core/json.ts";
import type { Claims } from "./identity-provider.ts";
import { ROLES, type Role } from "./role.ts";

/** Who is what in an organisation, by what an identity provider says of them. */
export interface RoleRule {
  /** The claim and the value that it must have, or hold among others; null is everybody whom the provider knows. */
  readonly where: { readonly claim: string; readonly value: string } | null;
  readonly role: Role;
  readonly organizationId: OrganizationId;
}

/** What stands between the names of claims within claims. */
const SEPARATOR = ".";

/**
 * What somebody with these claims is in each organisation that the rules name: the highest role of those that fit, and
 * undefined where none does.
 */
export function rolesFrom(rules: readonly RoleRule[], claims: Claims): ReadonlyMap<OrganizationId, Role | undefined> {
  const roles = new Map<OrganizationId, Role | undefined>();
  for (const { where, role, organizationId } of rules) {
    const held = roles.get(organizationId);
    const fits = where === null || holds(claimOf(claims, where.claim), where.value);
    roles.set(organizationId, fits && rankOf(role) > rankOf(held) ? role : held);
  }
  return roles;
}

/** A claim by its name, or by its place within others: providers name claims by addresses, too, which hold dots. */
export function claimOf(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split(SEPARATOR))
    value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

function holds(claim: unknown, value: string): boolean {
  if (Array.isArray(claim)) return claim.some((one) => isPlain(one) && String(one) === value);
  return isPlain(claim) && String(claim) === value;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function rankOf(role: Role | undefined): number {
  return role === undefined ? -1 : ROLES.indexOf(role);
}

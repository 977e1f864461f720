/**
 * What can be allowed, one word for each kind of action. Keys are narrowed to some of them. Writing tools is a scope of
 * its own, as it is running code.
 */
export const SCOPES = [
  "agents:read",
  "agents:talk",
  "agents:write",
  "memory:read",
  "memory:write",
  "memory:forget",
  "runs:read",
  "runs:cancel",
  "approvals:answer",
  "tools:write",
  "keys:own",
  "providers:write",
  "access:read",
  "access:write",
  "audit:read",
  "metrics:read",
  "server:admin",
] as const;

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

/** What somebody is in an organisation, the least first. Each may all that those before it may. */
export const ROLES = ["viewer", "operator", "editor", "admin", "owner"] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** What each role adds to the one before it. */
const ADDED: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ["agents:read", "memory:read", "runs:read"],
  operator: ["agents:talk", "approvals:answer", "runs:cancel", "keys:own"],
  editor: ["agents:write", "memory:write", "memory:forget", "tools:write"],
  admin: ["providers:write", "access:read", "access:write", "audit:read", "metrics:read"],
  owner: ["server:admin"],
};

const HELD: ReadonlyMap<Role, ReadonlySet<Scope>> = new Map(
  ROLES.map((role, rank) => [role, new Set(ROLES.slice(0, rank + 1).flatMap((held) => ADDED[held]))]),
);

/** What goes without saying: who writes is shown what came of it. */
const IMPLIED: Readonly<Partial<Record<Scope, Scope>>> = {
  "agents:write": "agents:read",
  "memory:write": "memory:read",
  "access:write": "access:read",
};

/** Scopes that somebody names, with those that go without saying. */
export function withImplied(scopes: Iterable<Scope>): ReadonlySet<Scope> {
  return new Set([...scopes].flatMap((scope) => [scope, IMPLIED[scope] ?? scope]));
}

/** Everything that somebody of this role may. */
export function scopesOf(role: Role): ReadonlySet<Scope> {
  return HELD.get(role) ?? new Set();
}

/** Whether somebody of the one role may at least what the other may. */
export function isAtLeast(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(other);
}

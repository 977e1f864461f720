import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { refuseWider } from "../../access/narrow.ts";
import type { Membership, User } from "../../access/people.ts";
import type { Scope } from "../../access/role.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import {
  type Actor,
  DEFAULT_ORGANIZATION_ID,
  DEFAULT_USER_ID,
  type OrganizationId,
  type UserId,
} from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { Secrets } from "../../core/secrecy/secrets.ts";
import { mustFind, required } from "../find.ts";
import type { Readers, Repositories, Store } from "../ports/ports.ts";

/** What everything here is done with. */
export interface PeopleOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
}

/** A user of an organisation, and what they are there. */
export interface Member {
  readonly user: User;
  readonly membership: Membership;
}

/**
 * Whether a caller may do something with the people of an organisation: their own, or for who runs the server, an owner
 * of the default one, any. Another one reads as if it were not there.
 */
export async function mayIn(
  { store }: Pick<PeopleOptions, "store">,
  caller: Caller,
  { scope, organizationId }: { readonly scope: Scope; readonly organizationId: OrganizationId | undefined },
): Promise<Actor> {
  const actor = mayEverywhere(caller, scope);
  if (organizationId === undefined || organizationId === caller.organizationId) return actor;
  const words = `Organization not found with id='${organizationId}'`;
  if (!runsServer(caller)) throw new Failure("not_found", words);
  required(await store.directory.findOrganization(organizationId), words);
  return { ...actor, organizationId };
}

/** Whether somebody runs the server, and so may see all organisations. */
export function runsServer({ organizationId, scopes, agentIds }: Caller): boolean {
  return organizationId === DEFAULT_ORGANIZATION_ID && scopes.has("server:admin") && agentIds === null;
}

/** Throws a `forbidden` Failure unless the caller runs the server. */
export function mayRunServer(caller: Caller): Actor {
  const actor = may(caller, "server:admin");
  if (!runsServer(caller))
    throw new Failure("forbidden", "Only owners of the default organization can do this to all organizations");
  return actor;
}

/** A member of the organisation, or a `not_found` Failure. */
export async function mustFindMember({ users, memberships }: Readers, id: UserId): Promise<Member> {
  const user = await mustFind(users, id);
  return { user, membership: required(await memberships.find(id), `User not found with id='${id}'`) };
}

/**
 * Throws a `forbidden` Failure unless the caller may do to the member what that member could: nobody above them, and
 * nobody who is somebody elsewhere, too.
 */
export async function refuseAbove(
  { memberships }: Readers,
  caller: Caller,
  { user, membership }: Member,
): Promise<void> {
  refuseWider(caller, membership);
  const others = await memberships.everywhere(user.id);
  if (!runsServer(caller) && others.some(({ organizationId }) => organizationId !== membership.organizationId))
    throw new Failure(
      "forbidden",
      `${user.name} is a member of other organizations, too; who runs the server can do this`,
    );
}

/** Changes something of a member. Throws a `conflict` Failure, and nothing is changed, where an organisation would lose its last owner. */
export async function keepingOwner<T>(
  { memberships }: Repositories,
  { user }: Pick<Member, "user">,
  work: () => Promise<T>,
): Promise<T> {
  const owned: OrganizationId[] = [];
  for (const { organizationId, role } of await memberships.everywhere(user.id))
    if (role === "owner" && (await memberships.hasOwner(organizationId))) owned.push(organizationId);
  const result = await work();
  for (const organizationId of owned)
    if (!(await memberships.hasOwner(organizationId)))
      throw new Failure(
        "conflict",
        `${user.name} is the last owner of the organization ${organizationId}; make another user an owner first`,
      );
  return result;
}

/** Throws a `conflict` Failure for the user as whom everybody acts who has the key of the settings, or needs none. */
export function refuseDefault({ id, name }: User): void {
  if (id === DEFAULT_USER_ID)
    throw new Failure("conflict", `${name} is who acts by the server's own key, and stays; disable the user instead`);
}

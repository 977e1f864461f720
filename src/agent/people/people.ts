import type { Membership, User } from "../../access/people.ts";
import type { Clock } from "../../core/clock.ts";
import type { UserId } from "../../core/id.ts";
import type { Random } from "../../core/random.ts";
import type { Secrets } from "../../core/secrets.ts";
import { mustFind, required } from "../find.ts";
import type { Readers, Store } from "../ports/ports.ts";

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

/** A member of the organisation, or a `not_found` Failure. */
export async function mustFindMember({ users, memberships }: Readers, id: UserId): Promise<Member> {
  const user = await mustFind(users, id);
  return { user, membership: required(await memberships.find(id), `User not found with id='${id}'`) };
}

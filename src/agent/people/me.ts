import type { Caller } from "../../access/may.ts";
import type { Membership, Organization, User } from "../../access/people.ts";
import { required } from "../find.ts";
import type { PeopleOptions } from "./people.ts";

/** Who asks, where they are, and what else they are. Everybody may know that of themselves. */
export async function whoIs(
  { store }: PeopleOptions,
  { userId, organizationId }: Caller,
): Promise<{
  readonly user: User;
  readonly organization: Organization;
  readonly memberships: readonly Membership[];
}> {
  const { directory } = store;
  const [user, organization, memberships] = await Promise.all([
    directory.findUser(userId),
    directory.findOrganization(organizationId),
    directory.membershipsOf(userId),
  ]);
  return {
    user: required(user, `User not found with id='${userId}'`),
    organization: required(organization, `Organization not found with id='${organizationId}'`),
    memberships,
  };
}

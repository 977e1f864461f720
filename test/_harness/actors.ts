import { type Actor, actorOf, newId, type OrganizationId } from "../../src/core/id.ts";
import type { Random } from "../../src/core/random.ts";
import type { SqlDatabase } from "../../src/store/base/driver.ts";

/** A user that nobody has met yet, of an organisation of its own unless one is named, both stored. */
export async function anotherActor(
  { writer }: Pick<SqlDatabase, "writer">,
  random: Random,
  organizationId?: OrganizationId,
): Promise<Actor> {
  const actor = actorOf(organizationId ?? newId("org", random), newId("user", random));
  if (organizationId === undefined)
    await writer.execute("insert into organizations (id, name, created_at) values ($1, 'other', 0)", [
      actor.organizationId,
    ]);
  await writer.execute("insert into users (id, organization_id, name, created_at) values ($1, $2, 'other', $3)", [
    actor.userId,
    actor.organizationId,
    organizationId === undefined ? 0 : 1,
  ]);
  return actor;
}

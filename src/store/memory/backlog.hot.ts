// Hot: every turn of an agent that learns owes it. That takes 14 µs, and 55 µs where it is built (Bun 1.4.5).
import type { OwedWork } from "../../umi/backlog.ts";
import type { Session } from "../base/session.ts";

const OWE = `insert into space_work (organization_id, space, kind, revision, attempts, due_at, user_id)
  values ($1, $2, $3, 1, 0, $4, $5) on conflict (organization_id, space, kind)
  do update set revision = space_work.revision + 1, user_id = excluded.user_id`;
const OWE_NOW = `${OWE}, attempts = 0, error = null, due_at = excluded.due_at`;

/** See `Backlog.owe`. */
export async function owe(
  { sql, organizationId, userId, world, owed }: Session,
  { space, kind }: Pick<OwedWork, "space" | "kind">,
  when: "in turn" | "now" = "in turn",
): Promise<void> {
  await sql.execute(when === "now" ? OWE_NOW : OWE, [organizationId, space, kind, world.clock.now(), userId]);
  owed.isNew = true;
}

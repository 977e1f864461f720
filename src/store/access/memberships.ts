import type { MembershipStore } from "../../agent/ports/access.ts";
import type { UserId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";
import { MEMBERSHIPS } from "./tables.ts";

/** Organisations that one user may be in. */
export const MEMBERSHIPS_MAX = 1_000;

/** {@link MembershipStore} over SQL. */
export function sqlMembershipStore(session: Session): MembershipStore {
  const { db, organizationId, accessChanges } = session;
  const ours = () =>
    db.selectFrom("memberships").select(MEMBERSHIPS.selection).where("organization_id", "=", organizationId);
  return {
    async find(userId) {
      const row = await ours().where("user_id", "=", userId).executeTakeFirst();
      return row && MEMBERSHIPS.read(row);
    },

    async findAll(userIds) {
      if (userIds.length === 0) return [];
      return (await ours().where("user_id", "in", userIds).execute()).map(MEMBERSHIPS.read);
    },

    everywhere: (userId) => membershipsOf(session, userId),

    async hasOwner(id) {
      const owner = await db
        .selectFrom("memberships")
        .innerJoin("users", "users.id", "memberships.user_id")
        .select("memberships.user_id")
        .where("memberships.organization_id", "=", id)
        .where("memberships.role", "=", "owner")
        .where("users.disabled_at", "is", null)
        .where("users.kind", "=", "person")
        .where("memberships.scopes", "is", null)
        .where("memberships.agents", "is", null)
        .where("memberships.models", "is", null)
        .where("memberships.identity_id", "is", null)
        .limit(1)
        .executeTakeFirst();
      return owner !== undefined;
    },

    async put(membership) {
      const row = { ...MEMBERSHIPS.row(membership), organization_id: organizationId };
      const { role, scopes, agents, models, identity_id } = row;
      await db
        .insertInto("memberships")
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(["organization_id", "user_id"]).doUpdateSet({ role, scopes, agents, models, identity_id }),
        )
        .execute();
      accessChanges.push({ kind: "user", id: membership.userId });
    },

    async remove(userId) {
      for (const table of ["memberships", "access_keys", "sessions", "sign_in_codes"] as const)
        await db
          .deleteFrom(table)
          .where("organization_id", "=", organizationId)
          .where("user_id", "=", userId)
          .execute();
      accessChanges.push({ kind: "user", id: userId });
    },
  };
}

/** What the user is anywhere, the oldest first. */
export async function membershipsOf({ db }: Pick<Session, "db">, userId: UserId) {
  const rows = await db
    .selectFrom("memberships")
    .select(MEMBERSHIPS.selection)
    .where("user_id", "=", userId)
    .orderBy("created_at")
    .orderBy("organization_id")
    .limit(MEMBERSHIPS_MAX)
    .execute();
  return rows.map(MEMBERSHIPS.read);
}

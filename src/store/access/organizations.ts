import { sql } from "kysely";
import type { OrganizationStore } from "../../agent/ports/access.ts";
import { Failure } from "../../core/failure.ts";
import { findWhere } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { removeOrganization } from "./remove-organization.ts";
import { ORGANIZATIONS } from "./tables.ts";

/** {@link OrganizationStore} over SQL. */
export function sqlOrganizationStore(session: Session): OrganizationStore {
  const { db, organizationId } = session;
  return {
    async find(id) {
      return id === organizationId ? findWhere(session, ORGANIZATIONS, sql`id = ${id}`) : undefined;
    },

    async insert(organization) {
      await db.insertInto("organizations").values(ORGANIZATIONS.row(organization)).execute();
    },

    async save(organization) {
      const { id, created_at: _, ...row } = ORGANIZATIONS.row(organization);
      const result =
        id === organizationId
          ? await db.updateTable("organizations").set(row).where("id", "=", id).executeTakeFirst()
          : { numUpdatedRows: 0n };
      if (result.numUpdatedRows === 0n) throw new Failure("not_found", `Organization not found with id='${id}'`);
    },

    remove: () => removeOrganization(session),
  };
}

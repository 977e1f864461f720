import { sql } from "kysely";
import type { DeploymentStore } from "../../agent/templates/template.ts";
import { Failure } from "../../core/failure.ts";
import { findRow, readable, removeRow, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { DEPLOYMENTS } from "./tables.ts";

/** {@link DeploymentStore} over SQL. */
export function sqlDeploymentStore(session: Session): DeploymentStore {
  const { db, organizationId } = session;
  return {
    find: (id) => findRow(session, DEPLOYMENTS, id),

    async listOf(templateId, limit) {
      const rows = await db
        .selectFrom("deployments")
        .select(DEPLOYMENTS.selection)
        .where("template_id", "=", templateId)
        .where(sql<boolean>`deployments.organization_id = ${organizationId}`)
        .orderBy("created_at")
        .orderBy("id")
        .limit(limit)
        .execute();
      return readable(session, DEPLOYMENTS, rows);
    },

    async insert(deployment) {
      await db
        .insertInto("deployments")
        .values({ ...DEPLOYMENTS.row(deployment), organization_id: organizationId })
        .execute();
    },

    async save(deployment) {
      if (!(await saveRow(session, DEPLOYMENTS, { entity: deployment })))
        throw new Failure("not_found", `Deployment not found with id='${deployment.id}'`);
    },

    async removeUnused(id) {
      await db
        .deleteFrom("deployments")
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .where(sql<boolean>`not exists (select 1 from agents where agents.deployment_id = deployments.id)`)
        .execute();
    },

    async remove(id) {
      await removeRow(session, DEPLOYMENTS, id);
    },
  };
}

import { sql } from "kysely";
import type { SandboxConfigId, SandboxStore } from "../../agent/ports/secrets.ts";
import { Failure } from "../../core/failure.ts";
import { ours } from "../base/is-ours.ts";
import { findRow, findWhere, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { sqlSecretStore } from "./secrets.ts";
import { SANDBOX_CONFIGS } from "./tables.ts";

const SOURCE = { table: SANDBOX_CONFIGS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link SandboxStore} over SQL. */
export function sqlSandboxStore(session: Session): SandboxStore {
  const { db, organizationId } = session;
  const condition = ours(session, "sandbox_configs");
  return {
    find: (id) => findRow(session, SANDBOX_CONFIGS, id),
    list: (page) => readPage(session, SOURCE, { page, condition }),
    ofType: (type) => findWhere(session, SANDBOX_CONFIGS, sql`type = ${type} and ${condition}`),

    async insert(config) {
      await db
        .insertInto("sandbox_configs")
        .values({ ...SANDBOX_CONFIGS.row(config), organization_id: organizationId })
        .execute();
    },

    async save(config) {
      if (!(await saveRow(session, SANDBOX_CONFIGS, { entity: config }))) throw missing(config.id);
    },

    async remove(id) {
      if (!(await removeRow(session, SANDBOX_CONFIGS, id))) throw missing(id);
      await sqlSecretStore(session).removeOf(id);
    },
  };
}

function missing(id: SandboxConfigId): Failure {
  return new Failure("not_found", `Sandbox config not found with id='${id}'`);
}

import { sql } from "kysely";
import type { PluginId, PluginStore, PluginUse } from "../../agent/plugins/plugin.ts";
import { Failure } from "../../core/failure.ts";
import { WORDS } from "../base/dialect.ts";
import { countRows, findRow, findWhere, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { PLUGINS } from "./tables.ts";

const SOURCE = { table: PLUGINS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** What has an embedding model. */
const EMBEDDED = [
  { table: "agents", kind: "agent" },
  { table: "archives", kind: "archive" },
  { table: "folders", kind: "folder" },
] as const;

/** {@link PluginStore} over SQL. What is added is the whole organisation's, whichever agents a key may see. */
export function sqlPluginStore(session: Session): PluginStore {
  const { db, dialect, organizationId } = session;
  const condition = sql<boolean>`plugins.organization_id = ${organizationId}`;
  return {
    find: (id) => findRow(session, PLUGINS, id),
    findByName: (name) => findWhere(session, PLUGINS, sql`name = ${name} and ${condition}`),
    list: (page) => readPage(session, SOURCE, { page, condition }),
    count: () => countRows(session, PLUGINS, condition),

    async codeOf(id) {
      const row = await db
        .selectFrom("plugins")
        .select("code")
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      return row?.code;
    },

    async embeddedBy(handle, limit) {
      const found: PluginUse[] = [];
      for (const { table, kind } of EMBEDDED) {
        const rows = await db
          .selectFrom(table)
          .select(["id", "name"])
          .where("organization_id", "=", organizationId)
          .where(sql.raw<string>(WORDS[dialect].textIn("embedding_config", "handle")), "=", handle)
          .orderBy("id")
          .limit(limit - found.length)
          .execute();
        found.push(...rows.map(({ id, name }) => ({ kind, id, name })));
        if (found.length >= limit) break;
      }
      return found;
    },

    async insert(plugin, code) {
      await db
        .insertInto("plugins")
        .values({ ...PLUGINS.row(plugin), code, organization_id: organizationId })
        .execute();
    },

    async save(plugin, code) {
      const others = code === undefined ? {} : { code };
      if (!(await saveRow(session, PLUGINS, { entity: plugin, others }))) throw missing(plugin.id);
    },

    async remove(id) {
      if (!(await removeRow(session, PLUGINS, id))) throw missing(id);
    },
  };
}

function missing(id: PluginId): Failure {
  return new Failure("not_found", `Plugin not found with id='${id}'`);
}

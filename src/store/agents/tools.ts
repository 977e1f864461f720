import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { ToolFilter } from "../../agent/ports/filters.ts";
import type { ToolStore } from "../../agent/ports/tools.ts";
import { Failure } from "../../core/failure.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { countRows, findRow, type PageSource, readPage, removeRow, saveRow } from "../base/pages.ts";
import { containing } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { TOOLS } from "./tables.ts";
import { toolsOf } from "./tools.hot.ts";

const SOURCE = { table: TOOLS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link ToolStore} over SQL. */
export function sqlToolStore(session: Session): ToolStore {
  const { db, organizationId, agentCache } = session;
  return {
    find: (id) => findRow(session, TOOLS, id),

    async findByNames(names) {
      if (names.length === 0) return [];
      const rows = await db
        .selectFrom("tools")
        .select(TOOLS.selection)
        .where("organization_id", "=", organizationId)
        .where("name", "in", names)
        .execute();
      return rows.map(TOOLS.read);
    },

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(session, filter) });
    },

    async count(filter) {
      return countRows(session, TOOLS, matches(session, filter));
    },

    async upsert(tool) {
      agentCache.change("all");
      const { id, created_at, ...row } = TOOLS.row(tool);
      await db
        .insertInto("tools")
        .values({ id, created_at, ...row, organization_id: organizationId })
        .onConflict((conflict) => conflict.columns(["organization_id", "name"]).doUpdateSet(row))
        .execute();
    },

    async save(tool) {
      agentCache.change("all");
      if (!(await saveRow(session, TOOLS, { entity: tool })))
        throw new Failure("not_found", `Tool not found with id='${tool.id}'`);
    },

    async remove(id) {
      agentCache.change("all");
      if (!(await removeRow(session, TOOLS, id))) throw new Failure("not_found", `Tool not found with id='${id}'`);
    },

    ...agentTools(session),
  };
}

/** Which tools an agent has. */
function agentTools(session: Session): Pick<ToolStore, "listForAgent" | "attach" | "detach"> {
  const { db, agentCache } = session;
  return {
    listForAgent: (agentId) => toolsOf(session, agentId),

    async attach(agentId, toolId) {
      agentCache.change(agentId);
      await db
        .insertInto("agent_tools")
        .values((eb) => ({
          agent_id: agentId,
          tool_id: toolId,
          position: eb
            .selectFrom("agent_tools as other")
            .select((sub) => sub(sub.fn.coalesce(sub.fn.max("other.position"), sql<number>`0`), "+", 1).as("next"))
            .where("other.agent_id", "=", agentId),
        }))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async detach(agentId, toolId) {
      agentCache.change(agentId);
      await db
        .deleteFrom("agent_tools")
        .where("agent_id", "=", agentId)
        .where("tool_id", "=", toolId)
        .where(isOurs(session, "tools", toolId))
        .execute();
    },
  };
}

function matches(session: Session, filter: ToolFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "tools")];
  const oneOf = (column: string, values: readonly string[] | undefined, isExcluded = false) => {
    if (values === undefined || values.length === 0) return;
    const operator = sql.raw(isExcluded ? "not in" : "in");
    conditions.push(sql`${sql.ref(`tools.${column}`)} ${operator} (${sql.join([...values])})`);
  };
  oneOf("name", filter.names);
  oneOf("id", filter.ids);
  oneOf("tool_type", filter.toolTypes);
  oneOf("tool_type", filter.excludeToolTypes, true);
  if (filter.name !== undefined) conditions.push(sql`tools.name = ${filter.name}`);
  if (filter.search !== undefined)
    conditions.push(sql`lower(tools.name) like ${containing(filter.search.toLowerCase())} escape '\\'`);
  if (filter.onlyLettaTools !== undefined) {
    conditions.push(
      filter.onlyLettaTools ? sql`tools.tool_type like 'letta_%'` : sql`tools.tool_type not like 'letta_%'`,
    );
  }
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

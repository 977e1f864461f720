import { sql } from "kysely";
import type { AgentStore } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, BlockId } from "../../core/id.ts";
import { isOurs } from "../base/is-ours.ts";
import { countRows, type PageSource, readPage, saveRow } from "../base/pages.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { sqlArchiveStore } from "../memory/archives.ts";
import { clearMemory } from "../messages/turn-entries.ts";
import { forgetArrivals } from "../runs/events.hot.ts";
import { dropAgentTexts } from "../runs/manifests.ts";
import { sqlSecretStore } from "../secrets/secrets.ts";
import { agentCondition } from "./agent-filter.ts";
import { findAgent, noteRun } from "./agents.hot.ts";
import { AGENTS } from "./tables.ts";

/** {@link AgentStore} over SQL. */
export function sqlAgentStore(session: Session): AgentStore {
  const { db, organizationId } = session;
  return {
    find: (id) => findAgent(session, id),

    async list(filter, page) {
      const source = { table: AGENTS, column: page.orderBy, missing: "ignore" } satisfies PageSource;
      return readPage(session, source, { page, condition: agentCondition(session, filter) });
    },

    async count(filter) {
      return countRows(session, AGENTS, agentCondition(session, filter));
    },

    async insert(agent) {
      await db
        .insertInto("agents")
        .values({ ...AGENTS.row(agent), organization_id: organizationId })
        .execute();
    },

    async save(agent) {
      session.agentCache.change(agent.id);
      if (!(await saveRow(session, AGENTS, { entity: agent })))
        throw new Failure("not_found", `Agent with ID ${agent.id} not found`);
    },

    noteRun: (id, stopReason) => noteRun(session, id, stopReason),

    remove: (id) => removeAgent(session, id),

    async tagsOf(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom("agent_tags")
        .innerJoin("agents", "agents.id", "agent_tags.agent_id")
        .selectAll("agent_tags")
        .where("agents.id", "in", ids)
        .where("agents.organization_id", "=", organizationId)
        .orderBy("agent_tags.tag")
        .execute();
      const tags = Map.groupBy(rows, (row) => row.agent_id);
      return new Map(ids.map((id) => [id, (tags.get(id) ?? []).map(({ tag }) => tag)]));
    },

    async setTags(id, tags) {
      await db
        .deleteFrom("agent_tags")
        .where("agent_id", "=", id)
        .where(isOurs(session, "agents", id))
        .execute();
      const rows = [...new Set(tags)].map((tag) => sql`(${tag})`);
      if (rows.length > 0)
        await sql`insert into agent_tags (agent_id, tag) select agents.id, tags.column1
          from agents cross join (values ${sql.join(rows)}) as tags
          where agents.id = ${id} and agents.organization_id = ${organizationId}`.execute(db);
    },
  };
}

/** Removes the agent, what hangs on it by reference, its thread, and the archive it owns when nobody else uses it. */
async function removeAgent(session: Session, id: AgentId): Promise<void> {
  const { db, organizationId } = session;
  session.agentCache.change(id);
  const owned = await db
    .selectFrom("agent_archives")
    .select("archive_id")
    .where("agent_id", "=", id)
    .where("is_owner", "=", 1)
    .executeTakeFirst();
  await removeIsolatedBlocks(session, id);
  session.contextCache?.pause();
  await db
    .deleteFrom("thread_messages")
    .where((eb) =>
      eb.or([
        eb("thread_id", "=", id),
        eb("thread_id", "in", eb.selectFrom("conversations").select("id").where("agent_id", "=", id)),
      ]),
    )
    .where(isOurs(session, "agents", id))
    .execute();
  await dropAgentTexts(session, id);
  await sqlSecretStore(session).removeOf(id);
  const gone = await db
    .deleteFrom("agents")
    .where("id", "=", id)
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  if (gone.numDeletedRows === 0n) throw new Failure("not_found", `Agent with ID ${id} not found`);
  await forgetArrivals(session);
  await clearMemory(session, id);
  if (owned === undefined) return;
  const other = await db
    .selectFrom("agent_archives")
    .select("agent_id")
    .where("archive_id", "=", owned.archive_id)
    .executeTakeFirst();
  if (other === undefined) await sqlArchiveStore(session).remove(owned.archive_id);
}

/** Removes the blocks that the agent's conversations have for themselves. */
async function removeIsolatedBlocks({ db, organizationId }: Session, id: AgentId): Promise<void> {
  const rows = await db
    .selectFrom("conversations")
    .select("isolated_block_ids")
    .where("agent_id", "=", id)
    .where("isolated_block_ids", "!=", "[]")
    .execute();
  const ids = rows.flatMap((row) => fromJson<readonly BlockId[]>(row.isolated_block_ids));
  if (ids.length === 0) return;
  await db.deleteFrom("blocks").where("id", "in", ids).where("organization_id", "=", organizationId).execute();
}

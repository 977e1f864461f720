import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Group, GroupFilter, GroupStore } from "../../agent/group.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, GroupId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import { countRows, type PageSource, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { GROUPS, type StoredGroup } from "./tables.ts";

const SOURCE = { table: GROUPS, column: "created_at", missing: "ignore" } satisfies PageSource;

/** {@link GroupStore} over SQL. */
export function sqlGroupStore(session: Session): GroupStore {
  const { db, organizationId } = session;
  const isOurs = sql<SqlBool>`groups.organization_id = ${organizationId}`;
  const isSeen = ours(session, "groups");
  const select = async (condition: RawBuilder<SqlBool>) => {
    const rows = await db
      .selectFrom("groups")
      .select(GROUPS.selection)
      .where(isSeen)
      .where(condition)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return withMembers(session, rows.map(GROUPS.read));
  };
  return {
    async find(id) {
      const [group] = await select(sql<SqlBool>`id = ${id}`);
      return group;
    },

    async list(filter, page) {
      return withMembers(
        session,
        await readPage(session, SOURCE, {
          page,
          condition: sql<SqlBool>`${isSeen} and ${matches(filter)}`,
        }),
      );
    },

    count: () => countRows(session, GROUPS, isSeen),

    async managedBy(ids) {
      if (ids.length === 0) return new Map();
      const managed = await select(sql<SqlBool>`manager_agent_id in (${sql.join([...ids])})`);
      const first = new Map<AgentId, Group>();
      for (const group of managed.toSorted((a, b) => Number(isSleeptime(b)) - Number(isSleeptime(a)))) {
        const { managerAgentId: id } = group;
        if (id !== null && !first.has(id)) first.set(id, group);
      }
      return first;
    },

    async insert(group) {
      await db
        .insertInto("groups")
        .values({ ...GROUPS.row(group), organization_id: organizationId })
        .execute();
      await insertMembers(session, group);
    },

    async save(group) {
      const { id, ...row } = GROUPS.row(group);
      const result = await db.updateTable("groups").set(row).where("id", "=", id).where(isOurs).executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw missing(group.id);
      await db.deleteFrom("group_agents").where("group_id", "=", id).execute();
      await db.deleteFrom("group_blocks").where("group_id", "=", id).execute();
      await insertMembers(session, group);
    },

    async noteTurn(id, { turnsCounter, lastProcessedMessageId }) {
      const turn = { turns_counter: turnsCounter, last_processed_message_id: lastProcessedMessageId };
      await db.updateTable("groups").set(turn).where("id", "=", id).where(isOurs).execute();
    },

    async remove(id) {
      if (!(await removeRow(session, GROUPS, id))) throw missing(id);
    },

    async resetMessages(id) {
      await db
        .updateTable("messages")
        .set({ group_id: null })
        .where("group_id", "=", id)
        .where("organization_id", "=", organizationId)
        .execute();
      session.contextCache?.clear();
    },
  };
}

function isSleeptime({ managerType }: Group): boolean {
  return managerType === "sleeptime";
}

function matches({ managerType, projectId, agentId, showHidden, deploymentId }: GroupFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`1 = 1`];
  if (managerType !== undefined) conditions.push(sql`groups.manager_type = ${managerType}`);
  if (projectId !== undefined) conditions.push(sql`groups.project_id = ${projectId}`);
  if (deploymentId !== undefined) conditions.push(sql`groups.deployment_id = ${deploymentId}`);
  if (agentId !== undefined)
    conditions.push(
      sql`groups.id in (select group_agents.group_id from group_agents where group_agents.agent_id = ${agentId})`,
    );
  if (showHidden !== true) conditions.push(sql`(groups.hidden is null or groups.hidden = 0)`);
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

async function insertMembers({ db }: Session, { id, agentIds, sharedBlockIds }: Group): Promise<void> {
  const agents = [...new Set(agentIds)].map((agent_id, position) => ({ group_id: id, agent_id, position }));
  if (agents.length > 0) await db.insertInto("group_agents").values(agents).execute();
  const blocks = [...new Set(sharedBlockIds)].map((block_id, position) => ({ group_id: id, block_id, position }));
  if (blocks.length > 0) await db.insertInto("group_blocks").values(blocks).execute();
}

async function withMembers({ db }: Session, groups: readonly StoredGroup[]): Promise<readonly Group[]> {
  if (groups.length === 0) return [];
  const ids = groups.map(({ id }) => id);
  const agents = await db
    .selectFrom("group_agents")
    .selectAll()
    .where("group_id", "in", ids)
    .orderBy("position")
    .execute();
  const blocks = await db
    .selectFrom("group_blocks")
    .selectAll()
    .where("group_id", "in", ids)
    .orderBy("position")
    .execute();
  return groups.map((group) => ({
    ...group,
    agentIds: agents.filter((link) => link.group_id === group.id).map((link) => link.agent_id),
    sharedBlockIds: blocks.filter((link) => link.group_id === group.id).map((link) => link.block_id),
  }));
}

function missing(id: GroupId): Failure {
  return new Failure("not_found", `Group not found with id='${id}'`);
}

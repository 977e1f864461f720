import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Group, GroupFilter, GroupStore } from "../../agent/group.ts";
import { Failure } from "../../core/failure.ts";
import type { AgentId, GroupId } from "../../core/id.ts";
import { countRows, type PageSource, readPage, removeRow } from "../base/pages.ts";
import { fromFlagOrNull, toFlagOrNull } from "../base/rows.ts";
import type { GroupRow } from "../base/schema.ts";
import type { Session } from "../base/session.ts";

const SOURCE: PageSource = { table: "groups", column: "created_at", missing: "ignore" };

/** {@link GroupStore} over SQL. */
export function sqlGroupStore(session: Session): GroupStore {
  const { db, organizationId } = session;
  const ours = sql<SqlBool>`groups.organization_id = ${organizationId}`;
  const select = async (condition: RawBuilder<SqlBool>) => {
    const rows = await db
      .selectFrom("groups")
      .selectAll()
      .where(ours)
      .where(condition)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return withMembers(session, rows);
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
          condition: sql<SqlBool>`${ours} and ${matches(filter)}`,
          decode: (row: GroupRow) => row,
        }),
      );
    },

    count: () => countRows(session, "groups", ours),

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
        .values({ ...toRow(group), organization_id: organizationId })
        .execute();
      await insertMembers(session, group);
    },

    async save(group) {
      const { id, ...row } = toRow(group);
      const result = await db.updateTable("groups").set(row).where("id", "=", id).where(ours).executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw missing(group.id);
      await db.deleteFrom("group_agents").where("group_id", "=", id).execute();
      await db.deleteFrom("group_blocks").where("group_id", "=", id).execute();
      await insertMembers(session, group);
    },

    async noteTurn(id, { turnsCounter, lastProcessedMessageId }) {
      const turn = { turns_counter: turnsCounter, last_processed_message_id: lastProcessedMessageId };
      await db.updateTable("groups").set(turn).where("id", "=", id).where(ours).execute();
    },

    async remove(id) {
      if (!(await removeRow(session, "groups", id))) throw missing(id);
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

function matches({ managerType, projectId, agentId, showHidden }: GroupFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`1 = 1`];
  if (managerType !== undefined) conditions.push(sql`groups.manager_type = ${managerType}`);
  if (projectId !== undefined) conditions.push(sql`groups.project_id = ${projectId}`);
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

async function withMembers({ db }: Session, rows: readonly GroupRow[]): Promise<readonly Group[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
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
  return rows.map((row) =>
    toGroup(row, {
      agentIds: agents.filter((link) => link.group_id === row.id).map((link) => link.agent_id),
      sharedBlockIds: blocks.filter((link) => link.group_id === row.id).map((link) => link.block_id),
    }),
  );
}

function missing(id: GroupId): Failure {
  return new Failure("not_found", `Group not found with id='${id}'`);
}

function toGroup(row: GroupRow, members: Pick<Group, "agentIds" | "sharedBlockIds">): Group {
  return {
    ...members,
    id: row.id,
    managerType: row.manager_type,
    managerAgentId: row.manager_agent_id,
    description: row.description,
    terminationToken: row.termination_token,
    maxTurns: row.max_turns,
    sleeptimeAgentFrequency: row.sleeptime_agent_frequency,
    turnsCounter: row.turns_counter,
    lastProcessedMessageId: row.last_processed_message_id,
    maxMessageBufferLength: row.max_message_buffer_length,
    minMessageBufferLength: row.min_message_buffer_length,
    hidden: fromFlagOrNull(row.hidden),
    projectId: row.project_id,
    templateId: row.template_id,
    baseTemplateId: row.base_template_id,
    deploymentId: row.deployment_id,
    createdAt: row.created_at,
  };
}

function toRow(group: Group): Omit<GroupRow, "organization_id"> {
  return {
    id: group.id,
    manager_type: group.managerType,
    manager_agent_id: group.managerAgentId,
    description: group.description,
    termination_token: group.terminationToken,
    max_turns: group.maxTurns,
    sleeptime_agent_frequency: group.sleeptimeAgentFrequency,
    turns_counter: group.turnsCounter,
    last_processed_message_id: group.lastProcessedMessageId,
    max_message_buffer_length: group.maxMessageBufferLength,
    min_message_buffer_length: group.minMessageBufferLength,
    hidden: toFlagOrNull(group.hidden),
    project_id: group.projectId,
    template_id: group.templateId,
    base_template_id: group.baseTemplateId,
    deployment_id: group.deploymentId,
    created_at: group.createdAt,
  };
}

import { type RawBuilder, type SqlBool, sql } from "kysely";
import { instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { AgentId, BlockId } from "../core/id.ts";
import type { Block } from "../umi/block.ts";
import type { BlockFilter, BlockStore } from "../umi/block-store.ts";
import { limitOf, orderOf, type PageSource, pageCondition } from "./pages.ts";
import { containing, fromFlagOrNull, fromJson, toFlag, toFlagOrNull } from "./rows.ts";
import type { BlockRow } from "./schema.ts";
import type { Session } from "./sql-store.ts";

const SOURCE: PageSource = { table: "blocks", column: "created_at", missing: "refuse" };

const OF_AGENT = `select blocks.* from agent_blocks join blocks on blocks.id = agent_blocks.block_id
  where agent_blocks.agent_id = $1 and blocks.organization_id = $2 order by agent_blocks.position`;
const TAGS_OF_AGENT = `select block_tags.block_id, block_tags.tag from agent_blocks
  join block_tags on block_tags.block_id = agent_blocks.block_id where agent_blocks.agent_id = $1 order by block_tags.tag`;

/** {@link BlockStore} over SQL. */
export function sqlBlockStore(session: Session): BlockStore {
  const { db, organizationId } = session;
  const ofAgent = (agentId: AgentId) =>
    db
      .selectFrom("agent_blocks")
      .innerJoin("blocks", "blocks.id", "agent_blocks.block_id")
      .selectAll("blocks")
      .where("agent_blocks.agent_id", "=", agentId)
      .where("blocks.organization_id", "=", organizationId);

  return {
    async find(id) {
      const row = await db.selectFrom("blocks").selectAll().where("id", "=", id).where("organization_id", "=", organizationId).executeTakeFirst();
      return row && (await withTags(session, [row]))[0];
    },

    async listForAgent(agentId) {
      const { rows } = await session.sql.execute(OF_AGENT, [agentId, organizationId]);
      if (rows.length === 0) return [];
      const tags = await session.sql.execute(TAGS_OF_AGENT, [agentId]);
      return rows.map((row) => {
        const own = tags.rows.filter((tag) => tag["block_id"] === row["id"]).map((tag) => String(tag["tag"]));
        return toBlock(row as unknown as BlockRow, own);
      });
    },

    async findForAgent(agentId, label) {
      const row = await ofAgent(agentId).where("agent_blocks.label", "=", label).executeTakeFirst();
      return row && (await withTags(session, [row]))[0];
    },

    async list(filter, page) {
      const rows = await db
        .selectFrom("blocks")
        .selectAll()
        .where(matches(organizationId, filter))
        .where(await pageCondition(session, SOURCE, page))
        .orderBy(orderOf(SOURCE, page))
        .limit(limitOf(page))
        .execute();
      return withTags(session, rows);
    },

    async count(filter) {
      const row = await db
        .selectFrom("blocks")
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .where(matches(organizationId, filter))
        .executeTakeFirstOrThrow();
      return Number(row.total);
    },

    async insert(block) {
      await db
        .insertInto("blocks")
        .values({ ...toRow(block), organization_id: organizationId })
        .execute();
      await setTags(session, block);
    },

    save: (block) => saveBlock(session, block),

    async remove(id) {
      const gone = await db.deleteFrom("blocks").where("id", "=", id).where("organization_id", "=", organizationId).executeTakeFirst();
      if (gone.numDeletedRows === 0n) throw new Failure("not_found", `Block with id '${id}' not found`);
    },

    attach: (agentId, block) => attachBlock(session, agentId, block),

    async detach(agentId, blockId) {
      await db.deleteFrom("agent_blocks").where("agent_id", "=", agentId).where("block_id", "=", blockId).execute();
    },

    async agentsOf(id) {
      const rows = await db
        .selectFrom("agent_blocks")
        .innerJoin("agents", "agents.id", "agent_blocks.agent_id")
        .select("agents.id")
        .where("agent_blocks.block_id", "=", id)
        .where("agents.organization_id", "=", organizationId)
        .orderBy("agents.created_at")
        .execute();
      return rows.map((row) => row.id as AgentId);
    },
  };
}

async function saveBlock(session: Session, block: Block): Promise<void> {
  const { db, organizationId } = session;
  const { id, created_at: _, ...row } = toRow(block);
  const result = await db
    .updateTable("blocks")
    .set(row)
    .where("id", "=", id)
    .where("organization_id", "=", organizationId)
    .where("version", "=", block.version - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) throw new Failure("conflict", `Block ${id} was changed by someone else; read it again and retry`);
  await db.updateTable("agent_blocks").set({ label: block.label }).where("block_id", "=", id).where("label", "!=", block.label).execute();
  await setTags(session, block);
}

async function attachBlock({ db }: Session, agentId: AgentId, block: Block): Promise<void> {
  const rows = await db.selectFrom("agent_blocks").selectAll().where("agent_id", "=", agentId).execute();
  if (rows.some((row) => row.block_id === block.id)) return;
  if (rows.some((row) => row.label === block.label)) {
    throw new Failure("conflict", `Agent ${agentId} already has a block labelled '${block.label}'; detach or rename that one first`);
  }
  const position = rows.reduce((highest, row) => Math.max(highest, row.position), 0) + 1;
  await db.insertInto("agent_blocks").values({ agent_id: agentId, block_id: block.id, label: block.label, position }).execute();
}

async function setTags({ db }: Session, block: Block): Promise<void> {
  await db.deleteFrom("block_tags").where("block_id", "=", block.id).execute();
  const rows = [...new Set(block.tags)].map((tag) => ({ block_id: block.id, tag }));
  if (rows.length > 0) await db.insertInto("block_tags").values(rows).execute();
}

async function withTags({ db }: Session, rows: readonly BlockRow[]): Promise<readonly Block[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const tagRows = await db.selectFrom("block_tags").selectAll().where("block_id", "in", ids).orderBy("tag").execute();
  return rows.map((row) =>
    toBlock(
      row,
      tagRows.filter((tag) => tag.block_id === row.id).map((tag) => tag.tag),
    ),
  );
}

function matches(organizationId: string, filter: BlockFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql`blocks.organization_id = ${organizationId}`];
  const equals = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`${sql.ref(`blocks.${column}`)} = ${value}`);
  };
  const contains = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(sql`lower(${sql.ref(`blocks.${column}`)}) like ${containing(value.toLowerCase())} escape '\\'`);
  };
  equals("label", filter.label);
  equals("template_name", filter.templateName);
  equals("project_id", filter.projectId);
  contains("label", filter.labelSearch);
  contains("description", filter.descriptionSearch);
  contains("value", filter.valueSearch);
  if (filter.templatesOnly === true) conditions.push(sql`blocks.is_template = 1`);
  if (filter.showHidden !== true) conditions.push(sql`(blocks.hidden is null or blocks.hidden = 0)`);
  return sql<SqlBool>`${sql.join([...conditions, ...tagConditions(filter), ...connectionConditions(filter)], sql` and `)}`;
}

function tagConditions(filter: BlockFilter): RawBuilder<SqlBool>[] {
  const tags = [...new Set(filter.tags ?? [])];
  if (tags.length === 0) return [];
  const found = sql`(select count(*) from block_tags where block_tags.block_id = blocks.id and block_tags.tag in (${sql.join(tags)}))`;
  return [filter.matchAllTags === true ? sql`${found} = ${tags.length}` : sql`${found} > 0`];
}

function connectionConditions(filter: BlockFilter): RawBuilder<SqlBool>[] {
  const agents = sql`(select count(*) from agent_blocks where agent_blocks.block_id = blocks.id)`;
  const conditions: RawBuilder<SqlBool>[] = [];
  if (filter.connectedToMoreThan !== undefined) conditions.push(sql`${agents} > ${filter.connectedToMoreThan}`);
  if (filter.connectedToFewerThan !== undefined) conditions.push(sql`${agents} < ${filter.connectedToFewerThan}`);
  const oneOf = filter.connectedToOneOf ?? [];
  if (oneOf.length > 0) conditions.push(sql`${agents} in (${sql.join([...oneOf])})`);
  return conditions;
}

function toBlock(row: BlockRow, tags: readonly string[]): Block {
  return {
    id: row.id as BlockId,
    label: row.label,
    value: row.value,
    limit: row.char_limit,
    description: row.description,
    readOnly: row.read_only !== 0,
    metadata: fromJson(row.metadata),
    tags,
    hidden: fromFlagOrNull(row.hidden),
    isTemplate: row.is_template !== 0,
    templateName: row.template_name,
    templateId: row.template_id,
    baseTemplateId: row.base_template_id,
    deploymentId: row.deployment_id,
    entityId: row.entity_id,
    projectId: row.project_id,
    preserveOnMigration: row.preserve_on_migration !== 0,
    createdById: row.created_by_id,
    lastUpdatedById: row.last_updated_by_id,
    createdAt: instantOf(row.created_at),
    updatedAt: instantOf(row.updated_at),
    version: row.version,
  };
}

function toRow(block: Block): Omit<BlockRow, "organization_id"> {
  return {
    id: block.id,
    label: block.label,
    value: block.value,
    char_limit: block.limit,
    description: block.description,
    read_only: toFlag(block.readOnly),
    metadata: JSON.stringify(block.metadata),
    hidden: toFlagOrNull(block.hidden),
    is_template: toFlag(block.isTemplate),
    template_name: block.templateName,
    template_id: block.templateId,
    base_template_id: block.baseTemplateId,
    deployment_id: block.deploymentId,
    entity_id: block.entityId,
    project_id: block.projectId,
    preserve_on_migration: toFlag(block.preserveOnMigration),
    created_by_id: block.createdById,
    last_updated_by_id: block.lastUpdatedById,
    created_at: block.createdAt,
    updated_at: block.updatedAt,
    version: block.version,
  };
}

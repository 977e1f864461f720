import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockStore } from "../../umi/core/block-store.ts";
import type { FieldsOf } from "../base/columns.ts";
import { countRows, type PageSource, readPage, removeRow } from "../base/pages.ts";
import { placeholders } from "../base/placeholders.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { matches } from "./block-filter.ts";
import { BLOCKS, type StoredBlock } from "./tables.ts";

const SOURCE = { table: BLOCKS, column: "created_at", missing: "refuse" } satisfies PageSource;

const FIND = `select ${BLOCKS.selected()} from blocks where id = $1 and organization_id = $2`;
const ATTACHED = `select ${BLOCKS.selected()} from agent_blocks join blocks on blocks.id = agent_blocks.block_id
  where agent_blocks.agent_id = $1 and blocks.organization_id = $2`;
const OF_AGENT = `${ATTACHED} order by agent_blocks.position`;
const LABELLED = `${ATTACHED} and agent_blocks.label = $3`;
const TAGS_OF_AGENT = `select block_tags.block_id, block_tags.tag from agent_blocks
  join block_tags on block_tags.block_id = agent_blocks.block_id where agent_blocks.agent_id = $1 order by block_tags.tag`;
const AGENTS_OF = `select agents.id from agent_blocks join agents on agents.id = agent_blocks.agent_id
  where agent_blocks.block_id = $1 and agents.organization_id = $2 order by agents.created_at`;

const PLACES = "select block_id, label, position from agent_blocks where agent_id = $1";

type BlockTag = Tables["block_tags"];

type Reads = Pick<BlockStore, "find" | "listForAgent" | "findForAgent" | "list" | "count" | "agentsOf">;

/** {@link BlockStore} over SQL. */
export function sqlBlockStore(session: Session): BlockStore {
  return { ...blockReads(session), ...blockWrites(session) };
}

function blockReads(session: Session): Reads {
  const { organizationId } = session;
  return {
    async find(id) {
      const { rows } = await session.sql.execute<FieldsOf<typeof BLOCKS>>(FIND, [id, organizationId]);
      return (await withTags(session, rows.map(BLOCKS.read)))[0];
    },

    async listForAgent(agentId) {
      const { rows } = await session.sql.execute<FieldsOf<typeof BLOCKS>>(OF_AGENT, [agentId, organizationId]);
      if (rows.length === 0) return [];
      const tags = await session.sql.execute<BlockTag>(TAGS_OF_AGENT, [agentId]);
      return rows.map((row) => {
        const own = tags.rows.filter((tag) => tag.block_id === row.id).map(({ tag }) => tag);
        return { ...BLOCKS.read(row), tags: own };
      });
    },

    async findForAgent(agentId, label) {
      const { rows } = await session.sql.execute<FieldsOf<typeof BLOCKS>>(LABELLED, [agentId, organizationId, label]);
      return (await withTags(session, rows.map(BLOCKS.read)))[0];
    },

    async list(filter, page) {
      const condition = matches(organizationId, filter);
      return withTags(session, await readPage(session, SOURCE, { page, condition }));
    },

    async count(filter) {
      return countRows(session, BLOCKS, matches(organizationId, filter));
    },

    async agentsOf(id) {
      const { rows } = await session.sql.execute<{ readonly id: AgentId }>(AGENTS_OF, [id, organizationId]);
      return rows.map((row) => row.id);
    },
  };
}

function blockWrites(session: Session): Omit<BlockStore, keyof Reads> {
  const { db, organizationId } = session;
  return {
    async insert(block) {
      await db
        .insertInto("blocks")
        .values({ ...BLOCKS.row(block), organization_id: organizationId })
        .execute();
      await setTags(session, block);
    },

    save: (block) => saveBlock(session, block),

    async remove(id) {
      if (!(await removeRow(session, BLOCKS, id))) throw new Failure("not_found", `Block with id '${id}' not found`);
    },

    attach: (agentId, block) => attachBlock(session, agentId, block),

    async detach(agentId, blockId) {
      await db.deleteFrom("agent_blocks").where("agent_id", "=", agentId).where("block_id", "=", blockId).execute();
    },
  };
}

async function saveBlock(session: Session, block: Block): Promise<void> {
  const { db, organizationId } = session;
  const { id, created_at: _, ...row } = BLOCKS.row(block);
  const result = await db
    .updateTable("blocks")
    .set(row)
    .where("id", "=", id)
    .where("organization_id", "=", organizationId)
    .where("version", "=", block.version - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n)
    throw new Failure("conflict", `Block ${id} was changed by someone else; read it again and retry`);
  await refuseSecondLabel(session, block);
  await db
    .updateTable("agent_blocks")
    .set({ label: block.label })
    .where("block_id", "=", id)
    .where("label", "!=", block.label)
    .execute();
  await setTags(session, block);
}

/** Every agent that has the block must be able to tell it from its others. */
async function refuseSecondLabel({ db }: Session, { id, label }: Block): Promise<void> {
  const taken = await db
    .selectFrom("agent_blocks as own")
    .innerJoin("agent_blocks as other", "other.agent_id", "own.agent_id")
    .select("own.agent_id")
    .where("own.block_id", "=", id)
    .where("other.block_id", "!=", id)
    .where("other.label", "=", label)
    .executeTakeFirst();
  if (taken !== undefined) throw labelTaken(taken.agent_id, label);
}

function labelTaken(agentId: string, label: string): Failure {
  const text = `Agent ${agentId} already has a block labelled '${label}'; detach or rename that one first`;
  return new Failure("conflict", text);
}

async function attachBlock({ db, sql }: Session, agentId: AgentId, block: Block): Promise<void> {
  const { rows } = await sql.execute<Tables["agent_blocks"]>(PLACES, [agentId]);
  if (rows.some((row) => row.block_id === block.id)) return;
  if (rows.some((row) => row.label === block.label)) throw labelTaken(agentId, block.label);
  const position = rows.reduce((highest, row) => Math.max(highest, row.position), 0) + 1;
  await db
    .insertInto("agent_blocks")
    .values({ agent_id: agentId, block_id: block.id, label: block.label, position })
    .execute();
}

async function setTags({ db, sql }: Session, block: Block): Promise<void> {
  await sql.execute("delete from block_tags where block_id = $1", [block.id]);
  const rows = [...new Set(block.tags)].map((tag) => ({ block_id: block.id, tag }));
  if (rows.length > 0) await db.insertInto("block_tags").values(rows).execute();
}

async function withTags({ sql }: Session, blocks: readonly StoredBlock[]): Promise<readonly Block[]> {
  if (blocks.length === 0) return [];
  const ids = blocks.map((block) => block.id);
  const wanted = `select * from block_tags where block_id in (${placeholders(1, ids.length)}) order by tag`;
  const tags = Map.groupBy((await sql.execute<BlockTag>(wanted, ids)).rows, (row) => row.block_id);
  return blocks.map((block) => ({ ...block, tags: (tags.get(block.id) ?? []).map(({ tag }) => tag) }));
}

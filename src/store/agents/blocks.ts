import { Failure } from "../../core/failure.ts";
import type { AgentId } from "../../core/id.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockReader, BlockStore } from "../../umi/core/block-store.ts";
import type { BlockCause } from "../../umi/core/block-version.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { countRows, findRow, type PageSource, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { matches } from "./block-filter.ts";
import { addVersion, blockVersions } from "./block-versions.ts";
import { BLOCKS, type StoredBlock } from "./tables.ts";

const SOURCE = { table: BLOCKS, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link BlockStore} over SQL. */
export function sqlBlockStore(session: Session): BlockStore {
  return { ...blockReads(session), ...blockWrites(session) };
}

function blockReads(session: Session): BlockReader {
  const { db, organizationId } = session;
  const attachedTo = (agentId: AgentId) =>
    db
      .selectFrom("agent_blocks")
      .innerJoin("blocks", "blocks.id", "agent_blocks.block_id")
      .select(BLOCKS.selection)
      .where("agent_blocks.agent_id", "=", agentId)
      .where("blocks.organization_id", "=", organizationId);
  return {
    ...blockVersions(session),

    async find(id) {
      const block = await findRow(session, BLOCKS, id);
      return block && (await withTags(session, [block]))[0];
    },

    async listForAgent(agentId) {
      const rows = await attachedTo(agentId).orderBy("agent_blocks.position").execute();
      return withTags(session, rows.map(BLOCKS.read));
    },

    async findForAgent(agentId, label) {
      const rows = await attachedTo(agentId).where("agent_blocks.label", "=", label).execute();
      return (await withTags(session, rows.map(BLOCKS.read)))[0];
    },

    async list(filter, page) {
      const condition = matches(session, filter);
      return withTags(session, await readPage(session, SOURCE, { page, condition }));
    },

    async count(filter) {
      return countRows(session, BLOCKS, matches(session, filter));
    },

    async agentsOf(id) {
      const rows = await db
        .selectFrom("agent_blocks")
        .innerJoin("agents", "agents.id", "agent_blocks.agent_id")
        .select("agents.id")
        .where("agent_blocks.block_id", "=", id)
        .where(ours(session, "agents"))
        .orderBy("agents.created_at")
        .execute();
      return rows.map((row) => row.id);
    },
  };
}

function blockWrites(session: Session): Omit<BlockStore, keyof BlockReader> {
  const { db, organizationId } = session;
  return {
    async insert(block, cause) {
      await db
        .insertInto("blocks")
        .values({ ...BLOCKS.row(block), organization_id: organizationId })
        .execute();
      await addVersion(session, block, cause);
      await setTags(session, block);
    },

    save: (block, cause) => saveBlock(session, block, cause),

    async remove(id) {
      if (!(await removeRow(session, BLOCKS, id))) throw new Failure("not_found", `Block with id '${id}' not found`);
    },

    attach: (agentId, block) => attachBlock(session, agentId, block),

    async detach(agentId, blockId) {
      await db
        .deleteFrom("agent_blocks")
        .where("agent_id", "=", agentId)
        .where("block_id", "=", blockId)
        .where(isOurs(session, "blocks", blockId))
        .execute();
    },
  };
}

async function saveBlock(session: Session, block: Block, cause?: BlockCause): Promise<void> {
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
  await addVersion(session, block, cause);
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

async function attachBlock({ db }: Session, agentId: AgentId, block: Block): Promise<void> {
  const rows = await db.selectFrom("agent_blocks").selectAll().where("agent_id", "=", agentId).execute();
  if (rows.some((row) => row.block_id === block.id)) return;
  if (rows.some((row) => row.label === block.label)) throw labelTaken(agentId, block.label);
  const position = rows.reduce((highest, row) => Math.max(highest, row.position), 0) + 1;
  await db
    .insertInto("agent_blocks")
    .values({ agent_id: agentId, block_id: block.id, label: block.label, position })
    .execute();
}

async function setTags({ db }: Session, block: Block): Promise<void> {
  await db.deleteFrom("block_tags").where("block_id", "=", block.id).execute();
  const rows = [...new Set(block.tags)].map((tag) => ({ block_id: block.id, tag }));
  if (rows.length > 0) await db.insertInto("block_tags").values(rows).execute();
}

async function withTags({ db }: Session, blocks: readonly StoredBlock[]): Promise<readonly Block[]> {
  if (blocks.length === 0) return [];
  const ids = blocks.map((block) => block.id);
  const rows = await db.selectFrom("block_tags").selectAll().where("block_id", "in", ids).orderBy("tag").execute();
  const tags = Map.groupBy(rows, (row) => row.block_id);
  return blocks.map((block) => ({ ...block, tags: (tags.get(block.id) ?? []).map(({ tag }) => tag) }));
}

import { type SqlBool, sql } from "kysely";
import { Failure } from "../../core/failure.ts";
import { type AgentId, type ArchiveId, newId } from "../../core/id.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import type { Passage, PassageStore } from "../../umi/archive/passage.ts";
import type { KeyedVectors } from "../../umi/vectors/quick-vectors.ts";
import { findRow, limitOf, orderOf, type PageSource, pageCondition, readable, removeRow } from "../base/pages.ts";
import { containing, fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { sqlArchiveStore } from "./archives.ts";
import { sqlEntryStore } from "./entries.hot.ts";
import { addPassageEntries } from "./passage-entries.ts";
import { PASSAGES } from "./tables.ts";

const SOURCE = { table: PASSAGES, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link PassageStore} over SQL. */
export function sqlPassageStore(session: Session): PassageStore {
  const { db, organizationId } = session;
  return {
    archiveOf: (agentId) => archiveOf(session, agentId),

    async openArchive(agentId, name) {
      return (await archiveOf(session, agentId)) ?? createArchive(session, agentId, name);
    },

    insert: (passages, known) => insertPassages(session, passages, known),

    indexMissing: (archiveId, limit) => indexMissing(session, archiveId, limit),

    find: (id) => findRow(session, PASSAGES, id),

    async list(archiveId, page, text) {
      const rows = await db
        .selectFrom("passages")
        .select(PASSAGES.selection)
        .where("archive_id", "=", archiveId)
        .where("organization_id", "=", organizationId)
        .$if(text !== undefined && text !== "", (query) =>
          query.where(sql<SqlBool>`search_text like ${containing((text ?? "").toLowerCase())} escape '\\'`),
        )
        .where(await pageCondition(session, SOURCE, page))
        .orderBy(orderOf(SOURCE, page))
        .limit(limitOf(page))
        .execute();
      return readable(session, PASSAGES, rows);
    },

    async count(archiveId) {
      const row = await db
        .selectFrom("passages")
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .where("archive_id", "=", archiveId)
        .where("organization_id", "=", organizationId)
        .executeTakeFirstOrThrow();
      return Number(row.total);
    },

    async findAll(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom("passages")
        .select(PASSAGES.selection)
        .where("id", "in", [...ids])
        .where("organization_id", "=", organizationId)
        .execute();
      return readable(session, PASSAGES, rows);
    },

    async remove(id) {
      const passage = await this.find(id);
      if (passage === undefined || !(await removeRow(session, PASSAGES, id)))
        throw new Failure("not_found", `Passage with id '${id}' not found`);
      await sqlEntryStore(session).remove(passage.archiveId, [id]);
    },
  };
}

async function insertPassages(
  session: Session,
  passages: readonly Passage[],
  known: KeyedVectors | undefined,
): Promise<void> {
  const { db, organizationId } = session;
  for (const passage of passages) {
    const others = { search_text: passage.text.toLowerCase(), organization_id: organizationId };
    await db
      .insertInto("passages")
      .values({ ...PASSAGES.row(passage), ...others })
      .execute();
    const tags = [...new Set(passage.tags ?? [])].map((tag) => ({ passage_id: passage.id, tag }));
    if (tags.length > 0) await db.insertInto("passage_tags").values(tags).execute();
  }
  const [first] = passages;
  if (first !== undefined)
    await addPassageEntries(session, await archiveFor(session, first.archiveId), { passages, known });
}

/** Nothing of the passage is in its archive's space. */
const isNotIndexed = sql<SqlBool>`not exists (select 1 from umi_spaces
  join umi_entries on umi_entries.space_number = umi_spaces.number and umi_entries.id = passages.id
  where umi_spaces.organization_id = passages.organization_id and umi_spaces.name = passages.archive_id)`;

async function indexMissing(session: Session, archiveId: ArchiveId, limit: number): Promise<number> {
  const rows = await session.db
    .selectFrom("passages")
    .select(PASSAGES.selection)
    .where("archive_id", "=", archiveId)
    .where("organization_id", "=", session.organizationId)
    .where(isNotIndexed)
    .orderBy("created_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  if (rows.length > 0)
    await addPassageEntries(session, await archiveFor(session, archiveId), { passages: rows.map(PASSAGES.read) });
  return rows.length;
}

async function archiveFor(session: Session, id: ArchiveId): Promise<Archive> {
  const archive = await sqlArchiveStore(session).find(id);
  if (archive === undefined) throw new Failure("not_found", `Archive not found with id='${id}'`);
  return archive;
}

async function archiveOf(session: Session, agentId: AgentId): Promise<ArchiveId | undefined> {
  const row = await session.db
    .selectFrom("agent_archives")
    .innerJoin("archives", "archives.id", "agent_archives.archive_id")
    .select("archives.id")
    .where("agent_archives.agent_id", "=", agentId)
    .where("archives.organization_id", "=", session.organizationId)
    .executeTakeFirst();
  return row?.id;
}

/** An archive that the agent owns, with its embeddings. */
async function createArchive(session: Session, agentId: AgentId, name: string): Promise<ArchiveId> {
  const { db, organizationId, userId, world } = session;
  const owner = await db
    .selectFrom("agents")
    .select("embedding_config")
    .where("id", "=", agentId)
    .where("organization_id", "=", organizationId)
    .executeTakeFirstOrThrow();
  const id = newId("archive", world.random);
  const now = world.clock.now();
  const archives = sqlArchiveStore(session);
  await archives.insert({
    id,
    name,
    description: "Made with the first passage of an agent",
    embeddingConfig: owner.embedding_config === null ? null : fromJson(owner.embedding_config),
    metadata: null,
    createdById: userId,
    createdAt: now,
    updatedAt: now,
  });
  await archives.attach(agentId, id, true);
  return id;
}

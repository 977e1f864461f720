import { type RawBuilder, type SqlBool, sql } from "kysely";
import { Failure } from "../../core/failure.ts";
import type { AgentId, ArchiveId } from "../../core/id.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import type { Archive, ArchiveFilter, ArchiveStore } from "../../umi/archive/archive.ts";
import { isOurs, ours } from "../base/is-ours.ts";
import { findRow, type PageSource, readPage, removeRow } from "../base/pages.ts";
import type { Session } from "../base/session.ts";
import { sqlBacklog } from "./backlog.ts";
import { sqlEntryStore } from "./entries.hot.ts";
import { ARCHIVES } from "./tables.ts";

const SOURCE = { table: ARCHIVES, column: "created_at", missing: "refuse" } satisfies PageSource;

/** {@link ArchiveStore} over SQL. */
export function sqlArchiveStore(session: Session): ArchiveStore {
  const { db, organizationId } = session;
  return {
    find: (id) => findRow(session, ARCHIVES, id),

    async list(filter, page) {
      return readPage(session, SOURCE, { page, condition: matches(session, filter) });
    },

    async insert(archive) {
      await db
        .insertInto("archives")
        .values({ ...ARCHIVES.row(archive), organization_id: organizationId })
        .execute();
    },

    async ownedBy(agentId) {
      const row = await db
        .selectFrom("archives")
        .innerJoin("agent_archives", "agent_archives.archive_id", "archives.id")
        .select(ARCHIVES.selection)
        .where("agent_archives.agent_id", "=", agentId)
        .where("agent_archives.is_owner", "=", 1)
        .where("archives.organization_id", "=", organizationId)
        .executeTakeFirst();
      return row && ARCHIVES.read(row);
    },

    async save(archive) {
      const { id, ...row } = ARCHIVES.row(archive);
      const before = await this.find(archive.id);
      const result = await db
        .updateTable("archives")
        .set(row)
        .where("id", "=", id)
        .where("organization_id", "=", organizationId)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw missing(archive.id);
      if (archive.embeddingConfig !== null && keyOf(before) !== keyOf(archive))
        await sqlBacklog(session).owe(archive.id, "embed", "now");
    },

    async remove(id) {
      if (!(await removeRow(session, ARCHIVES, id))) throw missing(id);
      await sqlEntryStore(session).clear(id);
    },

    attach: (agentId, id, isOwned) => attach(session, agentId, id, isOwned),

    async detach(agentId, id) {
      await db
        .deleteFrom("agent_archives")
        .where("agent_id", "=", agentId)
        .where("archive_id", "=", id)
        .where(isOurs(session, "archives", id))
        .execute();
    },
  };
}

async function attach({ db }: Session, agentId: AgentId, id: ArchiveId, isOwned: boolean): Promise<void> {
  const current = await db
    .selectFrom("agent_archives")
    .select("archive_id")
    .where("agent_id", "=", agentId)
    .executeTakeFirst();
  if (current?.archive_id === id) return;
  if (current !== undefined)
    throw new Failure("conflict", `Agent ${agentId} has the archive ${current.archive_id} already; detach that first`);
  await db
    .insertInto("agent_archives")
    .values({ agent_id: agentId, archive_id: id, is_owner: Number(isOwned) })
    .execute();
}

function matches(session: Session, { name, agentId }: ArchiveFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [ours(session, "archives")];
  if (name !== undefined) conditions.push(sql`archives.name = ${name}`);
  if (agentId !== undefined) {
    conditions.push(
      sql`archives.id in (select agent_archives.archive_id from agent_archives where agent_archives.agent_id = ${agentId})`,
    );
  }
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function keyOf(archive: Archive | undefined): string | undefined {
  return archive?.embeddingConfig ? embeddingKeyOf(archive.embeddingConfig) : undefined;
}

function missing(id: ArchiveId): Failure {
  return new Failure("not_found", `Archive not found with id='${id}'`);
}

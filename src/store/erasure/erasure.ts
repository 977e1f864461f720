import { type SqlBool, sql } from "kysely";
import type { ErasureReader, ErasureStore } from "../../agent/ports/erasure.ts";
import type { ArchiveId, BlockId, ConversationId, FolderId, IdentityId } from "../../core/id.ts";
import { spaceOf } from "../../umi/scope.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { clearMemory } from "../messages/turn-entries.ts";
import { forgetEchoes } from "./forget-echoes.ts";
import { forgetSent, forgetTranscripts } from "./forget-sent.ts";
import { isOnlyOf, sentBy } from "./sent.ts";

/** Messages among which is looked at once: a table of all messages is not read through while others wait. */
const WINDOW = 20_000;

/** {@link ErasureStore} over SQL. */
export function sqlErasureStore(session: Session): ErasureStore {
  return {
    ...readerOf(session),
    forgetSent: (id, messages) => forgetSent(session, id, messages),
    forgetEchoes: (agentId, after) => forgetEchoes(session, agentId, after),
    forgetTranscripts: (companionId) => forgetTranscripts(session, companionId),

    async forgetNamed(id, names) {
      const { db, organizationId } = session;
      for (const user of new Set(names)) await clearMemory(session, `memory:${spaceOf({ user })}`);
      await db
        .updateTable("runs")
        .set({ queued_input: null })
        .where("organization_id", "=", organizationId)
        .where("queued_input", "is not", null)
        .where(sql<SqlBool>`queued_input like ${named(id)}`)
        .execute();
      // A batch goes on without requests that are gone, as it does without those of an agent that is.
      await sql`delete from batch_requests where organization_id = ${organizationId} and run_id is null
        and input like ${named(id)}`.execute(db);
      const schedules = await db
        .deleteFrom("schedules")
        .where("organization_id", "=", organizationId)
        .where(sql<SqlBool>`input like ${named(id)}`)
        .executeTakeFirst();
      const keys = await db
        .deleteFrom("access_keys")
        .where("organization_id", "=", organizationId)
        .where("identity_id", "=", id)
        .returning("id")
        .execute();
      for (const key of keys) session.accessChanges.push({ kind: "key", id: key.id });
      return { schedules: Number(schedules.numDeletedRows), keys: keys.length };
    },
  };
}

function readerOf(session: Session): ErasureReader {
  const { db, organizationId } = session;
  return {
    async agentsOf(id, after, limit) {
      const rows = await db
        .selectFrom("agents")
        .select("agents.id")
        .where(ours(session, "agents"))
        .where(isOnlyOf(id))
        .where(sql<SqlBool>`agents.id > ${after ?? ""}`)
        .orderBy("agents.id")
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    },

    async ownedBy(id, agentId) {
      // The one agent of the identity with the lowest id speaks for all that share it.
      const owned = async <T extends string>(
        links: "agent_folders" | "agent_archives" | "agent_blocks",
        column: "folder_id" | "archive_id" | "block_id",
      ) => {
        const { rows } = await sql<{
          readonly id: T;
        }>`select links.${sql.ref(column)} as id from ${sql.table(links)} as links
          where links.agent_id = ${agentId} and not exists (select 1 from ${sql.table(links)} as others
            join agents on agents.id = others.agent_id where others.${sql.ref(column)} = links.${sql.ref(column)}
            and (not (${isOnlyOf(id)}) or agents.id < ${agentId}))
          and exists (select 1 from agents where agents.id = links.agent_id and agents.organization_id = ${organizationId})
          order by 1`.execute(db);
        return rows.map((row) => row.id);
      };
      return {
        folderIds: await owned<FolderId>("agent_folders", "folder_id"),
        archiveIds: await owned<ArchiveId>("agent_archives", "archive_id"),
        blockIds: await withoutOthers(session, id, await owned<BlockId>("agent_blocks", "block_id")),
      };
    },

    async sent(id, after, limit) {
      const end = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.max("sequence_id").as("last"))
        .executeTakeFirst();
      for (let from = after; from < Number(end?.last ?? 0); from += WINDOW) {
        const found = await sentBy(session, id, { after: from, through: from + WINDOW, limit });
        if (found.length > 0) return found;
      }
      return [];
    },

    isAlone: (id, conversationId) => isAlone(session, id, conversationId),

    async waiting(id, limit) {
      const rows = await db
        .selectFrom("runs")
        .select("id")
        .where(ours(session, "runs"))
        .where("queued_input", "is not", null)
        .where(sql<SqlBool>`queued_input like ${named(id)}`)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    },

    async blocksOf(id, limit) {
      const { rows } = await sql<{ readonly id: BlockId }>`select blocks.id from blocks
        join block_identities as own on own.block_id = blocks.id and own.identity_id = ${id}
        where blocks.organization_id = ${organizationId} and not exists (select 1 from block_identities as other
          where other.block_id = blocks.id and other.identity_id <> ${id}) order by blocks.id limit ${limit}`.execute(
        db,
      );
      return rows.map((row) => row.id);
    },
  };
}

async function isAlone(session: Session, id: IdentityId, conversationId: ConversationId): Promise<boolean> {
  const { db } = session;
  const others = await db
    .selectFrom("messages")
    .select("messages.id")
    .where(ours(session, "messages"))
    .where("messages.conversation_id", "=", conversationId)
    .where("messages.role", "=", "user")
    .where(sql<SqlBool>`coalesce(messages.sender_id, '') <> ${id}`)
    .where(
      sql<SqlBool>`(messages.sender_id is not null or messages.run_id is null or not exists (select 1 from messages as own
            where own.run_id = messages.run_id and own.sender_id = ${id}))`,
    )
    .limit(1)
    .executeTakeFirst();
  const exists = await db.selectFrom("conversations").select("id").where("id", "=", conversationId).executeTakeFirst();
  return others === undefined && exists !== undefined;
}

/** What the kept input of a run has where the identity sent it. */
function named(id: IdentityId): string {
  return `%"senderId":${JSON.stringify(id)}%`;
}

/** Those of the blocks that no other identity has. */
async function withoutOthers(
  { db }: Session,
  id: IdentityId,
  blockIds: readonly BlockId[],
): Promise<readonly BlockId[]> {
  if (blockIds.length === 0) return [];
  const rows = await db
    .selectFrom("block_identities")
    .select("block_id")
    .where("block_id", "in", blockIds)
    .where("identity_id", "<>", id)
    .orderBy("block_id")
    .execute();
  const others = new Set(rows.map((row) => row.block_id));
  return blockIds.filter((blockId) => !others.has(blockId));
}

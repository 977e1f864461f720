import { type SqlBool, sql } from "kysely";
import type { Block } from "../../umi/core/block.ts";
import type { BlockReader } from "../../umi/core/block-store.ts";
import { BLOCK_VERSIONS_MAX, type BlockCause, type BlockVersion } from "../../umi/core/block-version.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { BLOCK_VERSIONS } from "./tables.ts";

/** Versions that one statement looks for. */
const FOUND_AT_ONCE = 100;

/** What blocks held before. */
export function blockVersions(session: Session): Pick<BlockReader, "versions" | "findVersions"> {
  const seen = () =>
    session.db
      .selectFrom("block_versions")
      .innerJoin("blocks", "blocks.id", "block_versions.block_id")
      .select(BLOCK_VERSIONS.selection)
      .where(ours(session, "blocks"));
  return {
    async versions(id, { limit, order, after, before }) {
      const [behind, ahead] = order === "asc" ? ([">", "<"] as const) : (["<", ">"] as const);
      const rows = await seen()
        .where("block_versions.block_id", "=", id)
        .$if(after !== undefined, (query) => query.where("block_versions.version", behind, after ?? 0))
        .$if(before !== undefined, (query) => query.where("block_versions.version", ahead, before ?? 0))
        .orderBy("block_versions.version", order)
        .limit(limit)
        .execute();
      return rows.map(BLOCK_VERSIONS.read);
    },

    async findVersions(wanted) {
      const found: BlockVersion[] = [];
      for (let start = 0; start < wanted.length; start += FOUND_AT_ONCE) {
        const which = wanted
          .slice(start, start + FOUND_AT_ONCE)
          .map(([id, version]) => sql`(block_versions.block_id = ${id} and block_versions.version = ${version})`);
        const rows = await seen()
          .where(sql<SqlBool>`(${sql.join(which, sql` or `)})`)
          .execute();
        found.push(...rows.map(BLOCK_VERSIONS.read));
      }
      return found;
    },
  };
}

/** Keeps a block as it stands now, and forgets what is too long ago. */
export async function addVersion(session: Session, block: Block, cause: BlockCause = {}): Promise<void> {
  const { db, userId, keyId } = session;
  const { id, version, label, value, limit, description, updatedAt } = block;
  const { runId = null, stepId = null, restoredVersion = null } = cause;
  const made = { userId, keyId, runId, stepId, restoredVersion, createdAt: updatedAt };
  await db
    .insertInto("block_versions")
    .values(BLOCK_VERSIONS.row({ blockId: id, version, label, value, limit, description, ...made }))
    .execute();
  if (version <= BLOCK_VERSIONS_MAX) return;
  await db
    .deleteFrom("block_versions")
    .where("block_id", "=", id)
    .where("version", "<=", version - BLOCK_VERSIONS_MAX)
    .execute();
}

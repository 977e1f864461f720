import { type SqlBool, sql } from "kysely";
import type { AgentId, BlockId, IdentityId, RunId } from "../../core/id.ts";
import type { BlockVersion } from "../../umi/core/block-version.ts";
import { BLOCK_VERSIONS_MAX } from "../../umi/core/block-version.ts";
import { addVersion, blockVersions } from "../agents/block-versions.ts";
import { sqlBlockStore } from "../agents/blocks.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";

/** What became of blocks. */
interface ForgottenVersions {
  readonly count: number;
  /** Agents that show a block which holds something else now. */
  readonly agentIds: readonly AgentId[];
  /** Blocks in which others have made something else of such lines: what they hold may still have words of the identity in it. */
  readonly unsure: readonly BlockId[];
}

/**
 * Takes away what runs of an identity wrote into blocks. A block that only such runs have written to since the first of them
 * holds again what it held before. Where others have written to it, the lines that came by the identity are taken out.
 */
export async function forgetVersions(
  session: Session,
  id: IdentityId,
  runIds: readonly RunId[],
): Promise<ForgottenVersions> {
  const agentIds = new Set<AgentId>();
  const unsure: BlockId[] = [];
  let count = 0;
  for (const blockId of await blocksOf(session, runIds)) {
    const versions = await blockVersions(session).versions(blockId, { limit: BLOCK_VERSIONS_MAX, order: "asc" });
    const mine = await runsOf(session, id, versions, runIds);
    const isMine = ({ runId }: BlockVersion) => runId !== null && mine.has(runId);
    const first = versions.findIndex(isMine);
    if (versions.slice(first).every(isMine)) {
      await restore(session, blockId, versions[first - 1]?.value ?? "");
    } else {
      const added = addedBy(versions, isMine);
      await takeOut(session, blockId, versions.slice(first), added.lines);
      if (added.areChanged) unsure.push(blockId);
    }
    for (const agentId of await sqlBlockStore(session).agentsOf(blockId)) agentIds.add(agentId);
    const gone = versions.filter(isMine).map(({ version }) => version);
    await session.db
      .deleteFrom("block_versions")
      .where("block_id", "=", blockId)
      .where("version", "in", gone)
      .execute();
    count += gone.length;
  }
  return { count, agentIds: [...agentIds], unsure };
}

async function blocksOf(session: Session, runIds: readonly RunId[]): Promise<readonly BlockId[]> {
  if (runIds.length === 0) return [];
  const rows = await session.db
    .selectFrom("block_versions")
    .innerJoin("blocks", "blocks.id", "block_versions.block_id")
    .select("blocks.id")
    .distinct()
    .where(ours(session, "blocks"))
    .where("block_versions.run_id", "in", runIds)
    .orderBy("blocks.id")
    .execute();
  return rows.map((row) => row.id);
}

/** Which runs that wrote versions are of the identity: those that are told, and those whose messages it sent. */
async function runsOf(
  session: Session,
  id: IdentityId,
  versions: readonly BlockVersion[],
  told: readonly RunId[],
): Promise<ReadonlySet<string>> {
  const all = [...new Set(versions.flatMap(({ runId }) => runId ?? []))];
  const rows = await session.db
    .selectFrom("messages")
    .select("run_id")
    .distinct()
    .where("run_id", "in", all)
    .where(sql<SqlBool>`sender_id = ${id}`)
    .where(ours(session, "messages"))
    .orderBy("run_id")
    .execute();
  return new Set([...told, ...rows.flatMap((row) => row.run_id ?? [])]);
}

/** The lines that versions of the identity brought in, and whether others have made something else of one since. */
function addedBy(
  versions: readonly BlockVersion[],
  isMine: (version: BlockVersion) => boolean,
): { readonly lines: ReadonlySet<string>; readonly areChanged: boolean } {
  const lines = new Set<string>();
  let before: ReadonlySet<string> = new Set();
  let areChanged = false;
  for (const version of versions) {
    const now = new Set(version.value.split("\n"));
    if (isMine(version)) for (const line of now) if (!before.has(line) && line.trim() !== "") lines.add(line);
    if (!isMine(version) && [...lines].some((line) => before.has(line) && !now.has(line))) areChanged = true;
    before = now;
  }
  return { lines, areChanged };
}

/** Takes lines out of a block as it is, and out of what others made of it. */
async function takeOut(
  session: Session,
  id: BlockId,
  versions: readonly BlockVersion[],
  lines: ReadonlySet<string>,
): Promise<void> {
  const without = (value: string) =>
    value
      .split("\n")
      .filter((line) => !lines.has(line))
      .join("\n");
  for (const { version, value } of versions)
    await session.db
      .updateTable("block_versions")
      .set({ value: without(value) })
      .where("block_id", "=", id)
      .where("version", "=", version)
      .execute();
  const block = await sqlBlockStore(session).find(id);
  if (block !== undefined) await restore(session, id, without(block.value));
}

async function restore(session: Session, id: BlockId, value: string): Promise<void> {
  const block = await sqlBlockStore(session).find(id);
  if (block === undefined) return;
  const restored = { ...block, value, version: block.version + 1 };
  await session.db
    .updateTable("blocks")
    .set({ value, version: restored.version })
    .where("id", "=", id)
    .where("organization_id", "=", session.organizationId)
    .execute();
  await addVersion(session, restored);
}

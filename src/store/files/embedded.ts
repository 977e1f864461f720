import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { FolderId } from "../../core/id.ts";
import { ours } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";

/** The longest account of a failure that a file keeps. */
const ERROR_CHARS_MAX = 500;

/** Passages of the file that have their vector of this model, or of which it is known that they have none. */
function embeddedOf({ organizationId }: Session, folderId: FolderId, model: string | null): RawBuilder<number> {
  if (model === null) return sql<number>`0`;
  return sql<number>`(select count(*) from file_passages
    join umi_spaces on umi_spaces.organization_id = ${organizationId} and umi_spaces.name = ${folderId}
      and umi_spaces.vector_model = ${model}
    join umi_entries on umi_entries.space_number = umi_spaces.number and umi_entries.id = file_passages.id
    join umi_vectors on umi_vectors.space_number = umi_entries.space_number and umi_vectors.number = umi_entries.number
    where file_passages.file_id = files.id)`;
}

/** Files of the folder whose passages are all there, but not all of their vectors. */
function areWaiting(session: Session, folderId: FolderId): RawBuilder<SqlBool> {
  return sql<SqlBool>`folder_id = ${folderId} and ${ours(session, "files")} and status in ('embedding', 'error')
    and total_chunks is not null`;
}

/** See `FileStore.noteEmbedded`. */
export async function noteEmbedded(session: Session, folderId: FolderId, model: string | null): Promise<void> {
  const { db, world } = session;
  const now = world.clock.now();
  const waiting = areWaiting(session, folderId);
  const embedded = embeddedOf(session, folderId, model);
  await sql`update files set chunks_embedded = ${embedded}, updated_at = ${now} where ${waiting}`.execute(db);
  const isWhole = model === null ? sql`1 = 1` : sql`chunks_embedded >= total_chunks`;
  await sql`update files set status = 'completed', error_message = null where ${waiting} and ${isWhole}`.execute(db);
}

/** See `FileStore.noteEmbeddingFailed`. */
export async function noteEmbeddingFailed(
  session: Session,
  { folderId, message, isFinal }: { readonly folderId: FolderId; readonly message: string; readonly isFinal: boolean },
): Promise<void> {
  const { db, world } = session;
  const told = message.slice(0, ERROR_CHARS_MAX).toWellFormed();
  const status = isFinal ? sql`'error'` : sql`status`;
  await sql`update files set error_message = ${told}, status = ${status}, updated_at = ${world.clock.now()}
    where ${areWaiting(session, folderId)} and status = 'embedding'`.execute(db);
}

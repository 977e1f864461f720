import type { ArchiveId } from "../../core/id.ts";
import { embeddingKeyOf, isLettaFree } from "../../llm/catalog.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Passage } from "../../umi/archive/passage.ts";
import type { NewEntry } from "../../umi/index/entry.ts";
import { ENTRY_CHARS_MAX } from "../../umi/index/entry-store.ts";
import { keepEmbeddings } from "../../umi/vectors/keep-embeddings.ts";
import type { KeyedVectors } from "../../umi/vectors/quick-vectors.ts";
import type { Session } from "../base/session.ts";
import { sqlBacklog } from "./backlog.ts";
import { sqlEntryStore } from "./entries.hot.ts";
import { sqlVectorStore } from "./vectors.hot.ts";

/** Makes passages of an archive entries of its space, with the vectors that are known; what lacks one is owed it. */
export async function addPassageEntries(
  session: Session,
  archive: { readonly id: ArchiveId; readonly embeddingConfig: EmbeddingConfig | null },
  { passages, known }: { readonly passages: readonly Passage[]; readonly known?: KeyedVectors | undefined },
): Promise<void> {
  const { id, embeddingConfig } = archive;
  await sqlEntryStore(session).add(id, passages.map(entryOf));
  if (embeddingConfig === null || isLettaFree(embeddingConfig) || passages.length === 0) return;
  const vectors = known?.key === embeddingKeyOf(embeddingConfig) ? known.vectors : [];
  const found = passages.flatMap((passage, i) => {
    const vector = vectors[i];
    return vector === undefined ? [] : [{ id: passage.id, vector }];
  });
  await keepEmbeddings(sqlVectorStore(session), { space: id, config: embeddingConfig }, found);
  if (found.length < passages.length) await sqlBacklog(session).owe(id, "embed");
}

function entryOf({ id, text, createdAt, tags }: Passage): NewEntry {
  return {
    id,
    session: "",
    speaker: "",
    role: "none",
    text: text.slice(0, ENTRY_CHARS_MAX).toWellFormed(),
    at: createdAt,
    tags: tags ?? [],
  };
}

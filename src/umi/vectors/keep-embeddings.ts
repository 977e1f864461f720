import { embeddingKeyOf } from "../../llm/catalog.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Embedding } from "../../llm/embedder.ts";
import type { VectorStore } from "./vector-store.ts";

/** Keeps what a space's model gave for entries: their vectors, and that it has none for some. */
export async function keepEmbeddings(
  store: Pick<VectorStore, "put" | "putNone">,
  { space, config }: { readonly space: string; readonly config: EmbeddingConfig },
  embeddings: readonly { readonly id: string; readonly vector: Embedding }[],
): Promise<void> {
  const key = embeddingKeyOf(config);
  const found = embeddings.flatMap(({ id, vector }) => (vector === null ? [] : [{ id, vector }]));
  const none = embeddings.flatMap(({ id, vector }) => (vector === null ? [id] : []));
  await store.put(space, key, found);
  await store.putNone(space, key, config.embeddingDim, none);
}

import type { Readers, Store } from "../../agent/ports/ports.ts";
import { parseId } from "../../core/id.ts";
import { embeddingKeyOf, isLettaFree } from "../../llm/catalog.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import { keepEmbeddings } from "../../umi/vectors/keep-embeddings.ts";
import { type EmbeddingPurse, paidEmbedder } from "../budget/paid-models.ts";
import type { WorkPiece } from "./backlog-work.ts";
import { fileVectors } from "./file-vectors.ts";

/** Entries that one piece of work gives vectors to. */
const PIECE_ENTRIES_MAX = 256;

/** What gives entries their vectors. */
export interface EmbeddingWorkOptions extends EmbeddingPurse {
  readonly store: Store;
}

/**
 * The work `embed`: gives entries of a space the vectors of the space's model that they lack, oldest first. What a
 * space lacks is looked up, so that work done twice, an entry that is gone, or another model meanwhile do no harm.
 */
export function embeddingWork(options: EmbeddingWorkOptions): WorkPiece {
  const { store } = options;
  return async ({ actor, space, attempts }, signal) => {
    const repositories = store.reader(actor);
    const config = await embeddingOfSpace(repositories, space);
    const files = fileVectors(store, { actor, space });
    if (config === null || isLettaFree(config)) {
      await files.note(null);
      return { state: "done" };
    }
    const payer = { actor, agentId: parseId("agent", space) ?? null, isBackground: true };
    const embedder = paidEmbedder(options, payer, config);
    if (embedder === undefined) {
      const error = `No provider is configured for ${config.handle ?? config.embeddingModel}`;
      await files.failed(error);
      return { state: "parked", error };
    }
    const { key } = embedder;
    const entries = await repositories.vectors.lacking(space, key, PIECE_ENTRIES_MAX);
    if (entries.length === 0) {
      await files.note(key);
      return { state: "done" };
    }
    const texts = entries.map((entry) => entry.text);
    const embeddings = await embedder.embed(texts, signal).catch(async (error: unknown) => {
      if (!signal.aborted) await files.failed(error, attempts);
      throw error;
    });
    const found = entries.map(({ id }, i) => ({ id, vector: embeddings[i] ?? null }));
    const isStored = await store.write(actor, async (current) => {
      const now = await embeddingOfSpace(current, space);
      // Vectors of a model that the space had would take the place of those it has.
      if (now === null || embeddingKeyOf(now) !== key) return false;
      await keepEmbeddings(current.vectors, { space, config: now }, found);
      await files.note(key, current);
      return true;
    });
    return { state: isStored && entries.length < PIECE_ENTRIES_MAX ? "done" : "more" };
  };
}

/** The embedding model of a space, by what its name says that it belongs to; null when it has none or is gone. */
async function embeddingOfSpace(
  { archives, agents, folders }: Pick<Readers, "archives" | "agents" | "folders">,
  space: string,
): Promise<EmbeddingConfig | null> {
  const archiveId = parseId("archive", space);
  if (archiveId !== undefined) return (await archives.find(archiveId))?.embeddingConfig ?? null;
  const folderId = parseId("source", space);
  if (folderId !== undefined) return (await folders.find(folderId))?.embeddingConfig ?? null;
  const agentId = parseId("agent", space);
  return agentId === undefined ? null : ((await agents.find(agentId))?.embeddingConfig ?? null);
}

import type { Instant } from "../../core/clock.ts";
import type { ArchiveId, PassageId } from "../../core/id.ts";
import type { EntryReader } from "../index/entry-store.ts";
import { createDualRetriever } from "../recall/dual-retriever.ts";
import type { QueryVector } from "../vectors/quick-vectors.ts";
import type { VectorReader } from "../vectors/vector-store.ts";
import type { Passage, PassageFilter, PassageHit, PassageReader } from "./passage.ts";

/** What a search over passages reads from. */
export interface PassageSources {
  readonly entries: EntryReader;
  readonly vectors: VectorReader;
  readonly passages: PassageReader;
}

/** What to look for in an archive. */
export interface PassageQuery {
  readonly text: string;
  readonly filter: PassageFilter;
  /** 1 to `RECALL_LIMIT_MAX`. */
  readonly limit: number;
  /** When it is asked: "yesterday" is counted from here. */
  readonly at: Instant;
  /** The text as a vector of the archive's model; words alone decide without it. */
  readonly vector?: QueryVector | undefined;
}

/** What a search over passages found, best first, and how. */
export interface FoundPassages {
  readonly hits: readonly PassageHit[];
  readonly retrieval: "lexical" | "hybrid";
}

/** The passages of an archive that fit a query; none for a blank one. */
export async function searchPassages(
  { entries, vectors, passages }: PassageSources,
  archiveId: ArchiveId,
  { text, filter, limit, at, vector }: PassageQuery,
): Promise<FoundPassages> {
  if (text.trim() === "") return { hits: [], retrieval: "lexical" };
  const { hits, retrieval } = await createDualRetriever({ entries, vectors }).recall(text, {
    space: archiveId,
    limit,
    at,
    ...filter,
    ...(vector === undefined ? {} : { vector: { model: vector.key, vector: vector.vector } }),
  });
  const found = await passages.findAll(hits.map(({ entry }) => entry.id as PassageId));
  const known = new Map<string, Passage>(found.map((passage) => [passage.id, passage]));
  return {
    retrieval,
    hits: hits.flatMap(({ entry, score }) => {
      const passage = known.get(entry.id);
      return passage === undefined ? [] : [{ passage, score }];
    }),
  };
}

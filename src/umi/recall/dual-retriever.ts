import { Failure } from "../../core/failure.ts";
import { type Found, lookUp, type RecallSources } from "./fast-path.ts";
import { fuseRanks } from "./fuse.ts";
import {
  RECALL_LIMIT_DEFAULT,
  RECALL_LIMIT_MAX,
  type RecallHit,
  type RecallOptions,
  type RecallResult,
} from "./recall-options.ts";
import { BufferPool } from "./score-buffers.ts";

/** Other wordings of a question that are searched for. */
const VARIATIONS_MAX = 3;
/** Coverage of a question below which its own words found little. */
const WEAK_COVERAGE = 0.5;
/** Hits of each wording that are fused, for each that is wanted. */
const FUSED_PER_HIT = 2;

/** Puts a question in other words, by a model as a rule. */
export type Rewrite = (question: string) => Promise<readonly string[]>;

/** What a {@link DualRetriever} is made of. */
export interface RetrieverParts extends Omit<RecallSources, "buffers"> {
  readonly rewrite?: Rewrite;
}

/** Finds what was said: fast by words, signs and vectors; deep by other wordings of the question as well. */
export interface DualRetriever {
  /** Throws an `invalid` Failure for a limit out of range or a vector that does not fit. */
  recall(question: string, options: RecallOptions): Promise<RecallResult>;
}

/** Makes a {@link DualRetriever}; without `rewrite` it has the fast path only. */
export function createDualRetriever({ rewrite, ...parts }: RetrieverParts): DualRetriever {
  const sources: RecallSources = { ...parts, buffers: new BufferPool() };
  return {
    async recall(question, options) {
      const limit = options.limit ?? RECALL_LIMIT_DEFAULT;
      if (!Number.isInteger(limit) || limit < 1 || limit > RECALL_LIMIT_MAX)
        throw new Failure("invalid", `A recall gives 1 to ${RECALL_LIMIT_MAX} hits, not ${limit}`);
      const found = await lookUp(sources, { text: question, limit }, options);
      const isWanted = options.deep ?? found.coverage < WEAK_COVERAGE;
      if (rewrite === undefined || !isWanted || question.trim() === "") return resultOf(found);
      return deepen(sources, rewrite, { question, options, limit }, found);
    },
  };
}

interface Asked {
  readonly question: string;
  readonly options: RecallOptions;
  readonly limit: number;
}

/** Every wording is a list of its own, the question's own words the first: a bad wording cannot push the good ones back. */
async function deepen(sources: RecallSources, rewrite: Rewrite, asked: Asked, found: Found): Promise<RecallResult> {
  const { question, options, limit } = asked;
  try {
    const variations = usable(await rewrite(question), question);
    if (variations.length === 0) return resultOf(found);
    const depth = Math.min(RECALL_LIMIT_MAX, limit * FUSED_PER_HIT);
    // The vector is the question's own: it belongs to its list alone.
    const { vector: _, ...wordsOnly } = options;
    const looks = [await lookUp(sources, { text: question, limit: depth }, options)];
    for (const variation of variations) looks.push(await lookUp(sources, { text: variation, limit: depth }, wordsOnly));
    return { ...resultOf(found), hits: fused(looks, limit), variations };
  } catch (error) {
    return { ...resultOf(found), deepFailure: error instanceof Error ? error.message : String(error) };
  }
}

function fused(looks: readonly Found[], limit: number): readonly RecallHit[] {
  const hits = new Map<string, RecallHit>();
  for (const look of looks) for (const hit of look.hits) if (!hits.has(hit.entry.id)) hits.set(hit.entry.id, hit);
  const lists = looks.map((look) => look.hits.map(({ entry }) => entry.id));
  return fuseRanks(lists)
    .slice(0, limit)
    .flatMap(({ id, score }) => {
      const hit = hits.get(id);
      return hit === undefined ? [] : [{ ...hit, score }];
    });
}

function usable(wordings: readonly string[], question: string): readonly string[] {
  const trimmed = wordings.map((wording) => wording.trim()).filter((wording) => wording !== "");
  return [...new Set(trimmed)].filter((wording) => wording !== question.trim()).slice(0, VARIATIONS_MAX);
}

function resultOf(found: Found): RecallResult {
  const retrieval = found.isHybrid ? "hybrid" : "lexical";
  return { hits: found.hits, retrieval, coverage: found.coverage, variations: [] };
}

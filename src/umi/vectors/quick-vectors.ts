import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId } from "../../core/id.ts";
import { createDeadline } from "../../llm/call/deadline.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Embedder, Embedding } from "../../llm/embedder.ts";

/** The longest that a search or an insertion waits for an embedding model. */
export const QUICK_TIMEOUT_MS = 2_000;
/** The most texts that somebody is made to wait for; more are left to the backlog. */
export const QUICK_TEXTS_MAX = 64;
/** How long a model that failed or was too slow is not waited for again. */
const REST_MS = 10_000;
/** Vectors of queries that are kept, at some kilobytes each, and the longest query that is. */
const QUERIES_MAX = 500;
const QUERY_CHARS_MAX = 2_000;
/** Models whose rest is remembered. */
const RESTING_MAX = 1_000;

/** Vectors of one model, in the order of the texts that they belong to. */
export interface KeyedVectors {
  /** See `Embedder.key`. */
  readonly key: string;
  readonly vectors: readonly Embedding[];
}

/** What a search is made with. */
export interface QueryVector {
  /** See `Embedder.key`. */
  readonly key: string;
  readonly vector: Float32Array;
}

/** On whose behalf an embedding model is asked. */
export interface VectorPayer {
  readonly actor: Actor;
  /** Null where no agent is concerned. */
  readonly agentId: AgentId | null;
}

/**
 * Vectors for somebody who waits. Each answer takes {@link QUICK_TIMEOUT_MS} at most, and is undefined when no model can
 * give it in that time: then words have to do, or the backlog.
 */
export interface QuickVectors {
  /** The vectors of a few texts; undefined also when there are more than {@link QUICK_TEXTS_MAX}. */
  ofTexts(
    payer: VectorPayer,
    config: EmbeddingConfig | null,
    texts: readonly string[],
  ): Promise<KeyedVectors | undefined>;
  /** The vector of a query. The last ones are kept, each for its own organisation. */
  ofQuery(payer: VectorPayer, config: EmbeddingConfig | null, text: string): Promise<QueryVector | undefined>;
}

/** What {@link QuickVectors} are made of. */
export interface QuickVectorsOptions {
  readonly clock: Clock;
  /** See `Models.openEmbedder`. */
  readonly openEmbedder: (config: EmbeddingConfig, payer: VectorPayer) => Embedder | undefined;
}

/** The one {@link QuickVectors}. */
export function createQuickVectors({ clock, openEmbedder }: QuickVectorsOptions): QuickVectors {
  const queries = new Map<string, Float32Array>();
  const resting = new Map<string, number>();

  async function embed(embedder: Embedder, texts: readonly string[]): Promise<readonly Embedding[] | undefined> {
    if (clock.elapsedMs() < (resting.get(embedder.key) ?? 0)) return undefined;
    const deadline = createDeadline(clock, new AbortController().signal, QUICK_TIMEOUT_MS);
    deadline.arm("first", QUICK_TIMEOUT_MS);
    try {
      const vectors = await deadline.race(embedder.embed(texts, deadline.signal));
      resting.delete(embedder.key);
      return vectors;
    } catch (error) {
      // Somebody's budget says nothing of the model.
      if (error instanceof Failure && error.info?.["limit_id"] !== undefined) return undefined;
      // The backlog asks the same model and keeps what is wrong with it.
      if (resting.size >= RESTING_MAX) resting.clear();
      resting.set(embedder.key, clock.elapsedMs() + REST_MS);
      return undefined;
    } finally {
      deadline.end();
    }
  }

  function keep(name: string, vector: Float32Array): void {
    queries.delete(name);
    const [oldest] = queries.keys();
    if (queries.size >= QUERIES_MAX && oldest !== undefined) queries.delete(oldest);
    queries.set(name, vector);
  }

  return {
    async ofTexts(payer, config, texts) {
      const embedder = config === null ? undefined : openEmbedder(config, payer);
      if (embedder === undefined || texts.length > QUICK_TEXTS_MAX) return undefined;
      const vectors = await embed(embedder, texts);
      return vectors && { key: embedder.key, vectors };
    },

    async ofQuery(payer, config, text) {
      const embedder = config === null || text.trim() === "" ? undefined : openEmbedder(config, payer);
      if (embedder === undefined) return undefined;
      const { key } = embedder;
      const name = `${payer.actor.organizationId} ${key} ${text}`;
      const vector = queries.get(name) ?? (await embed(embedder, [text]))?.[0] ?? undefined;
      if (vector === undefined) return undefined;
      if (text.length <= QUERY_CHARS_MAX) keep(name, vector);
      return { key, vector };
    },
  };
}

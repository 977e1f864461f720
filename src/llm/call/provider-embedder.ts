import { assert } from "../../core/assert.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import type { World } from "../../core/world.ts";
import { askedDimensions, embeddingKeyOf } from "../catalog.ts";
import type { EmbeddingConfig } from "../config.ts";
import type { Embedder, Embedding } from "../embedder.ts";
import { ModelFailure } from "../failure.ts";
import { type ProviderSettings, secretsOf, titleOf } from "../provider.ts";
import { createDeadline, type Deadline, timeoutText } from "./deadline.ts";
import type { Embed } from "./embedding-call.ts";
import { boundedFetch, guardedFetch } from "./guarded-fetch.ts";
import type { CallLimits } from "./limits.ts";
import { type FailedProvider, failureOf, isPassing, modelFailureOf, retryAfterMs } from "./provider-error.ts";
import { withRetries } from "./retry.ts";

/** The most texts that one call of an embedder takes. */
export const EMBED_TEXTS_MAX = 4_096;
/** The most texts in one request, whatever a configuration says. */
const BATCH_TEXTS_MAX = 256;
/** The most characters in one request; a single text may have as many as {@link TEXT_CHARS_MAX}. */
const BATCH_CHARS_MAX = 100_000;
/** Longer texts are cut: few models look at more. */
const TEXT_CHARS_MAX = 32_768;
/** A text that is refused as too long is halved until it is this short. */
const TEXT_CHARS_MIN = 256;
/** Providers refuse empty texts, which clients do store. */
const EMPTY = " ";
/** How long a model may take to show the size of its vectors. */
const MEASURE_TIMEOUT_MS = 3_000;
/** What is sent to learn whether a provider refuses one text or all of them. */
const PROBE = "word";

/** What a {@link createEmbedder} is made of. */
export interface EmbedderOptions {
  /** What people call it. */
  readonly handle: string;
  readonly config: EmbeddingConfig;
  /** Gives the vectors of as many texts as are sent at once. What it gives is checked here. */
  readonly ask: (texts: readonly string[], signal: AbortSignal) => Promise<readonly Float32Array[]>;
  /** The most texts that are sent at once; as many as the configuration says when undefined. */
  readonly textsMax: number | undefined;
  /** Whose failures they are. */
  readonly provider: FailedProvider;
  readonly world: Pick<World, "clock" | "random">;
  readonly limits: CallLimits;
}

/** What an embedding model of a provider is made of. */
export interface ProviderEmbedderOptions extends Pick<EmbedderOptions, "config" | "textsMax" | "limits"> {
  readonly settings: ProviderSettings;
  readonly embed: Embed;
  /** See `EmbeddingCall.sendNumbers`. */
  readonly sendNumbers: Set<string>;
  readonly world: World;
}

/** An embedding model that is asked in batches, patiently, and whose vectors are looked at. Nothing is sent before the first call. */
export function createEmbedder(options: EmbedderOptions): Embedder {
  return new BatchingEmbedder(options);
}

/** An embedding model of a provider. */
export function createProviderEmbedder(options: ProviderEmbedderOptions): Embedder {
  const { settings, config } = options;
  return createEmbedder({
    ...options,
    handle: `${settings.name}/${config.embeddingModel}`,
    provider: { title: titleOf(settings.kind), secrets: secretsOf(settings) },
    ask: askOf(options, askedDimensions(config)),
  });
}

function askOf(
  { settings, config, embed, sendNumbers, world }: ProviderEmbedderOptions,
  dimensions: number | undefined,
): EmbedderOptions["ask"] {
  const model = config.embeddingModel;
  return (texts, signal) =>
    embed({
      settings,
      model,
      dimensions,
      texts,
      sendNumbers,
      fetch: boundedFetch(guardedFetch(world.fetch)),
      signal,
    });
}

/** How many numbers the model's vectors have; undefined when it does not say so within {@link MEASURE_TIMEOUT_MS}. */
export async function measureDimensions(options: ProviderEmbedderOptions): Promise<number | undefined> {
  const deadline = createDeadline(options.world.clock, new AbortController().signal, MEASURE_TIMEOUT_MS);
  deadline.arm("first", MEASURE_TIMEOUT_MS);
  try {
    const [vector] = await deadline.race(askOf(options, undefined)([PROBE], deadline.signal));
    return vector === undefined || vector.length === 0 ? undefined : vector.length;
  } catch {
    // Whatever is wrong will be told when the model is used.
    return undefined;
  } finally {
    deadline.end();
  }
}

class BatchingEmbedder implements Embedder {
  readonly key: string;
  readonly handle: string;
  readonly dimensions: number;
  readonly #options: EmbedderOptions;

  constructor(options: EmbedderOptions) {
    const { config, handle } = options;
    this.#options = options;
    this.handle = handle;
    this.dimensions = config.embeddingDim;
    this.key = embeddingKeyOf(config);
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Embedding[]> {
    assert(texts.length <= EMBED_TEXTS_MAX, `at most ${EMBED_TEXTS_MAX} texts are embedded in one call`);
    signal.throwIfAborted();
    const { world, limits } = this.#options;
    const deadline = createDeadline(world.clock, signal, limits.streamTimeoutMs);
    try {
      const vectors: Embedding[] = [];
      for (const batch of this.#batches(texts)) vectors.push(...(await this.#embedOrHalve(batch, deadline)));
      return vectors;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw this.#explained(error, deadline);
    } finally {
      deadline.end();
    }
  }

  /** The texts as they are sent, as many in each batch as the provider takes. */
  #batches(texts: readonly string[]): readonly (readonly string[])[] {
    const { config, textsMax = BATCH_TEXTS_MAX } = this.#options;
    const batchMax = Math.max(1, Math.min(config.batchSize, textsMax, BATCH_TEXTS_MAX));
    const batches: string[][] = [];
    let batch: string[] = [];
    let chars = 0;
    for (const text of texts) {
      const sent = text.trim() === "" ? EMPTY : cut(text.toWellFormed(), TEXT_CHARS_MAX);
      if (batch.length > 0 && (batch.length >= batchMax || chars + sent.length > BATCH_CHARS_MAX)) {
        batches.push(batch);
        batch = [];
        chars = 0;
      }
      batch.push(sent);
      chars += sent.length;
    }
    if (batch.length > 0) batches.push(batch);
    return batches;
  }

  /** Sends a batch, and in halves when the provider refuses it, so that one text does not keep the others back. */
  async #embedOrHalve(texts: readonly string[], deadline: Deadline): Promise<readonly Embedding[]> {
    try {
      return await this.#send(texts, deadline);
    } catch (error) {
      const failure = this.#explained(error, deadline);
      if (!isRefusal(failure)) throw failure;
      if (texts.length > 1) {
        const middle = Math.ceil(texts.length / 2);
        const first = await this.#embedOrHalve(texts.slice(0, middle), deadline);
        return [...first, ...(await this.#embedOrHalve(texts.slice(middle), deadline))];
      }
      const text = texts[0] ?? "";
      if (failure.type === "llm_context_window_exceeded" && text.length > TEXT_CHARS_MIN)
        return this.#embedOrHalve([cut(text, Math.ceil(text.length / 2))], deadline);
      // Throws when the provider refuses everything: then it is not this text's fault.
      await this.#send([PROBE], deadline);
      return [null];
    }
  }

  async #send(texts: readonly string[], deadline: Deadline): Promise<readonly Embedding[]> {
    const { ask, provider, world, limits } = this.#options;
    const attempt = async () => {
      deadline.arm("first", limits.requestTimeoutMs);
      const vectors = await deadline.race(ask(texts, deadline.signal));
      deadline.disarm();
      return vectors;
    };
    const vectors = await withRetries(attempt, {
      retriesMax: limits.retriesMax,
      clock: world.clock,
      random: world.random,
      signal: deadline.signal,
      judge: (error) =>
        isPassing(modelFailureOf(error, provider)) ? { again: true, afterMs: retryAfterMs(error) } : { again: false },
    });
    this.#check(vectors, texts.length);
    return vectors.map((vector) => (vector.some((number) => number !== 0) ? vector : null));
  }

  /** Wrong vectors would poison every search, and asking again would bring the same. */
  #check(vectors: readonly Float32Array[], wanted: number): void {
    const refuse = (what: string): never => {
      throw new Failure("refused", `The embedding model ${this.handle} ${what}`);
    };
    if (vectors.length !== wanted) refuse(`gave ${vectors.length} vectors for ${wanted} texts`);
    for (const vector of vectors) {
      if (vector.length !== this.dimensions)
        refuse(
          `gave a vector of ${vector.length} numbers instead of ${this.dimensions}; set embedding_dim to ${vector.length}`,
        );
      if (!vector.every(Number.isFinite)) refuse("gave a vector that holds something other than numbers");
    }
  }

  #explained(error: unknown, deadline: Deadline): Failure {
    if (error instanceof Failure) return error;
    const { provider } = this.#options;
    const timedOut = deadline.timedOut();
    if (timedOut !== undefined)
      return failureOf({ type: "llm_timeout", what: timeoutText(timedOut) }, provider, { cause: error });
    return modelFailureOf(error, provider);
  }
}

/** Whether a provider took offence at what was sent, rather than at who sends it or when. */
function isRefusal(failure: Failure): failure is ModelFailure {
  const types = ["llm_bad_request", "llm_unprocessable_entity", "llm_context_window_exceeded"];
  return failure instanceof ModelFailure && types.includes(failure.type);
}

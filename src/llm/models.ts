import type { Actor } from "../core/id.ts";
import type { EmbeddingConfig, EmbeddingInfo, LlmConfig, ModelInfo } from "./config.ts";
import type { Embedder } from "./embedder.ts";
import type { LanguageModel } from "./model.ts";

/** The health of one configured provider, for `selkie doctor`. */
export interface ProviderCheck {
  readonly provider: string;
  readonly ok: boolean;
  /** How many models it offers, or what went wrong and what to do about it. */
  readonly detail: string;
}

/** A model that is part of the server, and so needs no provider. */
export interface BuiltInModel {
  readonly info: ModelInfo;
  readonly model: LanguageModel;
  /** Whether an agent with this configuration is to be answered by it. */
  isMeantBy(config: LlmConfig): boolean;
}

/** The chat models that somebody can call: those of the server's own providers, and of their organisation's. */
export interface ChatModels {
  /** Every chat model; a provider that does not answer in time is left out. */
  list(): Promise<readonly ModelInfo[]>;
  /**
   * The model with this handle; undefined when no provider of that name is configured, or its list has no such model. While
   * there is no list any name is taken.
   */
  find(handle: string): Promise<ModelInfo | undefined>;
  /**
   * A caller of the configured model. Asks no provider. Throws a `refused` Failure that names the provider when it is not
   * configured; so does each call, once it is not any more.
   */
  open(config: LlmConfig): Promise<LanguageModel>;
}

/** The embedding models that somebody can call. */
interface EmbeddingModels {
  /** Every embedding model of the configured providers, and of the organisation. */
  listEmbeddings(actor: Actor | null): Promise<readonly EmbeddingInfo[]>;
  /** The embedding model with this handle, its dimensions measured where nobody knows them; undefined as in {@link ChatModels.find}. */
  findEmbedding(handle: string, actor: Actor | null): Promise<EmbeddingInfo | undefined>;
  /** The configured embedding model; undefined when nothing here embeds for it, so that only words are left. */
  openEmbedder(config: EmbeddingConfig, actor: Actor | null): Embedder | undefined;
}

/**
 * The models that this server can call. A handle is `provider/model`. An organisation may have providers and embedding
 * models of its own, which nobody else's actors see; null asks for those of the server.
 */
export interface Models extends EmbeddingModels {
  /** The chat models, as somebody of an organisation sees them. */
  of(actor: Actor): ChatModels;
}

/**
 * The models of the providers that the server itself is given. What they offer is asked for when somebody wants to know,
 * and kept for minutes; a provider that does not answer in seconds is taken for one that is not there now.
 */
export interface ServerModels extends EmbeddingModels, Omit<ChatModels, "open"> {
  /** As {@link ChatModels.open}, at once. */
  open(config: LlmConfig): LanguageModel;
  /** Asks every provider anew whether it answers. What is wrong with one is told, never thrown. */
  check(): Promise<readonly ProviderCheck[]>;
  /** What handles of these models begin with: no other provider has such a name. */
  readonly names: readonly string[];
}
